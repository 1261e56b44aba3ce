import { describe, expect, test } from "bun:test";
import { parseMapping } from "./mapping.ts";

const orders = {
  relation: "orders",
  key: ["message_id"],
  columns: {
    message_id: "text",
    amount: { type: "numeric", from: "/total/amount" },
    note: { type: "text", from: "a/b" },
    tilde: { type: "text", from: "/a~1b/m~0n" },
  },
};

test("a mapping becomes relations; a field is a name, or a pointer", () => {
  expect(parseMapping({ topic1: orders }).relations).toEqual([
    {
      topic: "topic1",
      name: "orders",
      key: ["message_id"],
      columns: [
        { name: "message_id", type: "text", path: ["message_id"] },
        { name: "amount", type: "numeric", path: ["total", "amount"] },
        { name: "note", type: "text", path: ["a/b"] },
        { name: "tilde", type: "text", path: ["a/b", "m~n"] },
      ],
    },
  ]);
});

test("all problems are reported at once, each with its place", () => {
  const { problems } = parseMapping({
    "no topic": orders,
    topic1: { ...orders, relation: "Orders", keys: ["x"] },
    topic2: { relation: "r", key: [], columns: { a: "varchar", xmin: "text", b: {} } },
    topic3: [],
  });
  expect(problems).toEqual([
    expect.stringContaining("no topic: expected a topic's name"),
    expect.stringMatching(/^topic1\.relation: expected 1 to 63 of a-z/),
    expect.stringMatching(/^topic1: there is no "keys", expected relation, key, columns/),
    expect.stringMatching(/^topic2\.key: expected at least one column/),
    expect.stringMatching(/^topic2\.columns\.a\.type: expected one of text, integer/),
    expect.stringMatching(/^topic2\.columns\.xmin: PostgreSQL has a column of this name/),
    expect.stringMatching(/^topic2\.columns\.b\.type: expected one of text/),
    expect.stringMatching(/^topic3: /),
  ]);
  expect(parseMapping("text").problems).toEqual(["the mapping: expected an object of topics"]);
});

describe("how the parts of a mapping must fit together", () => {
  const cases: [what: string, mapping: object, message: RegExp][] = [
    ["one relation of two topics", { a: orders, b: orders }, /"orders" is the relation of a/],
    ["a key of no column", { a: { ...orders, key: ["id"] } }, /"id" is not a column/],
    ["a key twice", { a: { ...orders, key: ["note", "note"] } }, /"note" is repeated/],
    [
      "a key that is jsonb",
      { a: { ...orders, columns: { message_id: "jsonb" } } },
      /"message_id" is jsonb/,
    ],
    ["no columns", { a: { ...orders, columns: {} } }, /expected at least one/],
    ["a broken pointer", { a: { ...orders, columns: { a: { type: "text", from: "/~x" } } } }, /~0/],
  ];
  test.each(cases)("%s", (_what, mapping, message) => {
    expect(parseMapping(mapping).problems?.join("\n")).toMatch(message);
  });

  const injections = [
    'orders"; drop table emitters; --',
    "orders; select 1",
    'a"b',
    "public.emitters",
    "ordérs",
    "",
    "a".repeat(64),
    "1a",
    "a\0b",
  ];
  test.each(injections)("the identifier %j is refused wherever it stands", (name) => {
    expect(parseMapping({ t: { ...orders, relation: name } }).relations).toBeUndefined();
    const columns = { ...orders.columns, [name]: "text" };
    expect(parseMapping({ t: { ...orders, columns } }).relations).toBeUndefined();
    expect(parseMapping({ t: { ...orders, key: [name] } }).relations).toBeUndefined();
    const typed = { ...orders.columns, note: name };
    expect(parseMapping({ t: { ...orders, columns: typed } }).relations).toBeUndefined();
  });
});
