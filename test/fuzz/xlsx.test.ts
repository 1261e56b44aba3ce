// Fuzzes the reader of workbooks: the XML of their parts, and whole files.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SheetRow } from "../../src/cli/files/sheet.ts";
import { openTable } from "../../src/cli/files/table.ts";
import {
  SharedStringsReader,
  StylesReader,
  WorkbookReader,
} from "../../src/cli/files/xlsx-parts.ts";
import { RowsReader } from "../../src/cli/files/xlsx-rows.ts";
import { openXlsx } from "../../src/cli/files/xlsx.ts";
import { readXml, type XmlReader } from "../../src/cli/files/xml.ts";
import { Failure } from "../../src/core/failure.ts";
import { workbookBytes } from "../support/xlsx.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";
import { requireLinear } from "./linear.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-xlsx-"));
afterAll(() => rmSync(folder, { recursive: true }));

const characters = [
  "a",
  "7",
  " ",
  "é",
  "漢",
  "😀",
  "<",
  "&",
  '"',
  "]]>",
  "\n",
  "_x",
  "_x0041_",
  "\u0001",
];
const strings = ["first", "a <b> & c", "", "A"];
/** The second and third show times. */
const styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="21"/></cellXfs>';
const parts = { sharedStrings: strings, isTime: [false, true, true], from1904: false };

function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** As programs write a text: what XML cannot contain is escaped, and what looks like an escape as well. */
function cellText(text: string): string {
  const escaped = text
    .replaceAll(/_(?=x[0-9A-Fa-f]{4}_)/g, "_x005F_")
    .replaceAll("\u0001", "_x0001_");
  return xmlText(escaped);
}

interface MadeCell {
  readonly xml: string;
  /** What it is read as: JSON, or undefined where it is a bad cell. */
  readonly json: string | undefined;
}

function madeCell(random: FuzzRandom, attributes: string): MadeCell {
  const cell = (type: string, inside: string, json: string | undefined): MadeCell => ({
    xml: `<c${attributes}${type}>${inside}</c>`,
    json,
  });
  const text = random.text(characters, 6);
  const json = text === "" ? "null" : JSON.stringify(text);
  const number = String(random.pick([0, 1.5, -7, 12345678901234567890n, "1E-7", 45351.25]));
  const index = random.int(strings.length + 1);
  const shared = strings[index];
  return random.pick([
    () => cell("", `<v>${number}</v>`, number),
    () => cell(' t="n" s="0"', `<f>1+1</f><v>${number}</v>`, number),
    () => cell(' s="2"', "<v>0.25</v>", '"06:00:00.000"'),
    () => cell(' s="1"', "<v>45351</v>", '"2024-02-29T00:00:00.000Z"'),
    () => cell(' s="9"', "<v>45351</v>", undefined),
    () => cell(' t="inlineStr"', `<is><t>${cellText(text)}</t></is>`, json),
    () => cell(' t="str"', `<f>A1</f><v>${cellText(text)}</v>`, json),
    () =>
      cell(' t="s"', `<v>${index}</v>`, shared === "" ? "null" : shared && JSON.stringify(shared)),
    () => cell(' t="b"', "<v>1</v>", "true"),
    () => cell(' t="d"', "<v>2024-02-29</v>", '"2024-02-29T00:00:00.000Z"'),
    () => cell(' t="d"', "<v>2024-02-30</v>", undefined),
    () => cell(' t="e"', "<v>#N/A</v>", undefined),
    () => cell("", "", "null"),
  ])();
}

/** The rows of a sheet as XML, and what they are read as. */
function madeRows(random: FuzzRandom) {
  let number = 0;
  const rows = random.list(6, () => {
    const isNumbered = random.chance(0.7);
    number += isNumbered ? 1 + random.int(3) : 1;
    let column = -1;
    const cells = random.list(8, () => {
      const isAddressed = random.chance(0.7);
      column += isAddressed ? 1 + random.int(30) : 1;
      const letters = column < 26 ? "" : String.fromCharCode(64 + Math.floor(column / 26));
      const address = `${letters}${String.fromCharCode(65 + (column % 26))}${number}`;
      return { column, ...madeCell(random, isAddressed ? ` r="${address}"` : "") };
    });
    const xml = `<row${isNumbered ? ` r="${number}"` : ""}>${cells.map((cell) => cell.xml).join("")}</row>`;
    return { number, cells, xml };
  });
  return { rows, xml: rows.map(({ xml }) => xml).join("") };
}

type MadeRows = ReturnType<typeof madeRows>["rows"];

function expectRows(found: readonly SheetRow[], made: MadeRows): void {
  expect(found.map(({ number }) => number)).toEqual(made.map(({ number }) => number));
  for (const [i, { cells }] of made.entries()) {
    for (const { column, json } of cells) {
      const cell = found[i]?.cells[column];
      expect(cell?.json).toBe(json);
      if (json === undefined) expect(cell?.problem).toBeString();
    }
  }
}

/** Feeds the XML in pieces that are cut anywhere. */
async function readPieces(random: FuzzRandom, xml: string, reader: XmlReader): Promise<void> {
  async function* pieces() {
    for (let from = 0; from < xml.length;) {
      const to = from + 1 + random.int(xml.length - from);
      yield xml.slice(from, to);
      from = to;
    }
  }
  for await (const _ of readXml(pieces(), reader));
}

fuzz(
  "rows are read as they were meant, wherever the XML is cut",
  { cases: 1000 },
  async (random) => {
    const { rows, xml } = madeRows(random);
    const prefix = random.chance(0.3) ? "x:" : "";
    const sheet = `<worksheet xmlns:x="m"><sheetData>${xml}</sheetData></worksheet>`;
    const reader = new RowsReader(parts);
    await readPieces(random, sheet.replaceAll(/<(\/?)(?=[a-z])/g, `<$1${prefix}`), reader);
    expectRows(reader.take(), rows);
  },
);

fuzz(
  "damaged XML is read or fails, with the rows before the damage",
  { cases: 1000 },
  async (random) => {
    const { rows, xml } = madeRows(random);
    const whole = `<worksheet><sheetData>${xml}`;
    const damage = Buffer.from(damaged(random, Buffer.from("</sheetData></worksheet>"))).toString();
    const reader = new RowsReader(parts);
    try {
      await readPieces(random, whole + damage, reader);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
    const found = reader.take();
    expectRows(found.slice(0, rows.length), rows);
  },
);

fuzz("any XML in any part fails as documented, or is read", { cases: 1000 }, async (random) => {
  const names = [
    "sst",
    "si",
    "t",
    "r",
    "rPh",
    "numFmts",
    "numFmt",
    "cellXfs",
    "xf",
    "sheetData",
    "row",
    "c",
    "v",
    "f",
    "sheet",
  ];
  const attributes = [
    'numFmtId="14"',
    'numFmtId="x"',
    'r="B2"',
    'r="0x2"',
    't="s"',
    's="-1"',
    'r:id="a"',
    'formatCode="[h"',
  ];
  const xml = random.text(
    [
      ...names.map((name) => `<${name}>`),
      ...names.map((name) => `</${name}>`),
      ...names.map((name) => `<${name} ${random.pick(attributes)}/>`),
      "&amp;",
      "&x;",
      "<![CDATA[a]]>",
      "<!-- b -->",
      "7",
      "\u0001",
    ],
    20,
  );
  const readers = [
    new SharedStringsReader(),
    new StylesReader(),
    new WorkbookReader(),
    new RowsReader(parts),
  ];
  try {
    await readPieces(random, `<a>${xml}</a>`, random.pick(readers));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
});

fuzz("any file becomes records, or fails with a reason", { cases: 150 }, async (random) => {
  const { rows, xml } = madeRows(random);
  const header = '<row><c t="inlineStr"><is><t>id</t></is></c></row>';
  const sharedStrings = strings.map((text) => `<si><t>${xmlText(text)}</t></si>`).join("");
  const shifted = xml.replaceAll(
    /r="([A-Z]*)(\d+)"/g,
    (_, letters: string, at: string) => `r="${letters}${Number(at) + 1}"`,
  );
  const right = await workbookBytes({
    rows: header + shifted,
    sharedStrings,
    styles,
    level: random.pick([0, 6]),
  });
  const isRight = random.chance(0.3);
  const path = join(folder, "a.xlsx");
  writeFileSync(path, isRight ? right : damaged(random, right));
  try {
    const { items } = await openTable(await openXlsx(path), { idColumn: "id", timeColumn: "" });
    const sent: number[] = [];
    for await (const { record } of { [Symbol.asyncIterator]: () => items }) {
      if (record === undefined) continue;
      const { id }: { id: unknown } = JSON.parse(record.json);
      expect(id).toBeString();
      sent.push(record.row);
    }
    const withId = rows.filter(({ cells }) => {
      const first = cells.findLast(({ column }) => column === 0)?.json;
      return first !== undefined && first !== "null";
    });
    if (isRight) expect(sent).toEqual(withId.map(({ number }) => number + 1));
  } catch (error) {
    expect(isRight).toBeFalse();
    if (!(error instanceof Failure)) throw error;
    expect(error.message).toMatch(/^Cannot (read on from row \d+|send it|read it as \.xlsx): /);
  }
});

const sheetOf = (rows: string) => `<worksheet><sheetData>${rows}</sheetData></worksheet>`;
const stylesOf = (code: string) =>
  `<styleSheet><numFmt numFmtId="164" formatCode="${code}"/><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`;

test.each<[name: string, inputOf: (size: number) => string, reader: () => XmlReader]>([
  [
    "rows",
    (size) => sheetOf('<row r="1"><c r="A1"><v>1</v></c></row>'.repeat(size / 64)),
    () => new RowsReader(parts),
  ],
  [
    "cells",
    (size) => sheetOf(`<row>${"<c><v>1</v></c>".repeat(Math.min(size / 64, 16_000))}</row>`),
    () => new RowsReader(parts),
  ],
  [
    "deep elements",
    (size) => "<a>".repeat(size / 8) + "</a>".repeat(size / 8),
    () => new RowsReader(parts),
  ],
  [
    "runs of a text",
    (size) =>
      sheetOf(`<row><c t="inlineStr"><is>${"<r><t>a</t></r>".repeat(size / 16)}</is></c></row>`),
    () => new RowsReader(parts),
  ],
  [
    "entities",
    (size) => sheetOf(`<row><c t="str"><v>${"&amp;".repeat(size / 8)}</v></c></row>`),
    () => new RowsReader(parts),
  ],
  [
    "escapes",
    (size) => sheetOf(`<row><c t="str"><v>${"_x00".repeat(size / 4)}</v></c></row>`),
    () => new RowsReader(parts),
  ],
  ["comments", (size) => sheetOf("<!-- a -->".repeat(size / 16)), () => new RowsReader(parts)],
  [
    "attributes",
    (size) => `<a ${Array.from({ length: size / 16 }, (_, i) => `a${i}="b"`).join(" ")}/>`,
    () => new RowsReader(parts),
  ],
  [
    "shared texts",
    (size) => `<sst>${"<si><t/></si>".repeat(size / 16)}</sst>`,
    () => new SharedStringsReader(),
  ],
  ["brackets of a format", (size) => stylesOf("[".repeat(size)), () => new StylesReader()],
  [
    "formats",
    (size) => stylesOf("0").replace("<xf ", `${'<xf numFmtId="14"/>'.repeat(size / 32)}<xf `),
    () => new StylesReader(),
  ],
])(
  "time grows with the input: %s",
  async (name, inputOf, reader) => {
    await requireLinear({
      name,
      inputOf,
      size: 128 * 1024,
      run: async (xml) => {
        async function* pieces() {
          for (let from = 0; from < xml.length; from += 65_536) {
            yield xml.slice(from, from + 65_536);
          }
        }
        const each = reader();
        for await (const _ of readXml(pieces(), each)) if (each instanceof RowsReader) each.take();
      },
    });
  },
  30_000,
);
