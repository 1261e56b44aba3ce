import {
  type DescExtension,
  type DescField,
  type FileRegistry,
  ScalarType,
} from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { quoted } from "../../../core/failure.ts";
import { isWithin } from "../integers.ts";
import type { Problems } from "./problems.ts";

/**
 * Problems: defaults that are not values of their fields' types. Descriptors have a default as text,
 * which is parsed while a record is decoded: a bad one would fail there, or give NaN.
 */
export function checkDefaults(registry: FileRegistry, problems: Problems): void {
  for (const field of fieldsOf(registry)) {
    const at =
      field.kind === "extension" ? field.typeName : `${field.parent.typeName}.${field.name}`;
    checkDefault(field, at, problems);
  }
}

/**
 * Values of an enum with one number are aliases of one another. The default is the first of them, as
 * some compilers write it, whichever of them is in the source.
 */
export function normaliseEnumDefaults(registry: FileRegistry): void {
  for (const { proto, fieldKind, enum: type } of fieldsOf(registry)) {
    if (fieldKind !== "enum" || proto.defaultValue === "") continue;
    const number = type.values.find(({ name }) => name === proto.defaultValue)?.number;
    const first = type.values.find((value) => value.number === number);
    if (first !== undefined) proto.defaultValue = first.name;
  }
}

/** Of a float: what compilers write. */
export function isFloatText(text: string): boolean {
  return float.test(text);
}

function* fieldsOf(registry: FileRegistry): Generator<DescField | DescExtension> {
  for (const file of registry.files) {
    for (const type of nestedTypes(file)) {
      if (type.kind === "extension") yield type;
      else if (type.kind === "message") yield* type.fields;
    }
  }
}

function checkDefault(field: DescField | DescExtension, at: string, problems: Problems): void {
  const { defaultValue } = field.proto;
  // An empty default is one of a string or bytes, or means that there is no default.
  if (defaultValue === "") return;
  const fits =
    field.fieldKind === "enum"
      ? field.enum.values.some(({ name }) => name === defaultValue)
      : field.fieldKind === "scalar" && fitsScalar(field.scalar, defaultValue);
  if (!fits) {
    problems.add(at, `has the default ${quoted(defaultValue)}, expected a value of its type`);
  }
}

function fitsScalar(type: ScalarType, text: string): boolean {
  switch (type) {
    case ScalarType.STRING:
      return true;
    case ScalarType.BYTES:
      return escaped.test(text);
    case ScalarType.BOOL:
      return text === "true" || text === "false";
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return isFloatText(text);
    default:
      return integer.test(text) && isWithin(BigInt(text), type);
  }
}

const integer = /^-?[0-9]{1,20}$/;
const float = /^(-?inf|-?nan|-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?|-?\.[0-9]+([eE][-+]?[0-9]+)?)$/;
/** The inside of a literal, without anything that would end it. */
const escaped = /^(?:[^"\\\n]|\\[^\n])*$/;
