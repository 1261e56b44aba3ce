import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCsv } from "./csv.ts";
import type { Encoding } from "./text-pieces.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function* rowsOf(text: string | Uint8Array, encoding: Encoding = "utf-8") {
  const path = join(folder, "a.csv");
  await writeFile(path, text);
  for await (const { number, cells } of (await openCsv(path, encoding)).rows) {
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

test("what follows a closing quote belongs to the cell, which is taken as written", async () => {
  expect(await Array.fromAsync(rowsOf('a,b\n"x" y,1\n"x""y"z,"2"\n""\n'))).toEqual([
    [1, '"a"', '"b"'],
    [2, '"\\"x\\" y"', "1"],
    [3, '"\\"x\\"\\"y\\"z"', "2"],
  ]);
});

test("lines are counted by any of the line ends, also within quotes", async () => {
  const text = 'a\r\n"1\r\n2\r3\n\n"\r7\n\r"8"\r\n\r\n10';
  expect(await Array.fromAsync(rowsOf(text))).toEqual([
    [1, '"a"'],
    [2, '"1\\r\\n2\\r3\\n\\n"'],
    [7, "7"],
    [9, "8"],
    [11, "10"],
  ]);
});

test("bytes of windows-1252 are its characters, a byte order mark says UTF-8", async () => {
  const bytes = Uint8Array.from([0x80, 0xe9, 0x99, 0x81]);
  expect(await Array.fromAsync(rowsOf(bytes, "windows-1252"))).toEqual([[1, '"€é™\x81"']]);
  expect(await Array.fromAsync(rowsOf("\uFEFFé", "windows-1252"))).toEqual([[1, '"é"']]);
});

test("the first byte that is not UTF-8 ends the file, wherever the pieces of it are cut", async () => {
  // A piece of a file has 65,536 bytes: the damage is around the end of the first.
  for (let at = 65_529; at < 65_542; at++) {
    for (const damage of [[0xe9], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
      const before = Buffer.from(`a\n${"é".repeat((at - 4) >> 1)}${at % 2 === 0 ? "" : "x"}\n`);
      const seen: unknown[] = [];
      const reading = (async () => {
        const bytes = Buffer.concat([before, Buffer.from("m-"), Uint8Array.from(damage)]);
        for await (const row of rowsOf(bytes)) seen.push(row[0]);
      })();
      const byte = (damage[0] ?? 0).toString(16).toUpperCase();
      expect(String(await reading.catch((error: unknown) => error))).toContain(
        `Cannot read on from line 3: it is not UTF-8 (byte ${byte})`,
      );
      expect(seen).toEqual([1, 2]);
    }
  }
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
    "a row has more than 1048576 characters",
  );
});
