/** Records as `checkRecord` sees them, beside what readers of the log make of them. */

import { expect, test } from "bun:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { decodeFrame, FRAME_RECORDS } from "../core/frame.ts";
import { endType } from "../core/record.ts";
import { WireCursor } from "../core/wire.ts";
import { RecordSchema } from "../gen/sluice/v1/record_pb.ts";
import { checkRecord } from "./wire.ts";

const limits = { recordBytesMax: 100, keyBytesMax: 10, headersMax: 3, batchRecordsMax: 9 };

function checkBytes(bytes: Uint8Array) {
  // There are other bytes around it.
  const around = Uint8Array.from([0xff, ...bytes, 0xff]);
  return checkRecord(new WireCursor(around, 1, 1 + bytes.byteLength), limits);
}

function check(record: MessageInitShape<typeof RecordSchema>) {
  const issue = checkBytes(toBinary(RecordSchema, create(RecordSchema, record)));
  return issue === undefined ? undefined : [issue.code, issue.field];
}

const header = (name: string) => ({ [name]: Uint8Array.of(0xff) });

test("at each limit it is taken, past it refused", () => {
  expect(check({})).toBeUndefined();
  expect(check({ value: new Uint8Array(100) })).toBeUndefined();
  expect(check({ value: new Uint8Array(101) })).toEqual(["too_large", "value"]);
  expect(check({ key: Buffer.from("é".repeat(5)) })).toBeUndefined();
  expect(check({ key: Buffer.from("é".repeat(5) + "x") })).toEqual(["too_large", "key"]);
  expect(check({ headers: { ...header("a"), ...header("b"), ...header("c") } })).toBeUndefined();
  const four = { ...header("a"), ...header("b"), ...header("c"), ...header("d") };
  expect(check({ headers: four })).toEqual(["too_large", "headers"]);
  expect(check({ contentType: "x".repeat(255) })).toBeUndefined();
  expect(check({ contentType: "x".repeat(256) })).toEqual(["too_large", "content_type"]);
  expect(check({ schemaId: 2 ** 31 - 1, timeNs: -1n })).toBeUndefined();
  expect(check({ schemaId: 2 ** 31 })).toEqual(["invalid", "schema_id"]);
});

test("what must be text is UTF-8; the internal content type is refused", () => {
  expect(check({ key: Uint8Array.of(0xc3) })).toEqual(["invalid", "key"]);
  expect(check({ contentType: endType })).toEqual(["invalid", "content_type"]);
  expect(check({ contentType: `${endType}x` })).toBeUndefined();
  // Not UTF-8, in field 4 and in the name of a header.
  expect(checkBytes(Uint8Array.of(0x22, 1, 0xff))?.field).toBe("content_type");
  expect(checkBytes(Uint8Array.of(0x32, 3, 0x0a, 1, 0xff))?.field).toBe("headers");
});

test("whatever is cut out of a record: what passes can be read again", () => {
  const whole = toBinary(
    RecordSchema,
    create(RecordSchema, {
      value: Buffer.from("value"),
      key: Buffer.from("key"),
      schemaId: 300,
      contentType: "text/plain",
      timeNs: 5n,
      headers: { ...header("name"), ...header("other") },
    }),
  );
  let passed = 0;
  for (let from = 0; from <= whole.byteLength; from++) {
    for (let to = from; to <= whole.byteLength; to++) {
      const bytes = whole.subarray(from, to);
      if (checkBytes(bytes) !== undefined) continue;
      passed++;
      const frame = Uint8Array.from([FRAME_RECORDS, bytes.byteLength, ...bytes]);
      expect(decodeFrame(frame).length).toBe(1);
    }
  }
  expect(passed).toBeGreaterThan(10);
});
