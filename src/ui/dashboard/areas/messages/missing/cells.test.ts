import { expect, test } from "bun:test";
import { columnsOf } from "./cells.ts";

const stages = ["CREATED", "SENT"];

test("an hour has a column for each minute", () => {
  const columns = columnsOf({
    stages,
    since: "2026-11-21T10:00:00.000Z",
    until: "2026-11-21T11:00:00.000Z",
    minutes: [{ at: "2026-11-21T10:59:00.000Z", messages: 3, missing: [0, 2] }],
  });
  expect(columns.length).toBe(60);
  expect(columns[59]).toEqual({
    from: "2026-11-21T10:59:00.000000000Z",
    to: "2026-11-21T11:00:00.000000000Z",
    messages: 3,
    missing: [0, 2],
  });
  expect(columns[0]).toMatchObject({ messages: 0, missing: [0, 0] });
});

test("a day is merged, and nothing is lost or counted twice", () => {
  const start = Date.parse("2026-11-21T00:00:00Z");
  const minutes = Array.from({ length: 1439 }, (_, i) => ({
    at: new Date(start + i * 60_000).toISOString(),
    messages: 2,
    missing: [1, i % 2],
  }));
  const until = new Date(start + 1439 * 60_000).toISOString();
  const columns = columnsOf({ stages, since: "2026-11-21T00:00:00Z", until, minutes });
  expect(columns.length).toBe(120);
  const sum = (of: (column: (typeof columns)[number]) => number) =>
    columns.reduce((total, column) => total + of(column), 0);
  expect(sum(({ messages }) => messages)).toBe(2878);
  expect(sum(({ missing }) => missing[0] ?? 0)).toBe(1439);
  expect(sum(({ missing }) => missing[1] ?? 0)).toBe(719);
  expect(columns.at(-1)?.to).toBe("2026-11-21T23:59:00.000000000Z");
});
