/**
 * The JSON form of a message, read as strictly as its specification
 * (protobuf.dev/programming-guides/json) and without loss, and written so that `fromJson` of
 * protobuf-es reads the same message from it. protobuf-es alone is more lenient than readers of other
 * languages: records that pass here are kept as they were sent, so those readers must accept them.
 */

import {
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescMessage,
  type FileRegistry,
  type JsonObject as PlainObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../../core/failure.ts";
import { type JsonNode, type JsonObject, NumberText, parseJson } from "./parse.ts";
import { JsonProblem, type PathPart, renderPath } from "./problem.ts";
import { readInteger, readMapKey, readScalar, wrong } from "./scalars.ts";
import { readDuration, readFieldMask, readTimestamp } from "./well-known.ts";

export type CanonicalJson =
  | { readonly json: JsonValue }
  /** `field` is the path of the wrong field, "" for the text as a whole. */
  | { readonly field: string; readonly reason: string };

/** As in the binary form. */
const depthMax = 100;

export function canonicalJson(
  desc: DescMessage,
  text: string,
  registry: FileRegistry,
): CanonicalJson {
  const walk: Walk = { registry, path: [], depth: 0 };
  try {
    return { json: readMessage(walk, desc, parseJson(text)) };
  } catch (error) {
    if (!(error instanceof JsonProblem)) throw error;
    return { field: renderPath(walk.path), reason: error.message };
  }
}

interface Walk {
  readonly registry: FileRegistry;
  /** Leads to what is being read, and after a failure to what is wrong. */
  readonly path: PathPart[];
  depth: number;
}

type Field = DescField | DescExtension;

function readMessage(walk: Walk, desc: DescMessage, node: JsonNode): JsonValue {
  if (++walk.depth > depthMax) throw new JsonProblem(`nests deeper than ${depthMax} messages`);
  const special = specials.get(desc.typeName);
  let json: JsonValue;
  if (special !== undefined) json = special(walk, node);
  else if (isWrapperDesc(desc)) json = readScalar(desc.fields[0].scalar, node);
  else json = readFields(walk, desc, objectOf(node, `an object of "${desc.typeName}"`));
  walk.depth--;
  return json;
}

/** Well-known types with their own JSON form, by name. */
const specials = new Map<string, (walk: Walk, node: JsonNode) => JsonValue>([
  ["google.protobuf.Any", (walk, node) => readAny(walk, objectOf(node, "an object"))],
  ["google.protobuf.Duration", (_, node) => readDuration(node)],
  ["google.protobuf.FieldMask", (_, node) => readFieldMask(node)],
  ["google.protobuf.ListValue", (walk, node) => readValues(walk, arrayOf(node))],
  ["google.protobuf.Struct", (walk, node) => readStruct(walk, objectOf(node, "an object"))],
  ["google.protobuf.Timestamp", (_, node) => readTimestamp(node)],
  ["google.protobuf.Value", readValue],
]);

function readFields(walk: Walk, desc: DescMessage, members: JsonObject): PlainObject {
  const json = emptyObject();
  const fields = fieldsOf(desc);
  const seen = new Set<Field>();
  const oneofs = new Map<object, Field>();
  for (const [name, node] of members) {
    const field = fields.get(name) ?? extensionOf(walk, desc, name);
    if (field === undefined) {
      throw new JsonProblem(
        `has the member ${quoted(name)}, expected a field of "${desc.typeName}"`,
      );
    }
    if (seen.has(field)) throw new JsonProblem(`has the field ${quoted(field.name)} twice`);
    seen.add(field);
    walk.path.push(field.name);
    const value = readField(walk, field, node);
    walk.path.pop();
    if (value === undefined) continue;
    if (field.kind === "field" && field.oneof !== undefined) {
      const other = oneofs.get(field.oneof);
      if (other !== undefined) {
        throw new JsonProblem(
          `has ${quoted(other.name)} and ${quoted(field.name)}, expected one of the oneof "${field.oneof.name}"`,
        );
      }
      oneofs.set(field.oneof, field);
    }
    json[field.kind === "field" ? field.jsonName : name] = value;
  }
  return json;
}

/** Undefined for a null that leaves the field unset. */
function readField(walk: Walk, field: Field, node: JsonNode): JsonValue | undefined {
  if (node === null && !mayBeNull(field)) return undefined;
  switch (field.fieldKind) {
    case "list":
      return readElements(walk, arrayOf(node), (element) => readElement(walk, field, element));
    case "map":
      return readMap(walk, field, objectOf(node, "an object"));
    case "message":
      return readMessage(walk, field.message, node);
    case "enum":
      return node === null ? null : readEnum(field.enum, node);
    default:
      return readScalar(field.scalar, node);
  }
}

/** Whether null is a value of the field. */
function mayBeNull(field: Field): boolean {
  if (field.fieldKind === "enum") return field.enum.typeName === "google.protobuf.NullValue";
  return field.fieldKind === "message" && field.message.typeName === "google.protobuf.Value";
}

function readElement(
  walk: Walk,
  field: Extract<Field, { fieldKind: "list" | "map" }>,
  node: JsonNode,
): JsonValue {
  if (field.message !== undefined) return readMessage(walk, field.message, node);
  return field.enum === undefined ? readScalar(field.scalar, node) : readEnum(field.enum, node);
}

function readElements(
  walk: Walk,
  nodes: readonly JsonNode[],
  read: (node: JsonNode) => JsonValue,
): JsonValue[] {
  return nodes.map((node, index) => {
    walk.path.push(index);
    const value = read(node);
    walk.path.pop();
    return value;
  });
}

function readMap(
  walk: Walk,
  field: Extract<Field, { fieldKind: "map" }>,
  members: JsonObject,
): PlainObject {
  const json = emptyObject();
  for (const [name, node] of members) {
    const key = readMapKey(field.mapKey, name);
    // "-0" is 0.
    if (key in json) throw new JsonProblem(`has the key ${quoted(key)} twice`);
    walk.path.push({ key: name, isText: field.mapKey === ScalarType.STRING });
    json[key] = readElement(walk, field, node);
    walk.path.pop();
  }
  return json;
}

function readEnum(desc: DescEnum, node: JsonNode): string | number {
  const numbers = numbersOf(desc);
  if (typeof node === "string") {
    if (numbers.names.has(node)) return node;
  } else if (node instanceof NumberText) {
    const number = Number(readInteger(ScalarType.INT32, node));
    if (desc.open || numbers.numbers.has(number)) return number;
  }
  throw wrong(node, `a value of "${desc.typeName}"`);
}

function readAny(walk: Walk, members: JsonObject): PlainObject {
  if (members.size === 0) return {};
  const url = members.get("@type");
  const name = typeof url === "string" ? url.slice(url.lastIndexOf("/") + 1) : "";
  if (typeof url !== "string" || name === "") {
    throw new JsonProblem('has no "@type", expected the URL of a type');
  }
  const desc = walk.registry.getMessage(name);
  if (desc === undefined) {
    throw new JsonProblem(`has the type ${quoted(url)}, expected one of the schema's set`);
  }
  const rest = new Map(members);
  rest.delete("@type");
  const json = emptyObject();
  json["@type"] = url;
  if (!hasOwnJsonForm(desc)) {
    return Object.assign(json, readMessage(walk, desc, rest));
  }
  const value = rest.get("value");
  if (value === undefined || rest.size !== 1) {
    throw new JsonProblem(`has other members than "@type" and "value", expected these two`);
  }
  walk.path.push("value");
  json["value"] = readMessage(walk, desc, value);
  walk.path.pop();
  return json;
}

/** In an `Any` such a message is the member `value`; others are merged with `@type`. */
export function hasOwnJsonForm(desc: DescMessage): boolean {
  return specials.has(desc.typeName) || isWrapperDesc(desc);
}

function readStruct(walk: Walk, members: JsonObject): PlainObject {
  const json = emptyObject();
  for (const [name, node] of members) {
    walk.path.push({ key: name, isText: true });
    json[name] = readNested(walk, readValue, node);
    walk.path.pop();
  }
  return json;
}

function readValues(walk: Walk, nodes: readonly JsonNode[]): JsonValue[] {
  return readElements(walk, nodes, (node) => readNested(walk, readValue, node));
}

/** A separate message, as in the binary form. */
function readNested<Node extends JsonNode>(
  walk: Walk,
  read: (walk: Walk, node: Node) => JsonValue,
  node: Node,
): JsonValue {
  if (++walk.depth > depthMax) throw new JsonProblem(`nests deeper than ${depthMax} messages`);
  const json = read(walk, node);
  walk.depth--;
  return json;
}

function readValue(walk: Walk, node: JsonNode): JsonValue {
  if (node instanceof NumberText) return readScalar(ScalarType.DOUBLE, node);
  if (node === null || typeof node !== "object") return node;
  if (node instanceof Map) return readNested(walk, readStruct, node);
  return readNested(walk, readValues, arrayOf(node));
}

const fieldMaps = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** By JSON name, and by the name in the schema. */
function fieldsOf(desc: DescMessage): ReadonlyMap<string, DescField> {
  const known = fieldMaps.get(desc);
  if (known !== undefined) return known;
  const fields = new Map(desc.fields.map((field) => [field.name, field]));
  for (const field of desc.fields) fields.set(field.jsonName, field);
  fieldMaps.set(desc, fields);
  return fields;
}

function extensionOf(walk: Walk, desc: DescMessage, name: string): DescExtension | undefined {
  if (!name.startsWith("[") || !name.endsWith("]")) return undefined;
  const extension = walk.registry.getExtension(name.slice(1, -1));
  return extension?.extendee.typeName === desc.typeName ? extension : undefined;
}

interface EnumNumbers {
  readonly names: ReadonlySet<string>;
  readonly numbers: ReadonlySet<number>;
}

const enumNumbers = new WeakMap<DescEnum, EnumNumbers>();

function numbersOf(desc: DescEnum): EnumNumbers {
  const known = enumNumbers.get(desc);
  if (known !== undefined) return known;
  const numbers = {
    names: new Set(desc.values.flatMap(({ name, jsonName }) => [name, jsonName])),
    numbers: new Set(desc.values.map((value) => value.number)),
  };
  enumNumbers.set(desc, numbers);
  return numbers;
}

function objectOf(node: JsonNode, expected: string): JsonObject {
  if (node instanceof Map) return node;
  throw wrong(node, expected);
}

function arrayOf(node: JsonNode): readonly JsonNode[] {
  if (isArray(node)) return node;
  throw wrong(node, "an array");
}

function isArray(node: JsonNode): node is readonly JsonNode[] {
  return Array.isArray(node);
}

/** Without a prototype: a member may be named `__proto__`. */
function emptyObject(): PlainObject {
  return Object.create(null) as PlainObject;
}
