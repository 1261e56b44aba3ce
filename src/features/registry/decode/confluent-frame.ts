// How a record names its schema: Confluent's wire format, in front of the payload or in a header.
//
//   0x00  id, u32 big-endian      message indexes  payload
//   0x01  GUID, 16 bytes          message indexes  payload
//
// Producers write the first form before the payload. With a header serializer they write the
// second one into the header `__value_schema_id` (`__key_schema_id` for keys), and the payload is
// the message alone. Indexes are zigzag varints: their count, then the path of the message among
// the file's; the path [0] is written as the count 0. See docs/registry.md.

import type { DescMessage } from "@bufbuild/protobuf";
import { Failure, quoted } from "../../../core/failure.ts";
import { varintBytes, WireCursor, writeVarint } from "../../../core/wire.ts";
import { messageOf, ownFile } from "../link/descriptors.ts";
import type { LinkedSchema } from "../link/linked.ts";

export const valueSchemaHeader = "__value_schema_id";

/** The name of a schema: its id in the registry, or its GUID as lower-case UUID text. */
export type SchemaRef = { readonly id: number } | { readonly guid: string };

export interface SchemaFrame {
  readonly schema: SchemaRef;
  /** The message in the schema's own file: its index, then that of the message nested in it, … */
  readonly indexes: readonly number[];
  /** The rest, not copied: the message, or nothing in a header. */
  readonly payload: Uint8Array;
}

/** The deepest nesting of messages. */
const indexesMax = 64;
const idMax = 2 ** 32 - 1;
const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether bytes begin like a frame. A bare protobuf message cannot: it would begin with field 0. */
export function isFramed(bytes: Uint8Array): boolean {
  return (bytes[0] === 0 && bytes.length > 5) || (bytes[0] === 1 && bytes.length > 17);
}

/** Parses a framed payload or a header's value. Throws `invalid`. */
export function parseFrame(bytes: Uint8Array): SchemaFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (bytes[0]) {
    case 0: {
      if (bytes.length < 5) {
        refuse(`it has ${bytes.length} bytes, expected an id of 4 after the first`);
      }
      return frame(bytes, { id: view.getUint32(1) }, 5);
    }
    case 1: {
      if (bytes.length < 17) {
        refuse(`it has ${bytes.length} bytes, expected a GUID of 16 after the first`);
      }
      return frame(bytes, { guid: guidFromBytes(bytes.subarray(1, 17)) }, 17);
    }
    case undefined:
      return refuse("it is empty, expected 0x00 and an id or 0x01 and a GUID");
    default:
      return refuse(`it begins with 0x${hex(bytes[0] ?? 0)}, expected 0x00 or 0x01`);
  }
}

/** Renders a frame; with an empty payload, a header's value. Throws `invalid`. */
export function renderFrame({ schema, indexes, payload }: SchemaFrame): Uint8Array {
  const head = "id" in schema ? idBytes(schema.id) : guidBytes(schema.guid);
  const first = indexes.length === 1 && indexes[0] === 0;
  // Zigzag of what is never negative: twice the number.
  const numbers = (first ? [0] : [indexes.length, ...indexes]).map((index) => index * 2);
  const indexBytes = numbers.reduce((sum, number) => sum + varintBytes(number), 0);
  const bytes = new Uint8Array(head.length + indexBytes + payload.length);
  bytes.set(head);
  let at = head.length;
  for (const number of numbers) at = writeVarint(bytes, at, number);
  bytes.set(payload, at);
  return bytes;
}

/**
 * The full name of the message at `indexes`. They count messages as in the source: map entries, which
 * compilers add, have no index. Throws `invalid` where there is no such message.
 */
export function messageNameAt(schema: LinkedSchema, indexes: readonly number[]): string {
  let siblings: readonly DescMessage[] = ownFile(schema).messages;
  let message: DescMessage | undefined;
  for (const index of indexes) {
    message = siblings[index];
    if (message === undefined) {
      throw new Failure(
        "invalid",
        `Cannot find message [${indexes.join(", ")}] of "${schema.file}": index ${index} is one of ${siblings.length}`,
      );
    }
    siblings = message.nestedMessages;
  }
  if (message === undefined) {
    throw new Failure("invalid", `Cannot find message [] of "${schema.file}": there is no index`);
  }
  return message.typeName;
}

/** The reverse. Throws `not_found` for a message outside of the schema's own file. */
export function messageIndexesOf(schema: LinkedSchema, name: string): readonly number[] {
  const indexes: number[] = [];
  let message = messageOf(schema, name);
  for (;;) {
    const { parent, file } = message;
    if (file.proto.name !== schema.file) {
      throw new Failure(
        "not_found",
        `Cannot frame ${quoted(name)}: it is of "${file.proto.name}", expected a message of "${schema.file}"`,
      );
    }
    indexes.unshift((parent?.nestedMessages ?? file.messages).indexOf(message));
    if (parent === undefined) return indexes;
    message = parent;
  }
}

function frame(bytes: Uint8Array, schema: SchemaRef, start: number): SchemaFrame {
  const cursor = new WireCursor(
    bytes,
    start,
    bytes.byteLength,
    "the message indexes of the schema's frame",
  );
  const count = readIndex(cursor);
  if (count < 0 || count > indexesMax) {
    refuse(`it has ${count} message indexes, expected 0 to ${indexesMax}`);
  }
  const indexes = count === 0 ? [0] : Array.from({ length: count }, () => readIndex(cursor));
  const negative = indexes.find((index) => index < 0);
  if (negative !== undefined) refuse(`it has the message index ${negative}, expected 0 or more`);
  return { schema, indexes, payload: bytes.subarray(cursor.at) };
}

/** Zigzag, of 32 bits. */
function readIndex(cursor: WireCursor): number {
  const value = cursor.varint();
  if (value > 0xffff_ffff) refuse("a message index is larger than 32 bits");
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function idBytes(id: number): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id > idMax) {
    throw new Failure("invalid", `Cannot frame with schema id ${id}: expected 0 to ${idMax}`);
  }
  const bytes = new Uint8Array(5);
  new DataView(bytes.buffer).setUint32(1, id);
  return bytes;
}

function guidBytes(guid: string): Uint8Array {
  if (!guidPattern.test(guid)) {
    throw new Failure(
      "invalid",
      `Cannot frame with GUID ${quoted(guid)}: expected a lower-case UUID`,
    );
  }
  return Uint8Array.of(1, ...Uint8Array.fromHex(guid.replaceAll("-", "")));
}

function guidFromBytes(bytes: Uint8Array): string {
  return bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function refuse(reason: string): never {
  throw new Failure("invalid", `Cannot read the schema's frame: ${reason}`);
}
