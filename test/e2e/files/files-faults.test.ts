// Files that are damaged, in another encoding, or laid out as few programs do it, sent through a
// gateway by the command line.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { workbookBytes, type WorkbookText } from "../../support/xlsx.ts";
import { recordsOf, sluice } from "./files.ts";

let folder: string;
let gateway: GatewayProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-files-"));
  gateway = await startGateway();
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
}, 30_000);

type Contents = string | Uint8Array;

/** Sends files of these contents, each into the topic of its name. */
async function send(name: string, files: Record<string, Contents>, ...options: string[]) {
  const dir = join(folder, name);
  await mkdir(dir);
  for (const [file, contents] of Object.entries(files)) await writeFile(join(dir, file), contents);
  return await sluice(
    ...["simulate", "files", "--dir", dir, "--rate", "100000", "--url", gateway.url, ...options],
  ).end();
}

async function dataOf(topic: string) {
  return (await recordsOf(gateway.url, topic)).map(({ data }) => data);
}

const latin = (text: string) => Buffer.from(text, "latin1");

test("a CSV file that is not UTF-8 ends at the byte, and no id is changed", async () => {
  const text = "message_id,name\nm-1,tea\nm-\xe9,caf\xe9\nm-\xe8,caf\xe8\n";
  const { code, output } = await send("latin", { "latin.csv": latin(text) });
  expect(code).toBe(1);
  expect(output).toContain(
    "latin.csv: Cannot read on from line 3: it is not UTF-8 (byte E9), expected UTF-8, or --encoding windows-1252",
  );
  expect(await dataOf("latin")).toEqual([{ message_id: "m-1", name: "tea" }]);
}, 30_000);

test("--encoding windows-1252 reads it, and a file that says it is UTF-8 as UTF-8", async () => {
  const { code } = await send(
    "encoded",
    {
      "western.csv": latin("message_id,name\nm-\xe9,caf\xe9\nm-\xe8,\x80 5\n"),
      "marked.csv": "\uFEFFmessage_id,name\nm-é,€\n",
    },
    ...["--encoding", "windows-1252"],
  );
  expect(code).toBe(0);
  expect(await dataOf("western")).toEqual([
    { message_id: "m-é", name: "café" },
    { message_id: "m-è", name: "€ 5" },
  ]);
  expect(await dataOf("marked")).toEqual([{ message_id: "m-é", name: "€" }]);
}, 30_000);

const count = 100;
const ids = Array.from({ length: count }, (_, i) => `m-${i + 1}`);

test("rows before the damage are sent, and the damage is reported with its line or row", async () => {
  const rows = ids.map((id, i) => `${id},${i}`).join("\n");
  const csv = `message_id,v\n${rows}\nm-x,"never closed`;
  const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`;
  const sheetRows = ["message_id", ...ids].map((id, i) => `<row r="${i + 1}">${text(id)}</row>`);
  const broken = (damage: string) =>
    workbookBytes({ rows: `${sheetRows.join("")}<row r="102"><c>${damage}` });
  const { code, output } = await send("torn", {
    "torncsv.csv": csv,
    "torncsv5.csv": 'message_id,v\na,1\nb,2\nc,"3\n3"\nd,4\ne,5\nf,"never\nclosed',
    "torntag.xlsx": await broken("</oops>"),
    "torncontrol.xlsx": await broken("\u0001"),
  });
  expect(code).toBe(1);
  for (const line of [
    "torncsv.csv: Cannot read on from line 102: a quote is never closed",
    "torncsv5.csv: Cannot read on from line 8: a quote is never closed",
    'torntag.xlsx, sheet "Sheet1": Cannot read on from row 102: its XML is broken',
    'torncontrol.xlsx, sheet "Sheet1": Cannot read on from row 102: its XML is broken',
  ]) {
    expect(output).toContain(line);
  }
  for (const topic of ["torncsv", "torntag", "torncontrol"]) {
    expect((await dataOf(topic)).map((data) => data["message_id"])).toEqual(ids);
  }
  expect((await dataOf("torncsv5")).map((data) => data["v"])).toEqual([1, 2, "3\n3", 4, 5]);
}, 30_000);

test("rows before the damage are sent also where the times of the first rows are looked for", async () => {
  const csv = 'message_id,created_at\na,2026-01-31T10:00:00Z\nb,2026-01-31T10:00:00Z\n"';
  const dir = join(folder, "torntimes");
  await mkdir(dir);
  await writeFile(join(dir, "torntimes.csv"), csv);
  const { code } = await sluice("simulate", "files", "--dir", dir, "--url", gateway.url).end();
  expect(code).toBe(1);
  expect((await dataOf("torntimes")).map((data) => data["message_id"])).toEqual(["a", "b"]);
}, 30_000);

test("the delimiter is the header's, whatever quotes and line ends it has", async () => {
  const { code, output } = await send("delimiters", {
    "sniffa.csv": '"Full\nname";message_id\nx;m-1\n',
    "sniffb.csv": "message_id;note\rm-1;a, b, c, d\rm-2;x\r",
    "sniffc.csv": 'message_id\t"a;b;c\r\nd;e""\t,"\r\nm-1\tx\r\n',
    "sniffd.csv": '\n\nmessage_id;5" disk, 3" disk;x\nm-1;1;2\n',
  });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(await dataOf("sniffa")).toEqual([{ "Full\nname": "x", message_id: "m-1" }]);
  expect(await dataOf("sniffb")).toEqual([
    { message_id: "m-1", note: "a, b, c, d" },
    { message_id: "m-2", note: "x" },
  ]);
  expect(await dataOf("sniffc")).toEqual([{ message_id: "m-1", 'a;b;c\r\nd;e"\t,': "x" }]);
  expect(await dataOf("sniffd")).toEqual([{ message_id: "m-1", '5" disk, 3" disk': 1, x: 2 }]);
}, 30_000);

const dateStyles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="21"/></cellXfs>';
const oneRow =
  '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>' +
  '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" s="1"><v>45351</v></c></row>';
const book: WorkbookText = {
  rows: oneRow,
  sharedStrings: "<si><t>message_id</t></si><si><t>at</t></si><si><t>m-1</t></si>",
  styles: dateStyles,
};

test("parts of a workbook are found by its relationships, wherever they are", async () => {
  const moved = (from: string, to: string, target: string) =>
    workbookBytes({ ...book, moved: [{ from, to, target }] });
  const files = {
    "pcapital.xlsx": await moved("sharedStrings.xml", "SharedStrings.xml", "SharedStrings.xml"),
    "pcase.xlsx": await moved("sharedStrings.xml", "SHAREDSTRINGS.XML", "sharedStrings.xml"),
    "pstrings.xlsx": await moved("sharedStrings.xml", "texts/one.xml", "texts/one.xml"),
    "pstyles.xlsx": await moved("styles.xml", "looks/one.xml", "looks/one.xml"),
    "pdot.xlsx": await moved(
      "worksheets/sheet1.xml",
      "worksheets/sheet1.xml",
      "./worksheets/sheet1.xml",
    ),
    "pup.xlsx": await moved(
      "worksheets/sheet1.xml",
      "worksheets/sheet1.xml",
      "../xl/./worksheets/sheet1.xml",
    ),
    "pabsolute.xlsx": await moved("worksheets/sheet1.xml", "w s.xml", "/xl/w%20s.xml"),
    "pbook.xlsx": await workbookBytes({ ...book, workbookPart: "work/book2.xml" }),
    "proot.xlsx": await workbookBytes({ ...book, workbookPart: "book2.xml" }),
  };
  const { code, output } = await send("parts", files);
  expect({ code, output }).toMatchObject({ code: 0 });
  for (const file of Object.keys(files)) {
    const topic = file.replace(".xlsx", "");
    expect([topic, await dataOf(topic)]).toEqual([
      topic,
      [{ message_id: "m-1", at: "2024-02-29T00:00:00.000Z" }],
    ]);
  }
}, 60_000);

test("a number whose format the workbook does not have is a bad cell, never a date's number", async () => {
  const { styles: _, ...plain } = book;
  const { code, output } = await send("formats", { "formats.xlsx": await workbookBytes(plain) });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain(
    'formats.xlsx, sheet "Sheet1", row 2, column B "at": it has cell format 1, which the file does not have',
  );
  expect(await dataOf("formats")).toEqual([{ message_id: "m-1", at: null }]);
}, 30_000);

test("times of day in workbooks that count from 1904, dates in ISO 8601, and dates that are not", async () => {
  const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`;
  const header = (...names: string[]) => `<row r="1">${names.map(text).join("")}</row>`;
  const iso = (value: string) => `<c t="d"><v>${value}</v></c>`;
  const { output } = await send("times", {
    "clock04.xlsx": await workbookBytes({
      rows: `${header("message_id", "at")}<row r="2">${text("m-1")}<c s="2"><v>0.271006944</v></c></row>`,
      styles: dateStyles,
      workbook: '<workbookPr date1904="1"/>',
    }),
    "isocells.xlsx": await workbookBytes({
      rows: `${header("message_id", "at", "clock", "day", "wrong")}<row r="2">${text("m-1")}${iso("2024-01-05T10:11:12")}${iso("10:11:12")}${iso("2024-01-05")}${iso("2024-02-30")}</row>`,
    }),
  });
  expect(await dataOf("clock04")).toEqual([{ message_id: "m-1", at: "06:30:15.000" }]);
  expect(await dataOf("isocells")).toEqual([
    {
      message_id: "m-1",
      at: "2024-01-05T10:11:12.000Z",
      clock: "10:11:12.000",
      day: "2024-01-05T00:00:00.000Z",
      wrong: null,
    },
  ]);
  expect(output).toContain('it is the date "2024-02-30", expected one of ISO 8601');
}, 30_000);

test("half of a surrogate pair in a cell is a bad cell, not another id", async () => {
  const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`;
  const rows = [text("message_id"), text("m-_xD800_"), text("m-_xD801_"), text("m-_xD83D__xDE00_")];
  const { code, output } = await send("halves", {
    "halves.xlsx": await workbookBytes({ rows: rows.map((row) => `<row>${row}</row>`).join("") }),
  });
  expect(code).toBe(0);
  expect(output).toContain('row 2, column A "message_id": it has half of a surrogate pair');
  expect(await dataOf("halves")).toEqual([{ message_id: "m-😀" }]);
}, 30_000);
