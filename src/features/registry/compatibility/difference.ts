/**
 * What can differ between two schemas, under the names that Confluent's registry has for it, and
 * whether a reader of the one still understands what was written with the other.
 */
export const differenceTypes = {
  PACKAGE_CHANGED: "breaks",
  MESSAGE_ADDED: "keeps",
  MESSAGE_REMOVED: "breaks",
  MESSAGE_MOVED: "keeps",
  ENUM_ADDED: "keeps",
  ENUM_REMOVED: "keeps",
  ENUM_CONST_ADDED: "keeps",
  ENUM_CONST_CHANGED: "keeps",
  ENUM_CONST_REMOVED: "keeps",
  FIELD_ADDED: "keeps",
  FIELD_REMOVED: "keeps",
  FIELD_NAME_CHANGED: "keeps",
  FIELD_KIND_CHANGED: "breaks",
  FIELD_SCALAR_KIND_CHANGED: "breaks",
  FIELD_NAMED_TYPE_CHANGED: "breaks",
  FIELD_NUMERIC_LABEL_CHANGED: "breaks",
  FIELD_STRING_OR_BYTES_LABEL_CHANGED: "keeps",
  REQUIRED_FIELD_ADDED: "breaks",
  REQUIRED_FIELD_REMOVED: "breaks",
  ONEOF_ADDED: "keeps",
  ONEOF_REMOVED: "keeps",
  ONEOF_FIELD_ADDED: "keeps",
  ONEOF_FIELD_REMOVED: "breaks",
  ONEOF_FIELD_MOVED_TO_TOP_LEVEL: "keeps",
  MULTIPLE_FIELDS_MOVED_TO_ONEOF: "breaks",
  FIELD_MOVED_TO_EXISTING_ONEOF: "breaks",
} as const;

export type DifferenceType = keyof typeof differenceTypes;

export interface Difference {
  readonly type: DifferenceType;
  /**
   * Where: names of messages, of a oneof, then a field's or value's number, as in
   * "#/Watch/Reading/value/3". Names of imported types stand without their package.
   */
  readonly path: string;
  /** A sentence of what is written and what is read. */
  readonly message: string;
}

export function isBreaking(type: DifferenceType): boolean {
  return differenceTypes[type] === "breaks";
}
