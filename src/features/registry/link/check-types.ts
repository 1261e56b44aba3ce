import { isFieldSet } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../core/failure.ts";
import { checkNumber } from "./check-message.ts";
import { type Declared, isMapEntry } from "./declarations.ts";
import type { Problems } from "./problems.ts";
import { inRanges, type Ranges } from "./ranges.ts";
import type { Symbols } from "./symbols.ts";

/** Extension ranges of each message, by its full name. */
export type ExtensionRanges = ReadonlyMap<string, Ranges>;

/**
 * Resolves the types of a message's fields and writes them out in full, with the leading dot that
 * marks a full name. Problems: types that do not exist, or that do not fit the field.
 */
export function linkFields(
  message: Declared<DescriptorProto>,
  symbols: Symbols,
  problems: Problems,
): void {
  const used = { scope: message.name, file: message.file };
  for (const field of message.proto.field) {
    linkField(field, used, `${message.name}.${field.name}`, symbols, problems);
  }
}

/** The same for extensions, whose numbers must be in a range of the message that they extend. */
export function linkExtensions(
  extensions: readonly Declared<FieldDescriptorProto>[],
  ranges: ExtensionRanges,
  symbols: Symbols,
  problems: Problems,
): void {
  const taken = new Map<string, string>();
  for (const extension of extensions) {
    const { name, proto } = extension;
    checkNumber(proto.number, name, problems);
    linkField(proto, extension, name, symbols, problems);
    if (proto.label === Label.REQUIRED) problems.add(name, "is a required extension");
    const extendee = symbols.resolve(proto.extendee, extension, name, ["message"]);
    if (extendee === undefined) continue;
    proto.extendee = `.${extendee.name}`;
    if (!inRanges(proto.number, ranges.get(extendee.name) ?? [])) {
      problems.add(
        name,
        `has the number ${proto.number}, which ${quoted(extendee.name)} does not reserve for extensions`,
      );
    }
    const key = `${extendee.name} ${proto.number}`;
    const other = taken.get(key);
    if (other !== undefined) {
      problems.add(
        name,
        `extends ${quoted(extendee.name)} as ${quoted(other)} does: ${proto.number}`,
      );
    }
    taken.set(key, name);
  }
}

export function linkService(
  { name, proto, file }: Declared<ServiceDescriptorProto>,
  symbols: Symbols,
): void {
  for (const method of proto.method) {
    const at = `${name}.${method.name}`;
    const used = { scope: name, file };
    const input = symbols.resolve(method.inputType, used, at, ["message"]);
    const output = symbols.resolve(method.outputType, used, at, ["message"]);
    if (input !== undefined) method.inputType = `.${input.name}`;
    if (output !== undefined) method.outputType = `.${output.name}`;
  }
}

function linkField(
  field: FieldDescriptorProto,
  used: Pick<Declared<unknown>, "scope" | "file">,
  at: string,
  symbols: Symbols,
  problems: Problems,
): void {
  const { syntax } = used.file;
  if (field.label === Label.REQUIRED && syntax !== "" && syntax !== "proto2") {
    problems.add(at, `is required, expected optional or repeated in ${syntax}`);
  }
  if (field.proto3Optional && syntax !== "proto3") {
    problems.add(at, "is proto3 optional in a file that is not proto3");
  }
  if (Type[field.type] === undefined || Label[field.label] === undefined) {
    problems.add(
      at,
      `has the type ${field.type} and the label ${field.label}, expected known ones`,
    );
    return;
  }
  // Hand-made descriptors may have a type name without a type.
  const untyped = !isFieldSet(field, FieldDescriptorProtoSchema.field.type);
  const kinds = untyped ? (["message", "enum"] as const) : kindsOf(field.type);
  if (kinds === undefined) {
    if (field.typeName !== "") problems.add(at, `is a scalar of type ${quoted(field.typeName)}`);
  } else {
    const type = symbols.resolve(field.typeName, used, at, kinds);
    if (type === undefined) return;
    field.typeName = `.${type.name}`;
    if (untyped) field.type = type.kind === "enum" ? Type.ENUM : Type.MESSAGE;
    if (symbols.isMapEntry(type.name) && !fitsMapEntry(field, type.name, used.scope)) {
      problems.add(
        at,
        `uses the map entry ${quoted(type.name)}, expected one map field to use it, and nothing else`,
      );
    }
  }
  checkDefault(field, at, syntax, problems);
}

function kindsOf(type: Type): readonly ("message" | "enum")[] | undefined {
  switch (type) {
    case Type.MESSAGE:
    case Type.GROUP:
      return ["message"];
    case Type.ENUM:
      return ["enum"];
    default:
      return undefined;
  }
}

function fitsMapEntry(field: FieldDescriptorProto, type: string, scope: string): boolean {
  const beside = type.startsWith(`${scope}.`) && !type.slice(scope.length + 1).includes(".");
  return field.label === Label.REPEATED && field.type === Type.MESSAGE && beside;
}

function checkDefault(
  field: FieldDescriptorProto,
  at: string,
  syntax: string,
  problems: Problems,
): void {
  if (!isFieldSet(field, FieldDescriptorProtoSchema.field.defaultValue)) return;
  const fits =
    syntax !== "proto3" &&
    field.label !== Label.REPEATED &&
    field.type !== Type.MESSAGE &&
    field.type !== Type.GROUP;
  if (!fits) problems.add(at, `has the default ${quoted(field.defaultValue)}, expected none`);
}

/** The ranges of messages that reserve numbers for extensions, by full name. */
export function extensionRangesOf(messages: Iterable<Declared<DescriptorProto>>): ExtensionRanges {
  const ranges = new Map<string, Ranges>();
  for (const { name, proto } of messages) {
    if (proto.extensionRange.length === 0 || isMapEntry(proto)) continue;
    ranges.set(
      name,
      proto.extensionRange.toSorted((a, b) => a.start - b.start),
    );
  }
  return ranges;
}
