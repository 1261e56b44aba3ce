import { describe, expect, test } from "bun:test";
import { Turns } from "../../../core/budget/turn.ts";
import { Failure, failureFrom } from "../../../core/failure.ts";
import type { FilterQuery } from "../../../core/filter/record-filter.ts";
import { type LogRecord, type StoredRecord } from "../../../core/record.ts";
import { createDecoders } from "../decode/decoders.ts";
import { createRecordFilters } from "./filters.ts";

const utf8 = new TextEncoder();

const noSchemas = {
  schema: () => Promise.reject(new Failure("unavailable", "no registry")),
  schemaOfGuid: () => Promise.reject(new Failure("unavailable", "no registry")),
  onPurged() {},
};

function stored(value: string | Uint8Array, given: Partial<LogRecord> = {}): StoredRecord {
  return {
    record: {
      value: typeof value === "string" ? utf8.encode(value) : value,
      key: "",
      contentType: "application/json",
      schemaId: 0,
      timeNs: 1_767_225_600_123_456_789n,
      ...given,
    },
    position: { epoch: 1, sequence: 5, index: 0 },
    receivedNs: 1_767_225_601_000_000_000n,
  };
}

async function apply(query: FilterQuery, ...records: StoredRecord[]) {
  const filters = createRecordFilters(createDecoders(noSchemas), new Turns());
  const filter = await filters.compile(query);
  if (filter === undefined) throw new Error("no filter");
  return await filter.apply(records);
}

async function matches(where: string, record: StoredRecord): Promise<boolean> {
  return (await apply({ where }, record)).records.length === 1;
}

describe("expressions", () => {
  const order = stored(
    '{"id":9007199254740993,"price":1.5,"n":3,"user":{"name":"Ann"},"tags":["a"]}',
    {
      key: "k-1",
      headers: { type: utf8.encode("x"), raw: new Uint8Array([255]) },
    },
  );

  test.each([
    ["value.id == 9007199254740993", true],
    ["value.id == 9007199254740992", false],
    ["value.id + 1 == 9007199254740994", true],
    ["value.price > 1 && value.n % 2 == 1", true],
    ["value.user.name == 'Ann' && 'a' in value.tags", true],
    ["has(value.user) && !has(value.missing)", true],
    ["value.tags.exists(t, t.startsWith('a'))", true],
    ["key == 'k-1' && headers['type'] == 'x' && headers.raw == b'\\xff'", true],
    ["time == timestamp('2026-01-01T00:00:00.123456789Z') && received > time", true],
    ["received - time < duration('1s')", true],
    ["size == 76 && schema.id == 0 && schema.name == ''", true],
    ["content_type == 'application/json' && position > ''", true],
    ["value.user.name.matches('^A.n$')", true],
  ])("%s is %p", async (where, expected) => {
    expect(await matches(where, order)).toBe(expected);
  });

  test("a number past 64 bits of a sign is unsigned, and then a double", async () => {
    const large = stored('{"u":18446744073709551615,"d":99999999999999999999999}');
    expect(await matches("value.u == 18446744073709551615u && value.d > 1e22", large)).toBe(true);
  });

  test("a value that is not JSON is bytes; broken JSON cannot be looked into", async () => {
    const bytes = stored(new Uint8Array([1, 2]), { contentType: "application/octet-stream" });
    expect(await matches("value == b'\\x01\\x02'", bytes)).toBe(true);
    const broken = stored('{"a":', { key: "k" });
    expect(await apply({ where: "value.a == 1" }, broken)).toMatchObject({
      records: [],
      undecodable: 1,
      failed: 0,
    });
    expect(await matches("key == 'k' || value.a == 1", broken)).toBe(true);
  });

  test("a record without the field has no answer, and is counted", async () => {
    const found = await apply({ where: "value.a == 1" }, stored("{}"), stored('{"a":1}'));
    expect(found).toMatchObject({ undecodable: 0, failed: 1, failure: "field not found: a" });
    expect(found.records).toHaveLength(1);
    expect(await apply({ where: "value.a" }, stored('{"a":1}'))).toMatchObject({ failed: 1 });
  });

  test.each([
    ["value.id ==", "column 10"],
    ["valu.id == 1", 'column 1: there is no "valu"'],
    ["key == 'a' && nosuch(1)", 'there is no function "nosuch"'],
    ["key == 'a' &&\n foo == 1", "line 2, column 2"],
    [`key == '${"x".repeat(3000)}'`, "characters, expected at most 2000"],
    ["", "column 1"],
  ])("%p is refused with its column", async (where, message) => {
    const failure = failureFrom(await apply({ where }, order).catch((error: unknown) => error));
    expect(failure.code).toBe("invalid");
    expect(failure.errors[0]?.field).toBe("where");
    expect(failure.message).toContain(message);
  });

  test("nested loops over a list end at a bound of steps", async () => {
    const list = stored(JSON.stringify({ a: Array.from({ length: 2000 }, (_, i) => i) }));
    const where = "value.a.all(x, value.a.all(y, value.a.all(z, x + y + z >= 0)))";
    const sinceMs = performance.now();
    const found = await apply({ where }, list);
    expect(found.failed).toBe(1);
    expect(found.failure).toContain("steps");
    expect(performance.now() - sinceMs).toBeLessThan(1000);
  });

  test("JSON of too many levels cannot be looked into", async () => {
    const deep = stored(`${"[".repeat(5000)}${"]".repeat(5000)}`);
    expect(await apply({ where: "size(value) == 1" }, deep)).toMatchObject({ undecodable: 1 });
  });

  test("names of members that objects have themselves are members", async () => {
    const odd = stored('{"__proto__":{"a":1},"constructor":{"name":"x"}}');
    expect(await matches("value['__proto__'].a == 1", odd)).toBe(true);
    expect(await matches("value['constructor'].name == 'x' && !has(value.toString)", odd)).toBe(
      true,
    );
  });
});

describe("texts", () => {
  const record = stored(new Uint8Array([0xff, ...utf8.encode(" Größe 12 ")]), {
    key: "Order-7",
    contentType: "text/plain",
    headers: { Trace: utf8.encode("ABC") },
  });

  test.each([
    ["order-7", true],
    ["trace", true],
    ["abc", true],
    ["GRÖSSE", false],
    ["GRÖßE 12", true],
    ["order-8", false],
  ])("%p is found: %p", async (text, expected) => {
    expect((await apply({ text }, record)).records.length === 1).toBe(expected);
  });

  test("both must match; neither is no filter", async () => {
    expect((await apply({ text: "order", where: "key == 'x'" }, record)).records).toEqual([]);
    const filters = createRecordFilters(createDecoders(noSchemas), new Turns());
    expect(await filters.compile({})).toBeUndefined();
    expect(
      failureFrom(await filters.compile({ text: "" }).catch((e: unknown) => e)).errors,
    ).toEqual([expect.objectContaining({ field: "text" })]);
  });
});
