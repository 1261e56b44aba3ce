/** A message to start from: protobuf JSON with every field of a schema, each with its default. */

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";

export type TemplateValue =
  | string
  | number
  | boolean
  | null
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue };

/** Fields in one template: more are left out, and few messages have as many. */
const fieldsMax = 1000;
const levelsMax = 6;

/**
 * 64-bit integers are texts, as canonical protobuf JSON has them. Of a oneof the first member is there.
 * Lists have one item where it is a message, so that its fields can be seen; maps are empty. A message
 * inside itself is left out.
 */
export function templateOf(message: DescMessage): TemplateValue {
  const budget = { fields: fieldsMax };
  return valueOf(message, [], budget) ?? {};
}

/** Undefined: there is nothing to show of it. */
function valueOf(
  message: DescMessage,
  within: readonly DescMessage[],
  budget: { fields: number },
): TemplateValue | undefined {
  const known = wellKnown(message);
  if (known !== undefined) return known;
  if (within.includes(message) || within.length >= levelsMax) return undefined;
  const members: Record<string, TemplateValue> = {};
  for (const field of message.fields) {
    const isFirst = field.oneof === undefined || field.oneof.fields[0] === field;
    if (!isFirst || budget.fields-- <= 0) continue;
    const value = fieldValue(field, [...within, message], budget);
    if (value !== undefined) members[field.jsonName] = value;
  }
  return members;
}

function fieldValue(
  field: DescField,
  within: readonly DescMessage[],
  budget: { fields: number },
): TemplateValue | undefined {
  switch (field.fieldKind) {
    case "map":
      return {};
    case "list": {
      const item =
        field.listKind === "message" ? valueOf(field.message, within, budget) : undefined;
      return item === undefined ? [] : [item];
    }
    case "message":
      return valueOf(field.message, within, budget);
    case "enum":
      return enumValue(field);
    default:
      return scalarValue(field.scalar, field.getDefaultValue());
  }
}

function enumValue(field: DescField & { fieldKind: "enum" }): TemplateValue {
  const { typeName, values } = field.enum;
  if (typeName === "google.protobuf.NullValue") return null;
  const given = field.getDefaultValue();
  const value = values.find(({ number }) => number === given);
  return (value ?? values[0])?.name ?? 0;
}

function scalarValue(type: ScalarType, given: unknown): TemplateValue {
  switch (type) {
    case ScalarType.BOOL:
      return given === true;
    case ScalarType.STRING:
      return typeof given === "string" ? given : "";
    case ScalarType.BYTES:
      return given instanceof Uint8Array ? given.toBase64() : "";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return typeof given === "bigint" ? String(given) : "0";
    default:
      // "NaN" and "Infinity" are texts there.
      if (typeof given !== "number") return 0;
      return Number.isFinite(given) ? given : String(given);
  }
}

/** The JSON of types that have their own form. */
function wellKnown({ typeName, fields }: DescMessage): TemplateValue | undefined {
  const prefix = "google.protobuf.";
  if (!typeName.startsWith(prefix)) return undefined;
  const name = typeName.slice(prefix.length);
  if (name.endsWith("Value") && name !== "Value" && name !== "ListValue") {
    const value = fields.find((field) => field.name === "value");
    return value?.fieldKind === "scalar" ? scalarValue(value.scalar, undefined) : undefined;
  }
  return wellKnownForms[name];
}

const wellKnownForms: Readonly<Record<string, TemplateValue>> = {
  Any: {},
  Duration: "0s",
  Empty: {},
  FieldMask: "",
  ListValue: [],
  Struct: {},
  Timestamp: "1970-01-01T00:00:00Z",
  Value: null,
};
