/** Schemas that tests register, and encoded messages of them. */

import {
  createFileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ask } from "../../support/http.ts";

export interface TestSchema {
  readonly id: number;
  readonly guid: string;
  /** Encodes a message of the schema. */
  encode(message: string, json: JsonValue): Uint8Array<ArrayBuffer>;
}

/** A schema with a watch, which has rules, and a strap; `more` adds fields to make it another schema. */
export function watchProto(more = ""): string {
  return `syntax = "proto3"; package acme.v1; import "buf/validate/validate.proto";
    message Watch {
      string id = 1 [(buf.validate.field).string.min_len = 4];
      uint32 bpm = 2 [(buf.validate.field).uint32 = { gte: 20, lte: 250 }];
      int64 steps = 3; bytes raw = 4; ${more}
    }
    message Strap { string colour = 1; message Hole { int32 at = 1; } }`;
}

/** Registers a schema as Confluent's clients do. */
export async function registerSchema(
  url: string,
  subject: string,
  schema: string,
): Promise<TestSchema> {
  const answer = await ask("POST", `${url}/subjects/${subject}/versions`, {
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schemaType: "PROTOBUF", schema }),
  });
  if (answer.status !== 200) throw new Error(`Cannot register ${subject}: ${answer.text}`);
  const { id, guid } = answer.json;
  const set = await fetch(`${url}/v1/schemas/${id}`);
  const files = createFileRegistry(
    fromBinary(FileDescriptorSetSchema, new Uint8Array(await set.arrayBuffer())),
  );
  return {
    id,
    guid,
    encode(message, json) {
      const desc = files.getMessage(message);
      if (desc === undefined) throw new Error(`The schema has no message ${message}`);
      return toBinary(desc, fromJson(desc, json, { registry: files }));
    },
  };
}

/** Confluent's frame in front of a payload, or alone, as a header's value. */
export function framed(
  id: number,
  indexes: readonly number[],
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(5);
  new DataView(head.buffer).setUint32(1, id);
  // Zigzag varints of one byte each.
  const isFirst = indexes.length === 1 && indexes[0] === 0;
  const numbers = isFirst ? [0] : [indexes.length, ...indexes].map((index) => index * 2);
  return Uint8Array.from([...head, ...numbers, ...payload]);
}
