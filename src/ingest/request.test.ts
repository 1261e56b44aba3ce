import { expect, test } from "bun:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CollectRequestSchema } from "../gen/sluice/v1/collector_pb.ts";
import { Ack } from "../gen/sluice/v1/record_pb.ts";
import { readHead } from "./request.ts";

function headOf(request: MessageInitShape<typeof CollectRequestSchema>) {
  const bytes = toBinary(CollectRequestSchema, create(CollectRequestSchema, request));
  return readHead(bytes, 0, bytes.byteLength, recordsMax);
}

const recordsMax = 10;
const records = [{ value: Uint8Array.of(1, 2, 3) }, {}];

test("a message that has only records has no head", () => {
  expect(headOf({})).toBeUndefined();
  expect(headOf({ records })).toBeUndefined();
});

test("topic, producer and ack, as protobuf writes them", () => {
  const producer = { id: "p", epoch: 2 ** 31, sequence: 2n ** 53n - 1n };
  expect(headOf({ records, topic: "t", producer, ack: Ack.RECEIVED })).toEqual({
    topic: "t",
    producer: { id: "p", epoch: 2 ** 31, sequence: 2 ** 53 - 1 },
    ack: "received",
  });
  expect(headOf({ ack: Ack.DURABLE })).toMatchObject({ topic: undefined, ack: "durable" });
  expect(headOf({ producer: {} })?.producer).toEqual({ id: "", epoch: 0, sequence: 0 });
});

test("only the bytes between the bounds are read, and unknown fields are skipped", () => {
  const own = toBinary(CollectRequestSchema, create(CollectRequestSchema, { topic: "inner" }));
  // Field 15 as a varint, as fixed 64, as bytes, as fixed 32.
  const unknown = [0x78, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 1, 9, 0x7d, 1, 2, 3, 4];
  const bytes = Uint8Array.from([0xff, 0xff, ...unknown, ...own, 0xff]);
  expect(readHead(bytes, 2, bytes.byteLength - 1, recordsMax)?.topic).toBe("inner");
});

test("what cannot be is refused by name", () => {
  expect(() => headOf({ producer: { id: "i".repeat(129) } })).toThrow(
    "Cannot use producer id: it has 129 bytes, expected 1 to 128 bytes",
  );
  expect(() => headOf({ producer: { id: "p", sequence: 2n ** 53n } })).toThrow(
    "Cannot use producer sequence",
  );
});

test("bytes that are not a message are invalid, wherever they end", () => {
  const whole = toBinary(
    CollectRequestSchema,
    create(CollectRequestSchema, {
      records,
      topic: "topic",
      producer: { id: "p", sequence: 300n },
    }),
  );
  let refused = 0;
  for (let to = 1; to < whole.byteLength; to++) {
    try {
      readHead(whole, 0, to, recordsMax);
    } catch (error) {
      expect(error).toMatchObject({ code: "invalid" });
      refused++;
    }
  }
  // It may end behind each of its four fields, and nowhere else.
  expect(refused).toBe(whole.byteLength - 1 - 3);
  for (const bytes of [
    [0x0f, 1],
    [0x02, 1],
    [0x12, 1, 0xff],
    [0x78, ...Array.from({ length: 10 }, () => 0xff), 1],
  ]) {
    expect(() => readHead(Uint8Array.from(bytes), 0, bytes.length, recordsMax)).toThrow(
      "Cannot decode",
    );
  }
});

test("too many records are refused before any is taken, empty ones included", () => {
  const empty = Array.from({ length: recordsMax }, () => ({}));
  expect(headOf({ records: empty })).toBeUndefined();
  expect(() => headOf({ records: [...empty, {}] })).toThrow(
    "Cannot take a message of more than 10 records: send them in several (SLUICE_BATCH_RECORDS_MAX)",
  );
});
