import { expect, test } from "bun:test";
import { fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import type { LogRecord, StoredRecord } from "../../../core/record.ts";
import { SubscribeResponseSchema } from "../../../gen/sluice/v1/consumer_pb.ts";
import { Chunk } from "../../../hub/chunk.ts";
import { binaryFormat, grpcFormat, jsonFormat } from "./subscribe-format.ts";

const utf8 = new TextEncoder();
const epoch = 1_795_273_219_764;

function stored(sequence: number, record: Partial<LogRecord> = {}, index = 0): StoredRecord {
  return {
    record: {
      value: utf8.encode(`{"n":${sequence}}`),
      key: "",
      contentType: "application/json",
      schemaId: 0,
      timeNs: 1_795_273_219_764_582_001n,
      ...record,
    },
    position: { epoch, sequence, index },
    receivedNs: 1_795_273_219_770_303_007n + BigInt(sequence),
  };
}

function bigEndian(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}

const records = [
  stored(1),
  stored(2, { key: "käse", schemaId: 70_000, contentType: "application/protobuf" }),
  stored(3, { value: new Uint8Array(0), contentType: "application/octet-stream" }, 7),
  stored(4, { value: new Uint8Array(300).fill(0xab), timeNs: -1n }),
  stored(5, { headers: { trace: utf8.encode("00-1"), __proto: new Uint8Array([0, 255]) } }),
  stored(Number.MAX_SAFE_INTEGER, { value: new Uint8Array(70_000) }, 2 ** 31 - 1),
];

for (const taken of [0, 1, 2, records.length]) {
  test(`the bytes of ${taken} records are those that the generated code writes`, () => {
    const through = { epoch, sequence: 9, index: 0 };
    const chunk = new Chunk("t", undefined, records.slice(0, taken), through);
    const bytes = toBinary(SubscribeResponseSchema, binaryFormat.render(chunk));
    const read = fromBinary(SubscribeResponseSchema, bytes);
    const expected = jsonFormat.render(chunk);
    expect(read.records).toHaveLength(taken);
    expect(read.$unknown).toBeUndefined();
    expect(toJson(SubscribeResponseSchema, read)).toEqual(
      toJson(SubscribeResponseSchema, expected),
    );
    const framed = grpcFormat.render(chunk);
    expect([...framed.subarray(0, 5)]).toEqual([0, ...bigEndian(framed.byteLength - 5)]);
    const unframed = fromBinary(SubscribeResponseSchema, framed.subarray(5));
    expect(toJson(SubscribeResponseSchema, unframed)).toEqual(
      toJson(SubscribeResponseSchema, expected),
    );
  });
}

test("a chunk is rendered once for all its subscribers", () => {
  const chunk = new Chunk("t", undefined, records, { epoch, sequence: 9, index: 0 });
  expect(chunk.as(binaryFormat)).toBe(chunk.as(binaryFormat));
});
