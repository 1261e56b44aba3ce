import { expect, test } from "bun:test";
import { Batch } from "../../core/batch.ts";
import { failureFrom } from "../../core/failure.ts";
import type { LogRecord, StoredRecord } from "../../core/record.ts";
import type { Layout } from "../../core/topic.ts";
import { entriesFromBatch, type Entry, positionInEntry, recordsFromEntry } from "./entry.ts";
import type { HeaderLines } from "./headers.ts";
import { subjectFromTopic } from "./subject.ts";

const root = subjectFromTopic("t");
const utf8 = new TextEncoder();
const payloadBytesMax = 1024 ** 2;

function record(fields: Partial<LogRecord> = {}): LogRecord {
  const plain = { key: "", contentType: "application/json", schemaId: 0, timeNs: 7n };
  return { value: utf8.encode("{}"), ...plain, ...fields };
}

function entriesOf(layout: Layout, records: readonly LogRecord[]): Entry[] {
  const given = { bytesMax: payloadBytesMax, nowNs: 9n };
  return entriesFromBatch(root, layout, Batch.of(records), given);
}

/** As the server returns it. */
function stored(entry: Entry, sequence = 5): StoredRecord[] {
  return recordsFromEntry(root, 1, {
    sequence,
    receivedNs: 9n,
    subject: entry.subject,
    headers: linesOf(entry.headers),
    payload: entry.payload,
  });
}

function linesOf(block: string): HeaderLines {
  return block
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
}

function headersOf(each: StoredRecord | undefined): [string, Uint8Array][] {
  return Object.entries(each?.record.headers ?? {});
}

test("a plain record is a plain message: its value, and headers that any client can read", () => {
  const headers = { traceparent: utf8.encode("00-abc-def-01") };
  const [entry] = entriesOf("records", [record({ key: "k", headers, schemaId: 3 })]);
  expect(entry?.subject).toBe("sluice.t.k");
  expect(new TextDecoder().decode(entry?.payload)).toBe("{}");
  expect(entry?.headers).toBe(
    "Content-Type: application/json\r\nSluice-Time: 7\r\nSluice-Schema: 3\r\ntraceparent: 00-abc-def-01\r\n",
  );
});

test("headers that do not fit a line also come back", () => {
  const headers = {
    "Nats-Msg-Id": utf8.encode("mine"),
    "content-type": utf8.encode("mine"),
    "sluice-frame": utf8.encode("2"),
    "Sluice-Header": utf8.encode("a=b"),
    "a:b\r\nc": utf8.encode("x"),
    "": utf8.encode("no name"),
    outer: utf8.encode(" spaces "),
    lines: utf8.encode("a\r\nb"),
    bytes: Uint8Array.of(0, 255, 128),
    empty: new Uint8Array(0),
    long: new Uint8Array(9_000).fill(65),
  };
  const given = { ...headers, ...JSON.parse('{"__proto__":0}') };
  for (const name in given) if (given[name] === 0) given[name] = utf8.encode("p");
  const [entry] = entriesOf("records", [record({ headers: given })]);
  if (entry === undefined) throw new Error("no entry");
  const [back] = stored(entry);
  expect(new Map(headersOf(back))).toEqual(new Map(Object.entries(given)));
});

test("a record that fits no header block is stored as a frame of one, under its own subject", () => {
  const odd = [
    record({ contentType: "text/plän" }),
    record({ headers: { huge: new Uint8Array(100_000) } }),
    record({ key: "🔑".repeat(200) }),
  ];
  for (const each of odd) {
    const [entry] = entriesOf("records", [each]);
    if (entry === undefined) throw new Error("no entry");
    expect(entry.headers).toBe("Sluice-Frame: 1\r\n");
    const [back] = stored(entry);
    expect(back?.record.key).toBe(each.key);
    expect(back?.record.contentType).toBe(each.contentType);
    expect(headersOf(back).length).toBe(Object.keys(each.headers ?? {}).length);
    expect(back?.position).toEqual({ epoch: 1, sequence: 5, index: 0 });
  }
});

test("any message of another client is a record", () => {
  const payload = utf8.encode("hello");
  const read = (headers: HeaderLines, subject = root) =>
    recordsFromEntry(root, 1, { sequence: 2, receivedNs: 9n, subject, headers, payload })[0]
      ?.record;
  expect(read([])).toEqual({
    value: payload,
    key: "",
    contentType: "application/octet-stream",
    schemaId: 0,
    timeNs: 9n,
  });
  expect(read([["content-type", "text/plain"]])?.contentType).toBe("text/plain");
  expect(read([["Sluice-Time", "soon"]])?.timeNs).toBe(9n);
  expect(read([["Sluice-Frame", "3"]])?.value).toEqual(payload);
  expect(read([["Nats-Msg-Id", "x"]])?.headers).toBeUndefined();
  expect(read([], `${root}.caf%C3%A9`)?.key).toBe("café");
});

test("frames are split before they are too large, and a record that is too large is refused", () => {
  const records = Array.from({ length: 40 }, (_, i) =>
    record({ value: new Uint8Array(100_000).fill(i) }),
  );
  const entries = entriesOf("frames", records);
  expect(entries.length).toBeGreaterThan(3);
  for (const entry of entries) expect(entry.payload.byteLength).toBeLessThan(payloadBytesMax);
  expect(entries.reduce((sum, entry) => sum + entry.count, 0)).toBe(40);
  expect(entries.flatMap((entry) => stored(entry)).map((each) => each.record.value[0])).toEqual(
    records.map((_, i) => i),
  );
  // Keys of three bytes a character, of which the first estimate assumes one.
  const keyed = Array.from({ length: 20 }, () => record({ key: "€".repeat(100_000) }));
  for (const entry of entriesOf("frames", keyed)) {
    expect(entry.payload.byteLength).toBeLessThan(payloadBytesMax);
  }
  for (const layout of ["records", "frames"] as const) {
    const large = record({ value: new Uint8Array(payloadBytesMax) });
    expect(() => entriesOf(layout, [large])).toThrow("bytes");
    try {
      entriesOf(layout, [large]);
    } catch (error) {
      expect(failureFrom(error).code).toBe("too_large");
    }
  }
});

test("positions of an entry lie between its neighbours' ends, the last is its own end", () => {
  expect([0, 1, 2].map((i) => positionInEntry(1, 5, i, 3))).toEqual([
    { epoch: 1, sequence: 4, index: 1 },
    { epoch: 1, sequence: 4, index: 2 },
    { epoch: 1, sequence: 5, index: 0 },
  ]);
});
