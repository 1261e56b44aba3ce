import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import writeXlsxFile from "write-excel-file/node";
import { seededRandom } from "../../../test/support/random.ts";
import { workbookBytes, type WorkbookText } from "../../../test/support/xlsx.ts";
import type { SheetRow } from "./sheet.ts";
import { openXlsx } from "./xlsx.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-xlsx-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.xlsx`);
  await writeFile(path, bytes);
  return path;
}

async function read(path: string) {
  const sheet = await openXlsx(path);
  const rows: SheetRow[] = [];
  for await (const row of sheet.rows) rows.push(row);
  return { ...sheet, rows };
}

/** The cells of a workbook's only row. */
async function cells(row: string, text: Partial<WorkbookText> = {}) {
  const path = await fileOf(await workbookBytes({ ...text, rows: `<row r="1">${row}</row>` }));
  const [first] = (await read(path)).rows;
  return (first?.cells ?? []).map((cell) => cell?.json ?? cell?.problem);
}

async function failure(path: string): Promise<string> {
  return await read(path).then(
    () => "it was read",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

test("cells of all types, with the values of formulas", async () => {
  const row = [
    '<c r="A1"><v>9007199254740993</v></c>',
    '<c r="B1" t="n"><v>1E-3</v></c>',
    '<c r="C1" t="s"><v>1</v></c>',
    '<c r="D1" t="inlineStr"><is><r><t>a </t></r><r><t>b</t></r><rPh><t>x</t></rPh></is></c>',
    '<c r="E1" t="b"><v>1</v></c>',
    '<c r="F1" t="str"><f>A1&amp;B1</f><v>x_x000D_&amp;</v></c>',
    '<c r="G1"><f>1+1</f><v>2</v></c>',
    '<c r="H1" t="d"><v>2026-01-31T10:00:00Z</v></c>',
    '<c r="I1"/>',
    '<c r="J1" t="str"><v></v></c>',
    '<c r="L1"><v>0.1</v></c>',
  ].join("");
  const sharedStrings =
    "<si><t>no</t></si><si><r><t>one </t></r><r><t>two</t></r><rPh><t>x</t></rPh></si>";
  expect(await cells(row, { sharedStrings })).toEqual([
    "9007199254740993",
    "1E-3",
    '"one two"',
    '"a b"',
    "true",
    '"x\\r&"',
    "2",
    '"2026-01-31T10:00:00.000Z"',
    "null",
    "null",
    undefined,
    "0.1",
  ]);
});

test("numbers are times where their format shows one", async () => {
  const formats = [
    ["0", "General"],
    ["14", ""],
    ["164", 'yyyy\\-mm\\-dd" at "hh:mm:ss.000'],
    ["165", "0.00E+00"],
    ["166", '#,##0 "days"'],
    ["167", "[h]:mm"],
    ["168", "[Red][$-409]d. mmm"],
    ["20", ""],
  ] as const;
  const codes = formats
    .filter(([, code]) => code !== "")
    .map(
      ([id, code]) => `<numFmt numFmtId="${id}" formatCode="${code.replaceAll('"', "&quot;")}"/>`,
    );
  const styles = `<numFmts>${codes.join("")}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${formats.map(([id]) => `<xf numFmtId="${id}"/>`).join("")}</cellXfs>`;
  const values = [1.5, 46053, 46053.333_344_907, 2, 3, 1.25, 60.5, 0.354_166_667];
  const row = values.map((value, style) => `<c s="${style}"><v>${value}</v></c>`).join("");
  expect(await cells(row, { styles })).toEqual([
    "1.5",
    '"2026-01-31T00:00:00.000Z"',
    '"2026-01-31T08:00:01.000Z"',
    "2",
    "3",
    "1.25",
    '"1900-02-28T12:00:00.000Z"',
    '"08:30:00.000"',
  ]);
  const workbook = '<workbookPr date1904="1"/>';
  const row1904 = '<c s="1"><v>44591</v></c><c s="1"><v>0.25</v></c><c s="1"><v>-1</v></c>';
  expect(await cells(row1904, { styles, workbook })).toEqual([
    '"2026-01-31T00:00:00.000Z"',
    '"06:00:00.000"',
    "it is the date -1, expected one from 1900 to 9999",
  ]);
});

test("dates in ISO 8601 become what dates that are numbers become, and no other text is one", async () => {
  const given = ["2024-01-05", "2024-01-05T10:11:12.5", "10:11:12", "2024-02-30", "5 Jan 2024"];
  const row = given.map((text) => `<c t="d"><v>${text}</v></c>`).join("");
  expect(await cells(row)).toEqual([
    '"2024-01-05T00:00:00.000Z"',
    '"2024-01-05T10:11:12.500Z"',
    '"10:11:12.000"',
    'it is the date "2024-02-30", expected one of ISO 8601',
    'it is the date "5 Jan 2024", expected one of ISO 8601',
  ]);
});

test("elements outside of the data are not rows, whatever they are called", async () => {
  const sheet =
    '<worksheet><sheetData><row r="1"><c><v>1</v></c></row></sheetData><controls><x:row>7</x:row><x:row r="x"/></controls></worksheet>';
  const parts = {
    "xl/worksheets/sheet1.xml": sheet.replaceAll("<controls", '<controls xmlns:x="x"'),
  };
  const { rows } = await read(await fileOf(await workbookBytes({ rows: "", parts })));
  expect(rows).toEqual([{ number: 1, cells: [{ json: "1" }] }]);
});

test("a cell without a value says why, the others are read", async () => {
  const row = [
    '<c r="A1" t="e"><v>#DIV/0!</v></c>',
    '<c r="B1" t="s"><v>7</v></c>',
    '<c r="C1"><v>many</v></c>',
    '<c r="D1" t="b"><v>yes</v></c>',
    '<c r="E1" t="str"><f>A1</f></c>',
    '<c r="F1" t="z"><v>1</v></c>',
    '<c r="G1"><v>7</v></c>',
  ].join("");
  expect(await cells(row)).toEqual([
    "it contains the error #DIV/0!",
    "it points to text 7, which the file does not have",
    'it is the number "many", which is not one',
    'it is the boolean "yes", expected 1 or 0',
    "its formula has no value, expected a file that was calculated when saved",
    'it is of type "z", which no spreadsheet has',
    "7",
  ]);
});

test("rows keep their numbers, tags may have prefixes, further sheets are named", async () => {
  const sheet =
    '<x:worksheet xmlns:x="m"><x:sheetData><x:row r="3"><x:c r="B3"><x:v>1</x:v></x:c></x:row><x:row><x:c><x:v>2</x:v></x:c></x:row></x:sheetData></x:worksheet>';
  const parts = { "xl/worksheets/sheet1.xml": sheet };
  const path = await fileOf(await workbookBytes({ rows: "", sheets: ["Käufe", "Notes"], parts }));
  expect(await read(path)).toEqual({
    name: "Käufe",
    others: ["Notes"],
    rows: [
      { number: 3, cells: [undefined, { json: "1" }] },
      { number: 4, cells: [{ json: "2" }] },
    ],
  });
});

test("what another program wrote is read as it was meant", async () => {
  const random = seededRandom(4);
  const alphabet = Array.from("ab \"<&'>é漢😀\n;,");
  const rows = Array.from({ length: 1500 }, () => [
    Array.from({ length: 1 + random.int(20) }, () => alphabet[random.int(14)]).join(""),
    new Date(Date.UTC(2020, 0, 1) + random.int(2 ** 31) * 7),
    random.int(2 ** 31) / 128,
    random.chance(0.5),
    null,
  ]);
  const format = "yyyy-mm-dd hh:mm:ss.000";
  const data = rows.map((row) =>
    row.map((value) => (value instanceof Date ? { value, format } : value)),
  );
  const path = join(folder, "other.xlsx");
  await writeXlsxFile(data, { sheet: "s" }).toFile(path);
  const found = (await read(path)).rows.map(({ cells }) =>
    Array.from({ length: 5 }, (_, i) => JSON.parse(cells[i]?.json ?? "null")),
  );
  const wanted = rows.map((row) =>
    row.map((value) => (value instanceof Date ? value.toISOString() : value)),
  );
  expect(found).toEqual(wanted);
});

describe("what is no workbook says why", () => {
  const good = '<row r="1"><c r="A1"><v>1</v></c></row>';
  const cases: [what: string, bytes: () => Promise<Uint8Array>, message: RegExp][] = [
    ["an empty file", async () => new Uint8Array(0), /it is empty/],
    ["no archive", async () => new TextEncoder().encode("a,b\n1,2\n"), /it is not a ZIP archive/],
    [
      "half of one",
      async () => (await workbookBytes({ rows: good })).subarray(0, 700),
      /it is not a ZIP archive/,
    ],
    ["one with a password", () => workbookBytes({ rows: good, password: "x" }), /it is encrypted/],
    [
      "an archive of something else",
      () => workbookBytes({ rows: good, parts: { "xl/workbook.xml": undefined } }),
      /it has no part xl\/workbook\.xml/,
    ],
    ["one without sheets", () => workbookBytes({ rows: good, sheets: [] }), /it has no sheet/],
    [
      "broken XML",
      () => workbookBytes({ rows: `${good}<row r="2"><c></row>` }),
      /Cannot read on from row 2: its XML is broken/,
    ],
    [
      "broken texts",
      () => workbookBytes({ rows: good, sharedStrings: "<si><t>a</si>" }),
      /its part xl\/sharedStrings\.xml cannot be read, its XML is broken/,
    ],
    [
      "an entity that grows",
      () =>
        workbookBytes({
          rows: "",
          parts: {
            "xl/worksheets/sheet1.xml":
              '<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w><row r="1"><c t="str"><v>&b;</v></c></row></w>',
          },
        }),
      /its XML is broken: .*entity/,
    ],
    [
      "a text without an end",
      () =>
        workbookBytes({ rows: `<row r="1"><c t="str"><v>${"x".repeat(9_000_000)}</v></c></row>` }),
      /it holds a text of more than 1048576 characters/,
    ],
    [
      "a cell whose address is not one",
      () => workbookBytes({ rows: '<row r="1"><c r="a1"><v>1</v></c></row>' }),
      /it has a cell "a1", which no sheet has/,
    ],
    [
      "a row whose number is not one",
      () => workbookBytes({ rows: `${good}<row r="0x2"><c><v>1</v></c></row>` }),
      /Cannot read on from row 2: it has a row "0x2", which no sheet has/,
    ],
    [
      "a part that its relationships name and that is not there",
      () => workbookBytes({ rows: good, styles: "<x/>", parts: { "xl/styles.xml": undefined } }),
      /it has no part xl\/styles\.xml/,
    ],
    [
      "bytes that are not UTF-8",
      () =>
        workbookBytes({
          rows: good,
          bytes: { "xl/worksheets/sheet1.xml": Buffer.from("<a>\xe9</a>", "latin1") },
        }),
      /Cannot read on from row 1: it is not UTF-8 \(byte E9\), expected UTF-8/,
    ],
    [
      "a column that no sheet has",
      () => workbookBytes({ rows: '<row r="1"><c r="ZZZZ1"><v>1</v></c></row>' }),
      /it has a cell "ZZZZ1"/,
    ],
  ];
  test.each(cases)("%s", async (_what, bytes, message) => {
    expect(await failure(await fileOf(await bytes()))).toMatch(message);
  });

  test("a wrong checksum is reported after all rows", async () => {
    const rows = Array.from(
      { length: 500 },
      (_, i) => `<row r="${i + 1}"><c><v>${i}</v></c></row>`,
    );
    const bytes = await workbookBytes({ rows: rows.join(""), level: 0 });
    const at = Buffer.from(bytes).indexOf("<v>123</v>") + "<v>".length;
    bytes[at] = "9".charCodeAt(0);
    const sheet = await openXlsx(await fileOf(bytes));
    const values: unknown[] = [];
    const reading = (async () => {
      for await (const { cells } of sheet.rows) values.push(cells[0]?.json);
    })();
    expect(String(await reading.catch((thrown: unknown) => thrown))).toMatch(
      /Cannot read on from row 501: it is damaged, its checksum is wrong/,
    );
    expect(values).toEqual(rows.map((_, i) => String(i === 123 ? 923 : i)));
  });

  test("damaged inside: rows before the damage are read, and the damage is reported", async () => {
    const random = seededRandom(2);
    const rows = Array.from(
      { length: 20_000 },
      (_, i) => `<row r="${i + 1}"><c r="A${i + 1}"><v>${random.int(2 ** 31)}</v></c></row>`,
    );
    const bytes = await workbookBytes({ rows: rows.join("") });
    const at = Math.floor(bytes.length * 0.6);
    for (let i = at; i < at + 20; i++) bytes[i] = (bytes[i] ?? 0) ^ 0x5a;
    const sheet = await openXlsx(await fileOf(bytes));
    let count = 0;
    const reading = (async () => {
      for await (const _ of sheet.rows) count++;
    })();
    const error = await reading.catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(new RegExp(`Cannot read on from row ${count + 1}: `));
    expect(count).toBeGreaterThan(100);
    expect(count).toBeLessThan(20_000);
  });
});
