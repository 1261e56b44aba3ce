import { expect, test } from "bun:test";
import type { Relation } from "./relation.ts";
import { rowFromJson, rowFromRecord } from "./row.ts";

const relation: Relation = {
  topic: "t",
  name: "r",
  key: ["id"],
  columns: [
    { name: "id", type: "text", path: ["message_id"] },
    { name: "n", type: "bigint", path: ["n"] },
    { name: "deep", type: "numeric", path: ["items", "1", "price/net"] },
    { name: "all", type: "jsonb", path: ["items"] },
  ],
};

test("values are found along their paths, an int64 exact", () => {
  const json = '{"message_id":"a","n":9007199254740993,"items":[0,{"price/net":1.10}]}';
  expect(rowFromJson(relation, json)).toEqual({
    values: ["a", "9007199254740993", "1.10", '[0,{"price/net":1.10}]'],
  });
  expect(rowFromJson(relation, '{"message_id":7,"items":{"1":{}}}')).toEqual({
    values: ["7", null, null, '{"1":{}}'],
  });
});

test("an index of an array is written without zeros in front, as RFC 6901 has it", () => {
  const at = (index: string): Relation => ({
    ...relation,
    columns: [{ name: "id", type: "text", path: ["ids", index] }],
  });
  expect(rowFromJson(at("1"), '{"ids":["a","b"]}').values).toEqual(["b"]);
  expect(rowFromJson(at("01"), '{"ids":["a","b"]}').refusals?.[0]?.field).toBe("/ids/01");
});

test("each value that does not fit is refused by its pointer", () => {
  expect(
    rowFromJson(relation, '{"n":"many","items":[0,{"price/net":"x"}]}').refusals?.map(
      ({ field, given, message }) => [field, given, message],
    ),
  ).toEqual([
    [
      "/message_id",
      "",
      'Cannot take nothing as text for column "id": it is part of the key, expected a value',
    ],
    [
      "/n",
      '"many"',
      'Cannot take "many" as bigint for column "n": it is not a number, expected a whole number of 64 bits',
    ],
    [
      "/items/1/price~1net",
      '"x"',
      'Cannot take "x" as numeric for column "deep": it is not a number, expected one',
    ],
  ]);
});

test("anything but an object is refused as a whole", () => {
  for (const json of ["[]", "1", '"a"', "null"]) {
    expect(rowFromJson(relation, json).refusals?.[0]?.message).toContain("it is not an object");
  }
  const bytes = { contentType: "application/protobuf", value: new Uint8Array([1]) };
  expect(rowFromRecord(relation, bytes).refusals?.[0]?.message).toContain("expected JSON");
});

test("a record that is not UTF-8 is refused, never read with other characters", () => {
  const value = Uint8Array.from('{"message_id":"m-_"}', (c) =>
    c === "_" ? 0xe9 : c.charCodeAt(0),
  );
  const { refusals } = rowFromRecord(relation, { contentType: "application/json", value });
  expect(refusals?.map(({ message }) => message)).toEqual([
    "Cannot make a row of the record: it is not UTF-8, expected JSON in UTF-8",
  ]);
});

test("long values are shortened in refusals", () => {
  const json = `{"message_id":"a","n":"${"x".repeat(5000)}"}`;
  expect(rowFromJson(relation, json).refusals?.[0]?.given).toHaveLength(201);
});
