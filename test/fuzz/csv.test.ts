// Fuzzes the reader of CSV files.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { type CsvRow, CsvSplitter, delimiterOf } from "../../src/cli/files/csv-splitter.ts";
import { openCsv } from "../../src/cli/files/csv.ts";
import { openTable } from "../../src/cli/files/table.ts";
import { Failure } from "../../src/core/failure.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";
import { requireLinear } from "./linear.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-csv-"));
afterAll(() => rmSync(folder, { recursive: true }));

const delimiters = [",", ";", "\t"];
const byDelimiter = new Map(
  delimiters.map((delimiter) => [
    delimiter,
    {
      needsQuotes: new RegExp(`["\r\n${delimiter}]`),
      /** A quoted cell, one with more behind its quote, a bare one, or an empty one. */
      cell: new RegExp(
        `("(?=((?:[^"]|"")*))\\2"(?=[${delimiter}\r\n]|$))|"(?=((?:[^"]|"")*))\\3"[^${delimiter}\r\n]*|[^"${delimiter}\r\n][^${delimiter}\r\n]*|(?!")`,
        "y",
      ),
    },
  ]),
);
const lineEnds = ["\n", "\r\n", "\r"];
const alphabet = ["a", "7", " ", "é", "漢", "😀", '"', ",", ";", "\t", "\n", "\r", "\r\n", "\0"];

function expressionsOf(delimiter: string) {
  const found = byDelimiter.get(delimiter);
  if (found === undefined) throw new Error(`No expressions for ${delimiter}`);
  return found;
}

/** A file as programs write it, with its cells. */
function validCsv(random: FuzzRandom) {
  const delimiter = random.pick(delimiters);
  const width = 1 + random.int(5);
  const rows = Array.from({ length: 1 + random.int(8) }, () =>
    Array.from({ length: width }, () => random.text(alphabet, 8)),
  );
  const { needsQuotes } = expressionsOf(delimiter);
  const lines = rows.map((cells) =>
    cells
      .map((text) => {
        return needsQuotes.test(text) || text === "" || random.chance(0.2)
          ? `"${text.replaceAll('"', '""')}"`
          : text;
      })
      .join(delimiter),
  );
  const end = random.pick(lineEnds);
  return { delimiter, rows, text: lines.join(end) + (random.chance(0.5) ? end : "") };
}

/** Splits the text in pieces that are cut anywhere; a failure is its message. */
function split(text: string, delimiter: string, cut: (left: number) => number) {
  const splitter = new CsvSplitter(delimiter);
  const rows: CsvRow[] = [];
  let failure: string | undefined;
  try {
    for (let from = 0; from < text.length;) {
      const to = from + 1 + cut(text.length - from);
      splitter.write(text.slice(from, to));
      if (cut(2) === 0) rows.push(...splitter.take());
      from = to;
    }
    splitter.end();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure = error.message;
  }
  rows.push(...splitter.take());
  return { rows, failure, line: splitter.line };
}

fuzz(
  "files that are right are read as csv-parse reads them, and as they were meant",
  { cases: 2000 },
  (random) => {
    const { delimiter, rows, text } = validCsv(random);
    const found = split(text, delimiter, random.int).rows.map(({ cells }) => cells);
    expect(found).toEqual(rows);
    // csv-parse takes a NUL behind a quote for the end of the file.
    if (text.includes('"\0')) return;
    const options = {
      delimiter,
      record_delimiter: lineEnds.toReversed(),
      relax_column_count: true,
    };
    const theirs: string[][] = parse(text, { ...options, record_delimiter: ["\r\n", "\n", "\r"] });
    expect(found).toEqual(theirs);
  },
);

/** The same grammar as one expression, for a whole text. */
function reference(text: string, delimiter: string) {
  const { cell } = expressionsOf(delimiter);
  const rows: CsvRow[] = [];
  let line = 1;
  for (let at = 0; at < text.length;) {
    const cells: string[] = [];
    const rowFrom = at;
    for (;;) {
      cell.lastIndex = at;
      const match = cell.exec(text);
      if (match === null) return { rows, line, failure: "a quote is never closed" };
      const [raw, quoted, inside = ""] = match;
      cells.push(quoted === undefined ? raw : inside.replaceAll('""', '"'));
      at += raw.length;
      if (text[at] !== delimiter) break;
      at++;
    }
    if (text.startsWith("\r\n", at)) at++;
    at++;
    rows.push({ line, cells });
    line += text.slice(rowFrom, at).match(/\r\n|\r|\n/g)?.length ?? 0;
  }
  return { rows, line, failure: undefined };
}

fuzz(
  "any text is split by the documented grammar, wherever its pieces are cut",
  { cases: 5000 },
  (random) => {
    const delimiter = random.pick(delimiters);
    const text = random.text(['"', '"', "\n", "\r", delimiter, "a", "b", ",", "é"], 40);
    const expected = reference(text, delimiter);
    const { rows, failure, line } = split(text, delimiter, random.int);
    expect(rows).toEqual(expected.rows);
    expect(failure?.startsWith(expected.failure ?? "-")).toBe(
      expected.failure === undefined ? undefined : true,
    );
    if (failure !== undefined) expect(line).toBe(expected.line);
    expect(delimiters).toContain(delimiterOf(text));
  },
);

fuzz(
  "any file becomes records whose ids are its cells, or fails with a line",
  { cases: 300 },
  async (random) => {
    const { rows, text, delimiter } = validCsv(random);
    const header = ["id", ...(rows[0] ?? []).slice(1).map((_, i) => `c${i}`)].join(delimiter);
    const right = Buffer.from(`${header}\n${text}`);
    const bytes = random.chance(0.5) ? damaged(random, right) : right;
    const path = join(folder, "a.csv");
    writeFileSync(path, bytes);
    const lineMax =
      1 +
      (Buffer.from(bytes)
        .toString("latin1")
        .match(/[\r\n]/g)?.length ?? 0);
    try {
      const encoding = random.pick(["utf-8", "windows-1252"] as const);
      const { items } = await openTable(await openCsv(path, encoding), {
        idColumn: "id",
        timeColumn: "c0",
      });
      let before = 0;
      for await (const { record, bad } of { [Symbol.asyncIterator]: () => items }) {
        if (record === undefined) {
          expect(bad.length).toBeGreaterThan(0);
          continue;
        }
        expect(record.row).toBeGreaterThan(before);
        before = record.row;
        expect(record.row).toBeLessThanOrEqual(lineMax);
        const { id }: { id: unknown } = JSON.parse(record.json);
        expect(id).toBeString();
        // A header of one name does not show its delimiter.
        if (bytes === right && encoding === "utf-8" && header.includes(delimiter)) {
          expect(
            rows.some(([first = ""]) => [first, first.trim()].includes(String(id))),
          ).toBeTrue();
        }
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      expect(error.message).toMatch(/^Cannot (read on from line \d+|send it): /);
    }
  },
);

/** As files are read. */
const pieceLength = 64 * 1024;

test.each([
  ["quotes", '"'],
  ["escaped quotes", '"a""'],
  ["cells", "a,"],
  ["empty cells", ","],
  ["line feeds", "\n"],
  ["carriage returns", "\r"],
  ["quoted line ends", '"\r\n'],
  ["rows", 'id,"a b",7\r\n'],
])("time grows with the input: %s", async (name, unit) => {
  await requireLinear({
    name,
    size: 128 * 1024,
    inputOf: (size) => unit.repeat(size / unit.length),
    run: (text) => {
      delimiterOf(text.slice(0, 64 * 1024));
      const splitter = new CsvSplitter(",");
      for (let from = 0; from < text.length; from += pieceLength) {
        splitter.write(text.slice(from, from + pieceLength));
        splitter.take();
      }
    },
  });
});

test("time grows with the input: names in a header", async () => {
  await requireLinear({
    name: "a header",
    size: 4096,
    inputOf: (size) => Array.from({ length: size }, (_, i) => ({ json: `"n${i}"` })),
    run: async (cells) => {
      async function* rows() {
        yield { number: 1, cells };
      }
      const sheet = { name: undefined, others: [], rows: rows() };
      await openTable(sheet, { idColumn: "n0", timeColumn: "" });
    },
  });
});
