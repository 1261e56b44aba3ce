import { describe, expect, test } from "bun:test";
import { endType, jsonType, recordBytes, type StoredRecord } from "../core/record.ts";
import type { Sent } from "../core/sink.ts";
import { Channel, chunksOf, type Receiver } from "./channel.ts";
import { Chunk, type Format } from "./chunk.ts";
import { createHubCounts } from "./counts.ts";

function stored(sequence: number, contentType = jsonType): StoredRecord {
  const value = new Uint8Array(36);
  const record = { value, key: "a", contentType, schemaId: 0, timeNs: 0n };
  return { record, position: { epoch: 7, sequence, index: 0 }, receivedNs: 0n };
}

const size = recordBytes(stored(1).record);
const through = { epoch: 7, sequence: 99, index: 0 };

/** Each chunk as the sequences in it, and where it ends. */
function cut(key: string | undefined, records: StoredRecord[], bytesMax: number) {
  return [...chunksOf(new Channel("t", key, 0, createHubCounts()), records, through, bytesMax)].map(
    (chunk) => [chunk.records.map(({ position }) => position.sequence), chunk.through.sequence],
  );
}

describe("chunks", () => {
  test("of what fits are one, which ends at the reader's position", () => {
    expect(cut("a", [stored(1), stored(2)], size * 2)).toEqual([[[1, 2], 99]]);
  });

  test("are cut at their bytes, each ending at its last record", () => {
    const records = [1, 2, 3, 4, 5].map((sequence) => stored(sequence));
    expect(cut("a", records, size * 2)).toEqual([
      [[1, 2], 2],
      [[3, 4], 4],
      [[5], 99],
    ]);
  });

  test("hold at least one record, however large", () => {
    expect(cut("a", [stored(1), stored(2)], 1)).toEqual([
      [[1], 1],
      [[2], 99],
    ]);
  });

  test("of a key are cut behind its end", () => {
    const records = [stored(1), stored(2, endType), stored(3), stored(4, endType)];
    expect(cut("a", records, size * 9)).toEqual([
      [[1, 2], 2],
      [[3, 4], 99],
    ]);
  });

  test("of a whole topic know no end", () => {
    expect(cut(undefined, [stored(1, endType), stored(2)], size * 9)).toEqual([[[1, 2], 99]]);
  });
});

test("a flush delivers one chunk to all live subscriptions, and says when it is the last", () => {
  const channel = new Channel("t", "a", 0, createHubCounts());
  const got: [Chunk, boolean][] = [];
  for (let i = 0; i < 3; i++) {
    channel.addLive(receiver((chunk: Chunk, ends: boolean) => void got.push([chunk, ends])));
  }
  channel.pending = [stored(1), stored(2, endType)];
  channel.flush(through);
  expect(got).toHaveLength(3);
  expect(new Set(got.map(([chunk]) => chunk)).size).toBe(1);
  expect(got.every(([, ends]) => ends)).toBe(true);
  expect(channel.pending).toEqual([]);
});

test("bytes go straight into the sinks of members that have one; another answer than sent reaches its member", () => {
  const channel = new Channel("t", "a", 0, createHubCounts());
  const format: Format<Uint8Array> = { render: () => new Uint8Array([7]) };
  const other: Format<Uint8Array> = { render: () => new Uint8Array([8]) };
  const told: string[] = [];
  const add = (name: string, answer: () => Sent, in_: Format<Uint8Array> = format) => {
    const write = (bytes: Uint8Array) => {
      told.push(`${name} ${bytes[0]}`);
      return answer();
    };
    const member: Receiver = {
      direct: { format: in_, sink: { write, close: () => {} } },
      deliver: (_chunk, ends) => void told.push(`${name} delivered ${ends}`),
      settle: (sent, at) => void told.push(`${name} ${sent} ${at.sequence}`),
      reset: () => {},
      end: (reason) => void told.push(`${name} ${reason === "ended" ? reason : reason.message}`),
    };
    channel.addLive(member);
    return member;
  };
  add("one", () => "sent");
  add("slow", () => "queued");
  add("broken", () => {
    throw new Error("torn");
  });
  const leaving: Receiver = add("leaving", () => {
    channel.deleteLive(leaving);
    return "refused";
  });
  add("otherwise", () => "sent", other);
  channel.pending = [stored(1)];
  channel.flush(through);
  expect(told).toEqual([
    "otherwise delivered false",
    "one 7",
    "slow 7",
    "slow queued 99",
    "broken 7",
    "broken The gateway failed to answer this request",
    "leaving 7",
  ]);
  told.length = 0;
  channel.pending = [stored(2, endType)];
  channel.flush(through);
  expect(told).toEqual(
    ["otherwise", "one", "slow", "broken"].map((name) => `${name} delivered true`),
  );
  expect([...channel.live()]).toHaveLength(4);
});

function receiver(deliver: Receiver["deliver"]): Receiver {
  return { direct: undefined, deliver, settle: () => {}, reset: () => {}, end: () => {} };
}

test("a chunk is rendered once per format", () => {
  let rendered = 0;
  const format: Format<number> = { render: () => ++rendered };
  const chunk = new Chunk("t", undefined, [stored(1)], through);
  for (let i = 0; i < 5; i++) expect(chunk.as(format)).toBe(1);
  expect(rendered).toBe(1);
});
