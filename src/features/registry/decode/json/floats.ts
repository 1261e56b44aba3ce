/**
 * Floats in JSON as other languages write them. protobuf-es writes the digits of a double for a float
 * (0.10000000149011612 for 0.1), and JavaScript writes -0 as 0.
 */

import type {
  DescExtension,
  DescField,
  DescMessage,
  FileRegistry,
  JsonObject,
  JsonValue,
} from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { shortestFloat } from "../../float32.ts";
import { hasOwnJsonForm } from "./canonical.ts";

/** JSON as text, from what `toJson` of protobuf-es returns, which this changes. */
export function renderFloats(desc: DescMessage, json: JsonValue, registry: FileRegistry): string {
  return JSON.stringify(inMessage(desc, json, registry));
}

/** What `JSON.stringify` writes as -0; a JSON value for everything else here. */
const negativeZero = (JSON as unknown as { rawJSON(text: string): JsonValue }).rawJSON("-0");

type Field = DescField | DescExtension;

function inMessage(desc: DescMessage, json: JsonValue, registry: FileRegistry): JsonValue {
  if (isWrapperDesc(desc)) return inScalar(desc.fields[0].scalar, json);
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return inAny(json, registry);
    case "google.protobuf.ListValue":
    case "google.protobuf.Struct":
    case "google.protobuf.Value":
      return inValue(json);
  }
  if (!isObject(json)) return json;
  for (const field of floatFieldsOf(desc)) {
    replace(json, field.jsonName, (value) => inField(field, value, registry));
  }
  if (desc.proto.extensionRange.length > 0) inExtensions(json, registry);
  return json;
}

function inExtensions(json: JsonObject, registry: FileRegistry): void {
  for (const name of Object.keys(json)) {
    const extension = name.startsWith("[") ? registry.getExtension(name.slice(1, -1)) : undefined;
    if (extension === undefined) continue;
    replace(json, name, (value) => inField(extension, value, registry));
  }
}

function inField(field: Field, json: JsonValue, registry: FileRegistry): JsonValue {
  const one = (value: JsonValue): JsonValue => {
    if (field.message !== undefined) return inMessage(field.message, value, registry);
    return field.scalar === undefined ? value : inScalar(field.scalar, value);
  };
  if (field.fieldKind === "list" && Array.isArray(json)) return json.map(one);
  if (field.fieldKind !== "map" || !isObject(json)) return one(json);
  for (const key of Object.keys(json)) replace(json, key, one);
  return json;
}

function inAny(json: JsonValue, registry: FileRegistry): JsonValue {
  const url = isObject(json) ? json["@type"] : undefined;
  if (!isObject(json) || typeof url !== "string") return json;
  const desc = registry.getMessage(url.slice(url.lastIndexOf("/") + 1));
  if (desc === undefined) return json;
  if (!hasOwnJsonForm(desc)) return inMessage(desc, json, registry);
  replace(json, "value", (value) => inMessage(desc, value, registry));
  return json;
}

function inValue(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(inValue);
  if (isObject(json)) {
    for (const key of Object.keys(json)) replace(json, key, inValue);
    return json;
  }
  return inScalar(ScalarType.DOUBLE, json);
}

function inScalar(type: ScalarType, json: JsonValue): JsonValue {
  if (typeof json !== "number") return json;
  if (Object.is(json, -0)) return negativeZero;
  return type === ScalarType.FLOAT ? shortestFloat(json) : json;
}

const floatFields = new WeakMap<DescMessage, readonly DescField[]>();

/** Those that are floats, and those that may contain some. */
function floatFieldsOf(desc: DescMessage): readonly DescField[] {
  const known = floatFields.get(desc);
  if (known !== undefined) return known;
  const fields = desc.fields.filter(
    ({ message, scalar }) =>
      message !== undefined || scalar === ScalarType.FLOAT || scalar === ScalarType.DOUBLE,
  );
  floatFields.set(desc, fields);
  return fields;
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Keeps the member's place; one named `__proto__` is a member as well. */
function replace(json: JsonObject, name: string, to: (value: JsonValue) => JsonValue): void {
  const value = Object.getOwnPropertyDescriptor(json, name)?.value as JsonValue | undefined;
  if (value === undefined) return;
  const changed = to(value);
  if (changed !== value) Object.defineProperty(json, name, { value: changed });
}
