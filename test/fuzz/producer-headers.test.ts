// Fuzzes what is read by hand of what producers send: the head of a message, its records, and the
// headers that a record has in NATS. The references are protobuf-es and what was written.

import { expect } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Msg, MsgImpl } from "@nats-io/transport-node";
import { Failure } from "../../src/core/failure.ts";
import { decodeFrame } from "../../src/core/frame.ts";
import { WireCursor } from "../../src/core/wire.ts";
import { PublishRequestSchema } from "../../src/gen/sluice/v1/collector_pb.ts";
import { Ack, RecordSchema } from "../../src/gen/sluice/v1/record_pb.ts";
import { defaultIngestLimits } from "../../src/ingest/limits.ts";
import { readHead } from "../../src/ingest/request.ts";
import { checkRecord } from "../../src/ingest/wire.ts";
import {
  parseRecordHeaders,
  readHeaders,
  renderRecordHeaders,
} from "../../src/log/jetstream/headers.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";

const texts = [
  "a",
  "Z",
  "0",
  " ",
  "\t",
  "\r\n",
  ":",
  "=",
  "%",
  "%41",
  "\0",
  "é",
  "日",
  "🦊",
  "\ufeff",
];
const names = [
  ...["traceparent", "Nats-Msg-Id", "Content-Type", "Sluice-Frame", "sluice-header", "__proto__"],
  ...["constructor", "", "a b", "a:b", "é", "\ufeff", "x\r\ny: z"],
];
const limits = { ...defaultIngestLimits, keyBytesMax: 64, headersMax: 4, recordBytesMax: 256 };
const utf8 = new TextEncoder();

function textOf(random: FuzzRandom, lengthMax: number): Uint8Array {
  return random.chance(0.1) ? random.bytes(lengthMax) : utf8.encode(random.text(texts, lengthMax));
}

/** A field of a number that no message has. */
function writeUnknown(random: FuzzRandom, writer: BinaryWriter): void {
  const number = random.pick([15, 16, 2047, 2 ** 29 - 1]);
  const kind = random.int(4);
  if (kind === 0) {
    writer.tag(number, WireType.Varint).uint64(random.pick([0n, 300n, 2n ** 64n - 1n]));
  } else if (kind === 1) writer.tag(number, WireType.Bit64).fixed64(7n);
  else if (kind === 2) writer.tag(number, WireType.LengthDelimited).bytes(random.bytes(12));
  else writer.tag(number, WireType.Bit32).fixed32(7);
}

/** A varint with more bytes than it needs, as some encoders write lengths that they fill in later. */
function paddedVarint(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => {
    const part = Number((value >> BigInt(7 * index)) & 0x7fn);
    return index === bytes - 1 ? part : part | 0x80;
  });
}

function writeVarint(
  random: FuzzRandom,
  writer: BinaryWriter,
  number: number,
  value: bigint,
): void {
  writer.tag(number, WireType.Varint);
  if (random.chance(0.2)) writer.raw(paddedVarint(value, 10));
  else writer.uint64(value);
}

const sequences = [
  0n,
  1n,
  127n,
  128n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
];

function writeProducer(random: FuzzRandom, writer: BinaryWriter): void {
  for (const write of random.list(4, () => random.int(4))) {
    if (write === 0) {
      writer.tag(1, WireType.LengthDelimited).bytes(textOf(random, random.chance(0.1) ? 200 : 12));
    } else if (write === 1) writeVarint(random, writer, 2, random.pick(sequences));
    else if (write === 2) writeVarint(random, writer, 3, random.pick(sequences));
    else writeUnknown(random, writer);
  }
}

function headBytes(random: FuzzRandom): Uint8Array {
  const writer = new BinaryWriter();
  for (const write of random.list(6, () => random.int(5))) {
    if (write === 0) {
      // Its fields are not read here.
      writer.tag(1, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).bytes(random.bytes(20)).join();
    } else if (write === 1) writer.tag(2, WireType.LengthDelimited).bytes(textOf(random, 10));
    else if (write === 2) {
      writer.tag(3, WireType.LengthDelimited).fork();
      writeProducer(random, writer);
      writer.join();
    } else if (write === 3) writeVarint(random, writer, 4, BigInt(random.int(3)));
    else writeUnknown(random, writer);
  }
  return writer.finish();
}

function writeRecord(random: FuzzRandom, writer: BinaryWriter): void {
  for (const write of random.list(8, () => random.int(8))) {
    if (write === 0) {
      writer.tag(1, WireType.LengthDelimited).bytes(random.bytes(random.chance(0.05) ? 400 : 20));
    } else if (write === 1) {
      writer.tag(2, WireType.LengthDelimited).bytes(textOf(random, random.chance(0.1) ? 80 : 8));
    } else if (write === 2) writeVarint(random, writer, 3, random.pick(sequences));
    else if (write === 3) writer.tag(4, WireType.LengthDelimited).bytes(textOf(random, 8));
    else if (write === 4) writer.tag(5, WireType.Bit64).sfixed64(BigInt(random.int(2 ** 31)));
    else if (write === 5) writeUnknown(random, writer);
    else writeHeader(random, writer);
  }
}

function writeHeader(random: FuzzRandom, writer: BinaryWriter): void {
  writer.tag(6, WireType.LengthDelimited).fork();
  for (const part of random.list(3, () => random.int(3))) {
    if (part === 0) writer.tag(1, WireType.LengthDelimited).bytes(nameOf(random));
    else if (part === 1) writer.tag(2, WireType.LengthDelimited).bytes(random.bytes(8));
    else writeUnknown(random, writer);
  }
  writer.join();
}

function nameOf(random: FuzzRandom): Uint8Array {
  return random.chance(0.5) ? utf8.encode(random.pick(names)) : textOf(random, 6);
}

/** What `read` gives; undefined where it refuses. Any other error is a fault. */
function accepted<Value>(read: () => Value): { readonly value: Value } | undefined {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(["invalid", "too_large"]).toContain(error.code);
    return undefined;
  }
}

function decoded<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

fuzz("the head of a message is what protobuf-es reads", { cases: 20_000 }, (random) => {
  const bytes = headBytes(random);
  const read = accepted(() => readHead(bytes, 0, bytes.byteLength, 10_000));
  const expected = decoded(() => fromBinary(PublishRequestSchema, bytes));
  if (read === undefined) {
    // Refused: it cannot be decoded, or is past a bound.
    const { id = "", sequence = 0n } = expected?.producer ?? {};
    const isPast = utf8.encode(id).byteLength > 128 || sequence > BigInt(Number.MAX_SAFE_INTEGER);
    expect(expected === undefined || isPast).toBe(true);
    return;
  }
  if (expected === undefined) throw new Error("Cannot accept what protobuf-es refuses");
  const { value: head } = read;
  expect(head?.topic ?? "").toBe(expected.topic);
  expect(head?.ack === "received").toBe(expected.ack === Ack.RECEIVED);
  const { producer } = expected;
  expect(head?.producer).toEqual(
    producer === undefined
      ? undefined
      : { id: producer.id, epoch: producer.epoch, sequence: Number(producer.sequence) },
  );
});

fuzz("a record that is accepted is stored as protobuf-es reads it", { cases: 20_000 }, (random) => {
  const writer = new BinaryWriter();
  writeRecord(random, writer);
  const bytes = writer.finish();
  const issue = checkRecord(new WireCursor(bytes), limits);
  const expected = decoded(() => fromBinary(RecordSchema, bytes));
  if (issue !== undefined) return;
  if (expected === undefined) throw new Error("Cannot accept what protobuf-es refuses");
  const frame = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(bytes).finish();
  const [record, ...others] = decodeFrame(frame, 5n);
  expect(others).toEqual([]);
  expect(record?.key).toBe(new TextDecoder("utf-8", { ignoreBOM: true }).decode(expected.key));
  expect(record?.schemaId).toBe(expected.schemaId);
  expect(record?.timeNs).toBe(expected.timeNs === 0n ? 5n : expected.timeNs);
  expect(Buffer.from(record?.value ?? [])).toEqual(Buffer.from(expected.value));
  if (expected.contentType !== "") expect(record?.contentType).toBe(expected.contentType);
  expect(plain(record?.headers ?? {})).toEqual(plain(expected.headers));
});

function plain(headers: Readonly<Record<string, Uint8Array>>): [string, string][] {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => [name, Buffer.from(value).toString("base64")])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

fuzz("damaged messages are refused, or read within their bounds", { cases: 20_000 }, (random) => {
  const bytes = damaged(random, headBytes(random));
  accepted(() => readHead(bytes, 0, bytes.byteLength, 100));
  const writer = new BinaryWriter();
  writeRecord(random, writer);
  const record = damaged(random, writer.finish());
  if (checkRecord(new WireCursor(record), limits) !== undefined) return;
  const frame = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(record).finish();
  const [read, ...others] = decodeFrame(frame);
  expect(others).toEqual([]);
  expect(utf8.encode(read?.key).byteLength).toBeLessThanOrEqual(limits.keyBytesMax);
});

fuzz("headers come back from NATS as they were", { cases: 20_000 }, (random) => {
  const headers: { [name: string]: Uint8Array } = Object.create(null);
  for (const name of random.list(5, () => new TextDecoder().decode(nameOf(random)))) {
    headers[name] = random.chance(0.5) ? textOf(random, 10) : utf8.encode(random.text("ab: ,", 8));
  }
  const block = utf8.encode(`NATS/1.0\r\n${renderRecordHeaders(headers)}\r\n`);
  const message = new MsgImpl(
    { subject: utf8.encode("s"), sid: 1, hdr: block.byteLength, size: block.byteLength },
    block,
    { publish: () => {} },
  );
  // The library's own types do not fit each other where optional members must not be undefined.
  const { status, lines } = readHeaders(message as Msg);
  expect(status).toBe(0);
  expect(plain(parseRecordHeaders(lines) ?? {})).toEqual(plain(headers));
});
