/** Workbooks for tests, written cell by cell, valid or damaged. */

import { BlobWriter, TextReader, Uint8ArrayReader, ZipWriter } from "@zip.js/zip.js";

export interface WorkbookText {
  /** Rows of the first sheet as XML. */
  readonly rows: string;
  readonly sheets?: readonly string[];
  readonly sharedStrings?: string;
  readonly styles?: string;
  readonly workbook?: string;
  /** Parts of `xl/` in another place, or with another target in their relationship. */
  readonly moved?: readonly {
    readonly from: string;
    readonly to: string;
    readonly target: string;
  }[];
  /** Path of the workbook's part; all other parts are beside it. */
  readonly workbookPart?: string;
  /** Parts to replace, by path; undefined leaves one out. */
  readonly parts?: Readonly<Record<string, string | undefined>>;
  /** The same, for parts that are not text. */
  readonly bytes?: Readonly<Record<string, Uint8Array>>;
  readonly password?: string;
  /** 0 stores the parts without compressing them. */
  readonly level?: number;
}

const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export async function workbookBytes(text: WorkbookText): Promise<Uint8Array<ArrayBuffer>> {
  const { rows, sheets = ["Sheet1"], sharedStrings, styles, workbook = "" } = text;
  const { moved = [], workbookPart = "xl/workbook.xml" } = text;
  const folder = workbookPart.slice(0, workbookPart.lastIndexOf("/") + 1);
  const pathOf = (name: string) => folder + (moved.find(({ from }) => from === name)?.to ?? name);
  const relationship = (id: string, type: string, name: string) =>
    `<Relationship Id="${id}" Type="${relationships}/${type}" Target="${moved.find(({ from }) => from === name)?.target ?? name}"/>`;
  const listed = sheets.map(
    (name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  const targets = [
    ...sheets.map((_, index) =>
      relationship(`rId${index + 1}`, "worksheet", `worksheets/sheet${index + 1}.xml`),
    ),
    sharedStrings === undefined ? "" : relationship("rIdT", "sharedStrings", "sharedStrings.xml"),
    styles === undefined ? "" : relationship("rIdS", "styles", "styles.xml"),
  ];
  const ofWorkbook = `${folder}_rels/${workbookPart.slice(folder.length)}.rels`;
  const parts: Record<string, string | undefined> = {
    "_rels/.rels": relationshipsOf([relationship("rId1", "officeDocument", workbookPart)]),
    [workbookPart]: `<workbook ${main} xmlns:r="${relationships}">${workbook}<sheets>${listed.join("")}</sheets></workbook>`,
    [ofWorkbook]: relationshipsOf(targets),
    [pathOf("worksheets/sheet1.xml")]:
      `<?xml version="1.0" encoding="UTF-8"?><worksheet ${main}><dimension ref="A1"/><sheetData>${rows}</sheetData></worksheet>`,
    [pathOf("sharedStrings.xml")]: sharedStrings && `<sst ${main}>${sharedStrings}</sst>`,
    [pathOf("styles.xml")]: styles && `<styleSheet ${main}>${styles}</styleSheet>`,
    ...text.parts,
  };
  const { bytes = {}, level } = text;
  const password = text.password === undefined ? {} : { password: text.password };
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false, ...password });
  for (const [path, xml] of Object.entries(parts)) {
    const data = bytes[path];
    const reader = data === undefined ? new TextReader(xml ?? "") : new Uint8ArrayReader(data);
    if (xml !== undefined) await zip.add(path, reader, level === undefined ? {} : { level });
  }
  return new Uint8Array(await (await zip.close()).arrayBuffer());
}

function relationshipsOf(all: readonly string[]): string {
  return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${all.join("")}</Relationships>`;
}
