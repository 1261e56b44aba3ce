import { expect, test } from "bun:test";
import type { Runtime } from "../../runtime/runtime.ts";
import { type Column, counted, Listing } from "./listing.ts";

interface Row {
  readonly name: string;
  readonly bytes: number;
}

const columns: readonly Column<Row>[] = [
  { title: "NAME", cell: ({ name }) => name },
  { title: "BYTES", align: "right", cell: ({ bytes }) => String(bytes) },
];

function printed(pages: readonly (readonly Row[])[], json: boolean): string {
  let output = "";
  const runtime = { print: (text: string) => void (output += text) } as Runtime;
  const listing = new Listing(runtime, columns, json);
  for (const page of pages) listing.print(page);
  return output;
}

const pages = [[{ name: "orders", bytes: 5 }], [{ name: "x", bytes: 12_345_678 }]];

test("people get a header once, and columns of the same width", () => {
  expect(printed(pages, false)).toBe("NAME    BYTES\norders      5\nx       12345678\n");
  expect(printed([[]], false)).toBe("");
});

test("programs get an object a line", () => {
  expect(printed(pages, true)).toBe('{"name":"orders","bytes":5}\n{"name":"x","bytes":12345678}\n');
});

test("one has no plural", () => {
  expect([0, 1, 2].map((count) => counted(count, "record"))).toEqual([
    "0 records",
    "1 record",
    "2 records",
  ]);
  expect(counted(2, "watch")).toBe("2 watches");
});
