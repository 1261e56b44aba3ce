import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCsv } from "./csv.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function* rowsOf(text: string) {
  const path = join(folder, "a.csv");
  await writeFile(path, text);
  for await (const { number, cells } of (await openCsv(path)).rows) {
    yield [number, ...cells.map((cell) => cell?.json)];
  }
}

test("cells are what they look like, digit by digit; rows begin on their lines", async () => {
  const text =
    '\uFEFFid,n,b,t\r\n7,9007199254740993,TRUE,"a ""b"", c\nd"\r\n\r\n007,-1.50e3,False, x \nx,+1,,"1,5"';
  expect(await Array.fromAsync(rowsOf(text))).toEqual([
    [1, '"id"', '"n"', '"b"', '"t"'],
    [2, "7", "9007199254740993", "true", '"a \\"b\\", c\\nd"'],
    [5, '"007"', "-1.50e3", "false", '" x "'],
    [6, '"x"', '"+1"', "null", '"1,5"'],
  ]);
});

test.each([";", "\t", ","])("the delimiter %j is found in the header", async (delimiter) => {
  const text = `"a,;x"${delimiter}b\n1${delimiter}2\n`;
  expect(await Array.fromAsync(rowsOf(text))).toEqual([
    [1, '"a,;x"', '"b"'],
    [2, "1", "2"],
  ]);
});

test("rows may be short, long, or hold a quote", async () => {
  expect(await Array.fromAsync(rowsOf('a,b\n1\n1,2,3\n5" disk,2\n'))).toEqual([
    [1, '"a"', '"b"'],
    [2, "1"],
    [3, "1", "2", "3"],
    [4, '"5\\" disk"', "2"],
  ]);
});

test("a quote that is never closed ends the file, told with its line", async () => {
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const row of rowsOf('a,b\n1,2\n3,"4\n5,6\n')) seen.push(row[0]);
  })();
  expect(String(await reading.catch((error: unknown) => error))).toContain(
    "Cannot read on from line 3: a quote is never closed",
  );
  expect(seen).toEqual([1, 2]);
});

test("a row that no record could hold is refused, not held", async () => {
  const reading = Array.fromAsync(rowsOf(`a,b\n1,"${"x".repeat(3_000_000)}`));
  expect(String(await reading.catch((error: unknown) => error))).toContain(
    "a row has more than 1048576 bytes",
  );
});
