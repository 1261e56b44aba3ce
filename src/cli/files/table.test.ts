import { describe, expect, test } from "bun:test";
import type { Cell, Sheet, SheetRow } from "./sheet.ts";
import { columnName } from "./sheet.ts";
import { openTable, type TableItem } from "./table.ts";

const options = { idColumn: "message_id", timeColumn: "created_at" };

/** Texts are cells' JSON; `!` begins a problem, undefined is no cell. */
function sheetOf(rows: readonly (readonly (string | undefined)[])[]): Sheet {
  async function* given(): AsyncGenerator<SheetRow> {
    for (const [index, row] of rows.entries()) {
      const cells = row.map((text): Cell | undefined => {
        if (text === undefined) return undefined;
        return text.startsWith("!") ? { problem: text.slice(1) } : { json: text };
      });
      yield { number: index + 1, cells };
    }
  }
  return { name: "s", others: [], rows: given() };
}

async function itemsOf(rows: readonly (readonly (string | undefined)[])[]): Promise<TableItem[]> {
  const { items } = await openTable(sheetOf(rows), options);
  return await Array.fromAsync({ [Symbol.asyncIterator]: () => items });
}

test("rows become records: fields by the header, the id a text, numbers as written", async () => {
  const items = await itemsOf([
    [],
    ["null"],
    ['"created_at"', '" n "', undefined, '"message_id"'],
    ['"2026-01-31T10:00:00.250Z"', "9007199254740993", undefined, "17"],
    ['"2026-01-31 10:00:00"', undefined, undefined, '"b"'],
    ['"never"', "1.50", undefined, "true"],
    [undefined, "null"],
  ]);
  expect(items).toEqual([
    {
      record: {
        row: 4,
        json: '{"created_at":"2026-01-31T10:00:00.250Z","n":9007199254740993,"message_id":"17"}',
        timeMs: Date.UTC(2026, 0, 31, 10, 0, 0, 250),
      },
      bad: [],
    },
    {
      record: {
        row: 5,
        json: '{"created_at":"2026-01-31 10:00:00","n":null,"message_id":"b"}',
        timeMs: Date.UTC(2026, 0, 31, 10),
      },
      bad: [],
    },
    {
      record: {
        row: 6,
        json: '{"created_at":"never","n":1.50,"message_id":"true"}',
        timeMs: undefined,
      },
      bad: [],
    },
  ]);
});

test("bad cells are reported with their places; only a row without an id is not sent", async () => {
  const items = await itemsOf([
    ['"message_id"', '"n"'],
    ['"a"', "!it holds the error #REF!"],
    ["!it holds the error #REF!", "1"],
    [undefined, "2"],
    ['"b"', "3", "4"],
  ]);
  expect(
    items.map(({ record, bad }) => [
      record?.json,
      ...bad.map(({ row, column, message }) => [row, column?.name, column?.index, message]),
    ]),
  ).toEqual([
    ['{"message_id":"a","n":null}', [2, "n", 1, "it holds the error #REF!"]],
    [undefined, [3, "message_id", 0, "it holds the error #REF!"]],
    [undefined, [4, "message_id", 0, "it is empty, expected an id: the row is not sent"]],
    ['{"message_id":"b","n":3}', [5, "", 2, "its column has no name, expected one in the header"]],
  ]);
});

test("a row or a header of nothing but bad cells is reported, not skipped", async () => {
  const items = await itemsOf([['"message_id"'], ["!it is bad"], ['"a"']]);
  expect(items.map(({ record, bad }) => [record?.row, bad.map(({ message }) => message)])).toEqual([
    [undefined, ["it is bad"]],
    [3, []],
  ]);
  const failure = await openTable(sheetOf([["!it is bad"], ['"message_id"']]), options).catch(
    String,
  );
  expect(failure).toContain("the header in row 1, column A, cannot be read, it is bad");
});

test("a time that there is not is text, and paces nothing", async () => {
  const items = await itemsOf([
    ['"message_id"', '"created_at"'],
    ['"a"', '"2024-02-30T10:00:00Z"'],
    ['"b"', '"5 Jan 2024"'],
    ['"c"', '"2024-01-05"'],
  ]);
  expect(items.map(({ record }) => record?.timeMs)).toEqual([
    undefined,
    undefined,
    Date.UTC(2024, 0, 5),
  ]);
});

describe("a header that cannot be used", () => {
  const cases: [what: string, rows: (string | undefined)[][], message: RegExp][] = [
    ["none", [], /it has no rows/],
    ["without an id", [['"a"', '"b"']], /row 1 names "a", "b", expected a column "message_id"/],
    ["with a name twice", [['"message_id"', '"a"', '"a"']], /column C, names "a" a second time/],
    ["with a bad cell", [['"message_id"', "!it is bad"]], /column B, cannot be read, it is bad/],
  ];
  test.each(cases)("%s", async (_what, rows, message) => {
    const failure = await openTable(sheetOf(rows), options).catch((error: unknown) => error);
    expect(String(failure)).toMatch(message);
  });
});

test("columns are named as spreadsheets do", () => {
  expect([0, 25, 26, 51, 52, 701, 702, 16_383].map(columnName)).toEqual([
    ...["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"],
  ]);
});
