import { isFieldSet } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../core/failure.ts";
import { type Declared, isMapEntry } from "./declarations.ts";
import type { Problems } from "./problems.ts";
import { checkRanges, inRanges } from "./ranges.ts";

const numberMax = 536_870_911;
/** Reserved for implementations, see the language specification. */
const reservedForImplementations = { start: 19_000, end: 20_000 };

/** Checks the parts of a message, except for names and types, which `Symbols` checks. */
export function checkMessage(message: Declared<DescriptorProto>, problems: Problems): void {
  const { name, proto } = message;
  const byNumber = new Map<number, string>();
  const byJsonName = new Map<string, string>();
  const membersOf = proto.oneofDecl.map((): FieldDescriptorProto[] => []);
  const reservedNames = new Set(proto.reservedName);
  // A message set numbers its extensions up to the largest int32.
  const max = proto.options?.messageSetWireFormat === true ? 2 ** 31 - 1 : numberMax + 1;
  const bounds = { min: 1, max };
  const reserved = checkRanges(name, "reserved", proto.reservedRange, bounds, problems);
  const extensions = checkRanges(name, "extension", proto.extensionRange, bounds, problems);

  for (const field of proto.field) {
    const at = `${name}.${field.name}`;
    checkNumber(field.number, at, problems);
    const taken = byNumber.get(field.number);
    if (taken !== undefined) {
      problems.add(
        at,
        `has the number ${field.number} of field ${quoted(taken)}, expected a free one`,
      );
    }
    byNumber.set(field.number, field.name);
    for (const jsonName of new Set([jsonNameOf(field), protoCamelCase(field.name)])) {
      const other = byJsonName.get(jsonName);
      if (other !== undefined && other !== field.name) {
        problems.add(at, `has the JSON name ${quoted(jsonName)} of field ${quoted(other)}`);
      }
      byJsonName.set(jsonName, field.name);
    }
    if (inRanges(field.number, reserved)) {
      problems.add(at, `has the number ${field.number}, which the message reserves`);
    }
    if (inRanges(field.number, extensions)) {
      problems.add(at, `has the number ${field.number}, which the message reserves for extensions`);
    }
    if (reservedNames.has(field.name)) problems.add(at, "has a name that the message reserves");
    if (field.extendee !== "") problems.add(at, "has an extendee, expected none on a field");
    if (isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex)) {
      const members = membersOf[field.oneofIndex];
      if (members === undefined) {
        problems.add(
          at,
          `is in oneof ${field.oneofIndex}, expected one of the message's ${membersOf.length}`,
        );
      } else members.push(field);
    } else if (field.proto3Optional) {
      problems.add(at, "is proto3 optional and in no oneof, expected a separate oneof for it");
    }
  }
  for (const [index, members] of membersOf.entries()) {
    checkOneof(`${name}.${proto.oneofDecl[index]?.name ?? ""}`, members, problems);
  }
  if (isMapEntry(proto)) checkMapEntry(message, problems);
}

export function checkNumber(number: number, at: string, problems: Problems): void {
  if (number < 1 || number > numberMax) {
    problems.add(at, `has the number ${number}, expected 1 to ${numberMax}`);
  } else if (
    number >= reservedForImplementations.start &&
    number < reservedForImplementations.end
  ) {
    problems.add(
      at,
      `has the number ${number}, which is one of ${reservedForImplementations.start} to ${reservedForImplementations.end - 1}: they are reserved for implementations`,
    );
  }
}

/** The name that compilers fill in where the author did not. */
export function jsonNameOf(field: FieldDescriptorProto): string {
  return isFieldSet(field, FieldDescriptorProtoSchema.field.jsonName)
    ? field.jsonName
    : protoCamelCase(field.name);
}

function checkOneof(
  at: string,
  members: readonly FieldDescriptorProto[],
  problems: Problems,
): void {
  if (members.length === 0) problems.add(at, "is a oneof without a field, expected one at least");
  for (const { label, name } of members) {
    if (label === Label.REPEATED || label === Label.REQUIRED) {
      problems.add(at, `has the field ${quoted(name)}, which is not singular`);
    }
  }
  const optional = members.find((field) => field.proto3Optional);
  if (optional !== undefined && members.length > 1) {
    problems.add(at, `has ${members.length} fields, expected ${quoted(optional.name)} alone`);
  }
}

const keyTypes: ReadonlySet<Type> = new Set([
  Type.INT32,
  Type.INT64,
  Type.UINT32,
  Type.UINT64,
  Type.SINT32,
  Type.SINT64,
  Type.FIXED32,
  Type.FIXED64,
  Type.SFIXED32,
  Type.SFIXED64,
  Type.BOOL,
  Type.STRING,
]);

function checkMapEntry(
  { name, scope, proto, file }: Declared<DescriptorProto>,
  problems: Problems,
): void {
  const [key, value] = proto.field;
  const wellFormed =
    proto.field.length === 2 &&
    key?.name === "key" &&
    key.number === 1 &&
    key.label === Label.OPTIONAL &&
    value?.name === "value" &&
    value.number === 2 &&
    value.label === Label.OPTIONAL &&
    proto.nestedType.length + proto.enumType.length + proto.extension.length === 0 &&
    proto.oneofDecl.length + proto.extensionRange.length === 0;
  if (!wellFormed || scope === file.package) {
    problems.add(
      name,
      "is not a map entry, expected a nested message of key = 1 and value = 2 alone",
    );
  } else if (!keyTypes.has(key.type)) {
    problems.add(name, "has a key that is not an integer, bool or string");
  } else if (value.type === Type.GROUP) {
    problems.add(name, "has a group as its value");
  }
}
