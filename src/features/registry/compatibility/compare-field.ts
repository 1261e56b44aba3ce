import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { type Comparison, localName, type Place } from "./comparison.ts";

/** The own files of the two schemas, whose messages are compared as a whole, by name. */
export interface OwnFiles {
  readonly written: string;
  readonly read: string;
}

/** Compares one field by what is written and what is read of it. */
export function compareField(
  comparison: Comparison,
  own: OwnFiles,
  at: Place,
  written: DescField,
  read: DescField,
): void {
  const name = `field "${read.name}"`;
  if (written.name !== read.name) {
    comparison.add(at, "FIELD_NAME_CHANGED", `${name} is written as "${written.name}"`);
  }
  const from = typeOf(written);
  const to = typeOf(read);
  if (from.kind === "map" && to.kind === "map") {
    compareTypes(comparison, own, at, from.key, to.key, `the key of ${name}`);
    compareTypes(comparison, own, at, from.value, to.value, `the value of ${name}`);
  } else if (from.kind !== "map" && to.kind !== "map") {
    const same = compareTypes(comparison, own, at, from, to, name);
    if (same) compareLabels(comparison, at, written, read, to);
  } else {
    comparison.add(at, "FIELD_KIND_CHANGED", changed(name, describe(from), describe(to)));
  }
}

export function isRequired(field: DescField): boolean {
  return field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

/** Scalars that read each other's encoding: a change within a group preserves written values. */
type ScalarGroup = "number" | "zigzag" | "bytes" | "32 bits" | "64 bits" | "float" | "double";

interface Scalar {
  readonly kind: "scalar";
  readonly group: ScalarGroup;
  readonly name: string;
}

interface MessageType {
  readonly kind: "message" | "group";
  readonly message: DescMessage;
}

type ValueType = Scalar | MessageType;

interface MapType {
  readonly kind: "map";
  readonly key: Scalar;
  readonly value: ValueType;
}

function typeOf(field: DescField): ValueType | MapType {
  const value = valueTypeOf(field);
  return field.fieldKind === "map" ? { kind: "map", key: scalar(field.mapKey), value } : value;
}

function valueTypeOf(field: DescField): ValueType {
  if (field.message !== undefined) {
    const delimited = "delimitedEncoding" in field && field.delimitedEncoding;
    return { kind: delimited ? "group" : "message", message: field.message };
  }
  if (field.enum !== undefined) {
    return { kind: "scalar", group: "number", name: `enum "${field.enum.typeName}"` };
  }
  return scalar(field.scalar);
}

function scalar(type: ScalarType): Scalar {
  return { kind: "scalar", group: scalarGroups[type], name: ScalarType[type].toLowerCase() };
}

const scalarGroups = {
  [ScalarType.INT32]: "number",
  [ScalarType.INT64]: "number",
  [ScalarType.UINT32]: "number",
  [ScalarType.UINT64]: "number",
  [ScalarType.BOOL]: "number",
  [ScalarType.SINT32]: "zigzag",
  [ScalarType.SINT64]: "zigzag",
  [ScalarType.STRING]: "bytes",
  [ScalarType.BYTES]: "bytes",
  [ScalarType.FIXED32]: "32 bits",
  [ScalarType.SFIXED32]: "32 bits",
  [ScalarType.FIXED64]: "64 bits",
  [ScalarType.SFIXED64]: "64 bits",
  [ScalarType.FLOAT]: "float",
  [ScalarType.DOUBLE]: "double",
} as const satisfies Record<ScalarType, ScalarGroup>;

/** Returns whether the types are of one kind: then their labels can be compared as well. */
function compareTypes(
  comparison: Comparison,
  own: OwnFiles,
  at: Place,
  from: ValueType,
  to: ValueType,
  name: string,
): boolean {
  if (from.kind === "scalar" && to.kind === "scalar") {
    if (from.group === to.group) return true;
    comparison.add(at, "FIELD_SCALAR_KIND_CHANGED", changed(name, from.name, to.name));
    return false;
  }
  if (from.kind === "scalar" || to.kind === "scalar" || from.kind !== to.kind) {
    comparison.add(at, "FIELD_KIND_CHANGED", changed(name, describe(from), describe(to)));
    return false;
  }
  if (localName(from.message) !== localName(to.message)) {
    comparison.add(at, "FIELD_NAMED_TYPE_CHANGED", changed(name, describe(from), describe(to)));
    return false;
  }
  const bothOwn =
    from.message.file.proto.name === own.written && to.message.file.proto.name === own.read;
  if (!bothOwn) comparison.use(from.message, to.message, at, name);
  return true;
}

type Label = "singular" | "optional" | "required" | "repeated";

/**
 * A number read from a list is arbitrary (lists are packed); a string or message read from a list is
 * its last one. A field that is read as required must be written.
 */
function compareLabels(
  comparison: Comparison,
  at: Place,
  written: DescField,
  read: DescField,
  type: ValueType,
): void {
  const from = labelOf(written);
  const to = labelOf(read);
  const same = from === to || (isSingular(from) && isSingular(to));
  if (same) return;
  const sentence = changed(`field "${read.name}"`, from, to);
  if (type.kind === "scalar" && type.group !== "bytes") {
    comparison.add(at, "FIELD_NUMERIC_LABEL_CHANGED", sentence);
    return;
  }
  if (type.kind === "scalar") {
    comparison.add(at, "FIELD_STRING_OR_BYTES_LABEL_CHANGED", sentence);
  }
  if (to === "required") comparison.add(at, "REQUIRED_FIELD_ADDED", sentence);
}

function labelOf(field: DescField): Label {
  if (field.fieldKind === "list") return "repeated";
  if (isRequired(field)) return "required";
  return field.presence === FeatureSet_FieldPresence.EXPLICIT ? "optional" : "singular";
}

function isSingular(label: Label): boolean {
  return label === "singular" || label === "optional";
}

function describe(type: ValueType | MapType): string {
  switch (type.kind) {
    case "scalar":
      return type.name;
    case "map":
      return `a map of ${type.key.name} to ${describe(type.value)}`;
    default:
      return `${type.kind} "${type.message.typeName}"`;
  }
}

function changed(what: string, from: string, to: string): string {
  return `${what} is written as ${from} and read as ${to}`;
}
