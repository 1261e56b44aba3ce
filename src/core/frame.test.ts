import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FrameSchema } from "../gen/sluice/v1/record_pb.ts";
import { Turns } from "./budget/turn.ts";
import { decodeFrame, encodeFrame, visitFrame } from "./frame.ts";
import type { LogRecord } from "./record.ts";

const utf8 = new TextEncoder();

const records: readonly LogRecord[] = [
  {
    value: utf8.encode('{"n":1}'),
    key: "web-1",
    contentType: "application/json",
    schemaId: 0,
    timeNs: 1n,
  },
  {
    value: new Uint8Array(0),
    key: "",
    contentType: "text/plain",
    schemaId: 2 ** 32 - 1,
    timeNs: -(2n ** 63n),
  },
  {
    value: new Uint8Array(70_000).fill(7),
    key: "ключ ✓",
    contentType: "a/b",
    schemaId: 300,
    timeNs: 2n ** 63n - 1n,
  },
  {
    value: new Uint8Array([0, 255, 10, 13]),
    key: "k".repeat(200),
    contentType: "application/protobuf",
    schemaId: 1,
    timeNs: 1_732_000_000_123_456_789n,
    headers: { trace: new Uint8Array([0, 1, 2]), empty: new Uint8Array(0), ключ: utf8.encode("✓") },
  },
];

describe("a frame", () => {
  test("comes back as it was, whichever way its values and texts are copied", () => {
    const sizes = [0, 1, 31, 32, 33, 63, 64, 65, 66, 127, 128, 1000];
    const texts = ["a", "é", "\u{1f600}", "\ufeff"];
    const made = sizes.flatMap((size) =>
      texts.map((text) => ({
        value: new Uint8Array(size).map((_, i) => i),
        key: text.repeat(Math.min(size, 70)),
        contentType: `a/${"b".repeat(size)}`,
        schemaId: size,
        timeNs: BigInt(size) - 2n,
        headers: { [`h${text}`]: new Uint8Array(size).fill(255) },
      })),
    );
    expect(decodeFrame(encodeFrame(made))).toEqual(made);
    const keys = fromBinary(FrameSchema, encodeFrame(made)).records.map(({ key }) => key);
    expect(keys).toEqual(made.map(({ key }) => utf8.encode(key)));
  });

  test("comes back as it was", () => {
    expect(decodeFrame(encodeFrame(records))).toEqual([...records]);
    expect(decodeFrame(encodeFrame([]))).toEqual([]);
  });

  test("has the wire form that the generated code reads", () => {
    const frame = fromBinary(FrameSchema, encodeFrame(records));
    expect(
      frame.records.map(({ value, schemaId, contentType, timeNs }) => ({
        value,
        schemaId,
        contentType,
        timeNs,
      })),
    ).toEqual(
      records.map(({ value, schemaId, contentType, timeNs }) => ({
        value,
        schemaId,
        contentType,
        timeNs,
      })),
    );
    expect(frame.records.map(({ key }) => new TextDecoder().decode(key))).toEqual(
      records.map(({ key }) => key),
    );
    expect(frame.records[3]?.headers).toEqual({ ...records[3]?.headers });
  });

  test("is read as the generated code writes it, unknown fields included", () => {
    const written = create(FrameSchema, {
      records: records.map(({ key, headers, ...record }) => ({
        ...record,
        key: utf8.encode(key),
        headers: { ...headers },
      })),
    });
    const bytes = toBinary(FrameSchema, written);
    expect(decodeFrame(bytes)).toEqual([...records]);
    // Field 15 of each wire type, before and after.
    const unknown = [0x78, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 2, 9, 9, 0x7d, 1, 2, 3, 4];
    expect(decodeFrame(new Uint8Array([...unknown, ...bytes, ...unknown]))).toEqual([...records]);
  });

  test("keeps a header that is called like a prototype", () => {
    const headers: { [name: string]: Uint8Array } = Object.create(null);
    headers["__proto__"] = new Uint8Array([1]);
    const [first] = records;
    if (first === undefined) throw new Error("there is no record");
    const [decoded] = decodeFrame(encodeFrame([{ ...first, headers }]));
    expect(Object.entries(decoded?.headers ?? {})).toEqual([["__proto__", new Uint8Array([1])]]);
  });

  test("that is cut off anywhere is refused, or read up to a record's end", () => {
    const bytes = encodeFrame(records.slice(0, 2));
    let whole = 0;
    for (let length = 0; length < bytes.byteLength; length++) {
      try {
        whole += decodeFrame(bytes.subarray(0, length)).length;
      } catch (error) {
        expect(String(error)).toContain("Cannot decode frame");
      }
    }
    // Only the cuts at nothing and behind the first record are frames.
    expect(whole).toBe(1);
  });
});

describe("a frame that is visited in turns", () => {
  const visitAll = async (bytes: Uint8Array, key?: string) => {
    const found: [number, LogRecord][] = [];
    const turn = new Turns().open();
    const count = await visitFrame(bytes, { turn, unstampedNs: 7n, key }, (record, i) => {
      found.push([i, record]);
    });
    return { count, found };
  };

  test("has the records that decoding has, and of a key those that have it", async () => {
    const keys = ["", "a", "ab", "b", "é", "\ufeffa"];
    const records = Array.from({ length: 500 }, (_, i) => ({
      value: new Uint8Array(i % 3),
      key: keys[i % keys.length] ?? "",
      contentType: "text/plain",
      schemaId: 0,
      timeNs: BigInt(i),
    }));
    const bytes = encodeFrame(records);
    const decoded = decodeFrame(bytes, 7n);
    const all = await visitAll(bytes);
    expect(all.found.map(([, record]) => record)).toEqual(decoded);
    for (const key of [...keys, "absent", "\ufffd"]) {
      const { count, found } = await visitAll(bytes, key);
      expect(count).toBe(500);
      const expected = decoded.flatMap((record, i) => (record.key === key ? [[i, record]] : []));
      expect(found as unknown[]).toEqual(expected);
    }
  });

  test("takes the last key of a record that has several, as decoding does, and keys that are not UTF-8", async () => {
    const record = (...keys: number[][]) => {
      const fields = keys.flatMap((key) => [0x12, key.length, ...key]);
      return [0x0a, fields.length, ...fields];
    };
    const bytes = Uint8Array.from([...record([97], [98]), ...record([0xff]), ...record()]);
    for (const [key, index] of [
      ["b", 0],
      ["\ufffd", 1],
      ["", 2],
    ] as const) {
      expect((await visitAll(bytes, key)).found.map(([i]) => i)).toEqual([index]);
    }
    expect((await visitAll(bytes, "a")).found).toEqual([]);
  });

  test("is refused where it is malformed, whichever key is looked for", async () => {
    for (const bytes of [[0x0a, 5, 0x12], [0x0a, 2, 0x12, 9], [0x00], [0x0a, 1, 0x07]]) {
      for (const key of [undefined, "a"]) {
        const visiting = visitAll(Uint8Array.from(bytes), key);
        await expect(visiting).rejects.toMatchObject({ code: "invalid" });
      }
    }
  });
});
