import { type FileRegistry, isFieldSet } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { stringLiteral } from "./literals.ts";
import type { TypeNamer } from "./names.ts";
import { optionTexts } from "./option-text.ts";

/** What the parts of a file need to be rendered. */
export interface FileContext {
  /** As in the file: "" is proto2. */
  readonly syntax: string;
  readonly registry: FileRegistry;
  readonly nameOf: TypeNamer;
}

/**
 * A field without its end: `optional int32 a = 1 [deprecated = true]`. `entry` is the map entry
 * of a map field, `scope` the full name of the enclosing message or package.
 */
export function fieldText(
  context: FileContext,
  field: FieldDescriptorProto,
  scope: string,
  entry: DescriptorProto | undefined,
): string {
  const type =
    entry === undefined ? typeText(context, field, scope) : mapText(context, entry, scope);
  const label = entry === undefined ? labelText(context, field) : "";
  const name = field.type === Type.GROUP ? lastPart(field.typeName) : field.name;
  return `${label}${type} ${name} = ${field.number}${fieldOptions(context, field)}`;
}

export function lastPart(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf(".") + 1);
}

/** ` [a = 1, b = 2]`, or nothing. */
export function inlineOptions(texts: readonly string[]): string {
  return texts.length === 0 ? "" : ` [${texts.join(", ")}]`;
}

function labelText({ syntax }: FileContext, field: FieldDescriptorProto): string {
  if (field.label === Label.REPEATED) return "repeated ";
  if (field.label === Label.REQUIRED) return "required ";
  const inOneof = isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex);
  if (field.proto3Optional) return "optional ";
  return (syntax === "" || syntax === "proto2") && !inOneof ? "optional " : "";
}

function typeText({ nameOf }: FileContext, field: FieldDescriptorProto, scope: string): string {
  switch (field.type) {
    case Type.MESSAGE:
    case Type.ENUM:
      return nameOf(field.typeName, scope);
    default:
      return Type[field.type].toLowerCase();
  }
}

function mapText(context: FileContext, entry: DescriptorProto, scope: string): string {
  const [key, value] = entry.field;
  if (key === undefined || value === undefined) return "bytes";
  return `map<${typeText(context, key, scope)}, ${typeText(context, value, scope)}>`;
}

function fieldOptions({ registry }: FileContext, field: FieldDescriptorProto): string {
  const texts: string[] = [];
  const names = FieldDescriptorProtoSchema.field;
  if (isFieldSet(field, names.defaultValue)) texts.push(`default = ${defaultText(field)}`);
  const named = isFieldSet(field, names.jsonName) && field.extendee === "";
  if (named && field.jsonName !== protoCamelCase(field.name)) {
    texts.push(`json_name = ${stringLiteral(field.jsonName)}`);
  }
  return inlineOptions([...texts, ...optionTexts(field.options, registry)]);
}

function defaultText(field: FieldDescriptorProto): string {
  switch (field.type) {
    case Type.STRING:
      return stringLiteral(field.defaultValue);
    case Type.BYTES:
      // Descriptors have the default of bytes as the inside of its literal, escaped already.
      return `"${field.defaultValue}"`;
    default:
      return field.defaultValue;
  }
}
