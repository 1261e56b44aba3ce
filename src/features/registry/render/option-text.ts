// Options as text, read from their bytes: custom options, which are unknown fields, and built-in
// ones are then handled alike.

import {
  type DescExtension,
  type DescField,
  type DescMessage,
  type FileRegistry,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FieldDescriptorProto_Type as Type } from "@bufbuild/protobuf/wkt";
import { shortestFloat } from "../float32.ts";
import { descriptorMessages } from "../link/descriptor-messages.ts";
import { bytesLiteral, floatText, stringLiteral } from "./literals.ts";

/** `name = value` for each option that is set, in the order of their numbers. */
export function optionTexts(options: Message | undefined, registry: FileRegistry): string[] {
  const desc = options === undefined ? undefined : descriptorMessages.get(options.$typeName);
  if (options === undefined || desc === undefined) return [];
  return statements("", desc, toBinary(desc, options), registry);
}

type AnyField = DescField | DescExtension;

/** Messages of descriptor.proto are written field by field, as in `features.enum_type`. */
function statements(
  prefix: string,
  desc: DescMessage,
  bytes: Uint8Array,
  registry: FileRegistry,
): string[] {
  return fieldsOf(desc, bytes, registry).flatMap(({ field, value, wireType }) => {
    // Compilers mark entries of maps on their own.
    if (field.name === "map_entry") return [];
    const name = field.kind === "extension" ? `(.${field.typeName})` : field.name;
    const single = field.kind === "field" && field.fieldKind === "message";
    if (single && wireType === WireType.LengthDelimited) {
      const inner = new BinaryReader(value).bytes();
      return statements(`${prefix}${name}.`, field.message, inner, registry);
    }
    return values(field, value, wireType, registry).map((text) => `${prefix}${name} = ${text}`);
  });
}

/** A message as a text format literal on one line. */
function literal(desc: DescMessage, bytes: Uint8Array, registry: FileRegistry): string {
  const byName = new Map<string, string[]>();
  for (const { field, value, wireType } of fieldsOf(desc, bytes, registry)) {
    const name = literalName(field);
    const list = byName.get(name) ?? [];
    list.push(...values(field, value, wireType, registry));
    byName.set(name, list);
  }
  const parts = [...byName].map(([name, list]) => {
    return `${name}: ${list.length === 1 ? list[0] : `[${list.join(", ")}]`}`;
  });
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

function literalName(field: AnyField): string {
  if (field.kind === "extension") return `[${field.typeName}]`;
  return field.proto.type === Type.GROUP ? (field.message?.name ?? field.name) : field.name;
}

interface FieldBytes {
  readonly field: AnyField;
  readonly wireType: WireType;
  /** What follows the tag. */
  readonly value: Uint8Array;
}

/** The fields in `bytes` that the schema knows: of the message, or extensions of it. */
function fieldsOf(desc: DescMessage, bytes: Uint8Array, registry: FileRegistry): FieldBytes[] {
  const byNumber = new Map(desc.fields.map((field) => [field.number, field]));
  const found: FieldBytes[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const value = reader.skip(wireType, number);
    const field = byNumber.get(number) ?? registry.getExtensionFor(desc, number);
    if (field !== undefined) found.push({ field, wireType, value });
  }
  return found;
}

/** One value, or those of a packed list. */
function values(
  field: AnyField,
  value: Uint8Array,
  wireType: WireType,
  registry: FileRegistry,
): string[] {
  const reader = new BinaryReader(value);
  if (field.fieldKind === "map") return [mapEntry(field, reader.bytes(), registry)];
  const { message } = field;
  if (message !== undefined) {
    // A group's bytes end with its end tag, which is not a field.
    const bytes = wireType === WireType.StartGroup ? groupBytes(value, field) : reader.bytes();
    return [literal(message, bytes, registry)];
  }
  const type = field.enum === undefined ? field.scalar : ScalarType.INT32;
  const one = (from: BinaryReader): string => {
    const text = scalarText(type ?? ScalarType.INT32, from);
    return field.enum?.value[Number(text)]?.name ?? text;
  };
  const isPacked =
    wireType === WireType.LengthDelimited &&
    type !== ScalarType.STRING &&
    type !== ScalarType.BYTES;
  if (!isPacked) return [one(reader)];
  const packed = new BinaryReader(reader.bytes());
  const list: string[] = [];
  while (packed.pos < packed.len) list.push(one(packed));
  return list;
}

function mapEntry(
  field: Extract<AnyField, { fieldKind: "map" }>,
  bytes: Uint8Array,
  registry: FileRegistry,
): string {
  const reader = new BinaryReader(bytes);
  const parts: string[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1) parts.push(`key: ${scalarText(field.mapKey, reader)}`);
    else if (number !== 2) reader.skip(wireType, number);
    else if (field.message !== undefined) {
      parts.push(`value: ${literal(field.message, reader.bytes(), registry)}`);
    } else if (field.scalar !== undefined) parts.push(`value: ${scalarText(field.scalar, reader)}`);
    else {
      const value = reader.int32();
      parts.push(`value: ${field.enum?.value[value]?.name ?? value}`);
    }
  }
  return `{ ${parts.join(", ")} }`;
}

function groupBytes(bytes: Uint8Array, { number }: AnyField): Uint8Array {
  const reader = new BinaryReader(bytes);
  for (;;) {
    const end = reader.pos;
    const [inner, wireType] = reader.tag();
    if (wireType === WireType.EndGroup && inner === number) return bytes.subarray(0, end);
    reader.skip(wireType, inner);
  }
}

function scalarText(type: ScalarType, reader: BinaryReader): string {
  return scalarTexts[type](reader);
}

const scalarTexts = {
  [ScalarType.STRING]: (reader) => stringLiteral(reader.string()),
  [ScalarType.BYTES]: (reader) => bytesLiteral(reader.bytes()),
  [ScalarType.BOOL]: (reader) => `${reader.bool()}`,
  [ScalarType.DOUBLE]: (reader) => floatText(reader.double()),
  [ScalarType.FLOAT]: (reader) => floatText(shortestFloat(reader.float())),
  [ScalarType.INT32]: (reader) => `${reader.int32()}`,
  [ScalarType.UINT32]: (reader) => `${reader.uint32()}`,
  [ScalarType.SINT32]: (reader) => `${reader.sint32()}`,
  [ScalarType.FIXED32]: (reader) => `${reader.fixed32()}`,
  [ScalarType.SFIXED32]: (reader) => `${reader.sfixed32()}`,
  [ScalarType.INT64]: (reader) => `${reader.int64()}`,
  [ScalarType.UINT64]: (reader) => `${reader.uint64()}`,
  [ScalarType.SINT64]: (reader) => `${reader.sint64()}`,
  [ScalarType.FIXED64]: (reader) => `${reader.fixed64()}`,
  [ScalarType.SFIXED64]: (reader) => `${reader.sfixed64()}`,
} as const satisfies Record<ScalarType, (reader: BinaryReader) => string>;
