import { describe, expect, test } from "bun:test";
import { Turns } from "../core/budget/turn.ts";
import type { Failure, Issue } from "../core/failure.ts";
import type { IncomingRecord } from "../ingest/ingest.ts";
import { incomingEvents, incomingRecords, mediaType } from "./request-records.ts";

const utf8 = new TextEncoder();
const reading = { turn: new Turns().open(), recordBytesMax: 1000, key: "k" };

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  return await promise.then(
    () => Promise.reject(new Error("It did not fail")),
    (error: Failure) => error,
  );
}

/** Values as text, issues as their message. */
function shown(records: readonly (IncomingRecord | Issue)[]): string[] {
  return records.map((one) =>
    "value" in one ? new TextDecoder().decode(one.value) : `! ${one.message}`,
  );
}

const events: readonly (readonly [type: string | undefined, body: string, records: string[]])[] = [
  ["application/json", ` {"n":9007199254740993} `, [`{"n":9007199254740993}`]],
  ["application/json", `[1, "a" ,null]`, ["1", `"a"`, "null"]],
  ["application/json; charset=utf-8", `{"a":1}`, [`{"a":1}`]],
  ["application/vnd.x+json", `{"a":1}`, [`{"a":1}`]],
  ["application/x-ndjson", `{"a":1}\n\n[1,2]\n`, [`{"a":1}`, "[1,2]"]],
  ["APPLICATION/JSONL", `1\n2`, ["1", "2"]],
  [undefined, `{"a":1}`, [`{"a":1}`]],
  ["text/plain", `{"a":1}`, [`{"a":1}`]],
  ["application/x-www-form-urlencoded", `{"a":1}`, [`{"a":1}`]],
];

test.each(events)("events of %p: %j", async (type, body, records) => {
  expect(shown(await incomingEvents(utf8.encode(body), type, reading))).toEqual(records);
});

test.each(["", "{nope", "1 2"])("a body of JSON that is not: %j is one issue", async (body) => {
  expect(await incomingEvents(utf8.encode(body), "application/json", reading)).toMatchObject([
    { field: "body", code: "invalid" },
  ]);
});

test("a bad line is an issue, the others are records under the key", async () => {
  const body = utf8.encode(`{"a":1}\n{nope\n2`);
  const records = await incomingEvents(body, "application/x-ndjson", reading);
  expect(records[0]).toMatchObject({ key: "k", contentType: "application/json", schemaId: 0 });
  expect(records[1]).toMatchObject({ field: "body", code: "invalid" });
  expect(shown(records.slice(2))).toEqual(["2"]);
});

test.each<readonly [type: string | undefined, body: string, code: string]>([
  ["text/csv", "a,b", "unsupported_media_type"],
  ["application/octet-stream", "x", "unsupported_media_type"],
  ["application/json", "[]", "invalid"],
  ["application/x-ndjson", "\n\n", "invalid"],
  ["application/json", `[${"1,".repeat(10_000)}1]`, "too_large"],
])("events of %p: %j are refused", async (type, body, code) => {
  const failure = await failureOf(incomingEvents(utf8.encode(body), type, reading));
  expect(failure).toMatchObject({ code });
});

describe("records", () => {
  test("of another type are the bytes of one, with the type", async () => {
    const body = utf8.encode("a,b\n");
    const given = { ...reading, schemaId: 7 };
    expect(await incomingRecords(body, "text/csv; header=absent", given)).toEqual([
      { value: body, key: "k", contentType: "text/csv; header=absent", schemaId: 7 },
    ]);
  });

  test("of JSON have the schema that is named", async () => {
    const given = { ...reading, schemaId: 7 };
    const records = await incomingRecords(utf8.encode("[1,2]"), "application/json", given);
    expect(records).toMatchObject([{ schemaId: 7 }, { schemaId: 7 }]);
  });

  test("have no type of any length", async () => {
    const type = `text/${"x".repeat(200)}`;
    const failure = await failureOf(incomingRecords(utf8.encode("a"), type, reading));
    expect(failure.message).toContain("at most 200");
  });

  test("that are text without a declared type are refused with what is expected", async () => {
    const messageOf = async (text: string, type: string | undefined) => {
      const [only] = await incomingRecords(utf8.encode(text), type, reading);
      return only !== undefined && "message" in only ? only.message : "none";
    };
    const hint = /^Cannot parse JSON: .*, expected JSON, or a Content-Type such as text\/csv/;
    expect(await messageOf("hello", "text/plain")).toMatch(hint);
    expect(await messageOf("hello", undefined)).toMatch(hint);
    expect(await messageOf("hello", "application/json")).not.toMatch(hint);
    expect(await messageOf("", "text/plain")).toBe(
      "Cannot append: the body is empty, expected JSON",
    );
  });
});

test.each([
  [undefined, ""],
  [" Application/JSON ; charset=utf-8", "application/json"],
  [`text/${"x".repeat(1000)}`, `text/${"x".repeat(195)}`],
])("the media type of %p", (header, type) => {
  expect(mediaType(header)).toBe(type);
});
