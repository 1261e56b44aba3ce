import { describe, expect, test } from "bun:test";
import type { Position } from "../core/position.ts";
import { endType, type StoredRecord } from "../core/record.ts";
import { Chunk } from "../hub/chunk.ts";
import { renderDecodedSse, renderSse, sseFormat } from "./sse.ts";

const at = (sequence: number): Position => ({ epoch: 1, sequence, index: 0 });
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function record(sequence: number, value: string, contentType = "application/json"): StoredRecord {
  return {
    position: at(sequence),
    receivedNs: 0n,
    record: {
      value: new TextEncoder().encode(value),
      key: "k",
      contentType,
      schemaId: 0,
      timeNs: 0n,
    },
  };
}

const chunkOf = (key: string | undefined, ...records: StoredRecord[]) =>
  new Chunk("topic", key, records, at(records.length));

const rendered: readonly (readonly [name: string, chunk: Chunk, text: string])[] = [
  ["JSON as it was appended", chunkOf("k", record(1, `{"a": 1}`)), `id:11-11\ndata:{"a": 1}\n\n`],
  [
    "several events",
    chunkOf("k", record(1, "1"), record(2, "2")),
    "id:11-11\ndata:1\n\nid:11-12\ndata:2\n\n",
  ],
  [
    "JSON with line breaks",
    chunkOf("k", record(1, `{\n  "a": 1\r\n}`)),
    `id:11-11\ndata:{\ndata:   "a": 1\ndata: }\n\n`,
  ],
  [
    "bytes",
    chunkOf("k", record(1, "abc", "application/protobuf")),
    `id:11-11\ndata:{"base64":"YWJj"}\n\n`,
  ],
  ["text beyond ASCII", chunkOf("k", record(1, `"ä€😀"`)), `id:11-11\ndata:"ä€😀"\n\n`],
  ["the end of a key", chunkOf("k", record(1, "{}", endType)), `event:end\nid:11-11\ndata:{}\n\n`],
  ["a heartbeat", chunkOf("k"), ":\nid:11-10\n\n"],
];

test.each(rendered)("%s", (_, chunk, expected) => {
  expect(text(sseFormat.render(chunk))).toBe(expected);
});

test("other kinds of events name themselves", () => {
  expect(text(renderSse("reset", `{"a":1}`, at(3)))).toBe(
    `event:reset\nid:11-13\ndata:{"a":1}\n\n`,
  );
});

describe("decoded records", () => {
  const schema = { id: 7, name: "acme.v1.Watch" };

  test("have their schema beside them", () => {
    const decoded = [{ schema, json: `{"bpm":61}` }];
    expect(
      text(renderDecodedSse(chunkOf("k", record(1, "x", "application/protobuf")), decoded)),
    ).toBe(`id:11-11\ndata:{"schema":{"id":7,"name":"acme.v1.Watch"},"data":{"bpm":61}}\n\n`);
  });

  test("without a schema are data alone", () => {
    expect(text(renderDecodedSse(chunkOf("k", record(1, "1")), [undefined]))).toBe(
      `id:11-11\ndata:{"data":1}\n\n`,
    );
  });
});
