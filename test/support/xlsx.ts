/** Workbooks for tests, written cell by cell, valid or damaged. */

import { BlobWriter, TextReader, ZipWriter } from "@zip.js/zip.js";

export interface WorkbookText {
  /** Rows of the first sheet as XML. */
  readonly rows: string;
  readonly sheets?: readonly string[];
  readonly sharedStrings?: string;
  readonly styles?: string;
  readonly workbook?: string;
  /** Parts to replace, by path; undefined leaves one out. */
  readonly parts?: Readonly<Record<string, string | undefined>>;
  readonly password?: string;
}

const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

export async function workbookBytes(text: WorkbookText): Promise<Uint8Array<ArrayBuffer>> {
  const { rows, sheets = ["Sheet1"], sharedStrings, styles, workbook = "" } = text;
  const listed = sheets.map(
    (name, index) => `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`,
  );
  const targets = sheets.map(
    (_, index) =>
      `<Relationship Id="rId${index + 1}" Type="${relationships}/worksheet" Target="worksheets/sheet${index + 1}.xml"/>`,
  );
  const parts: Record<string, string | undefined> = {
    "xl/workbook.xml": `<workbook ${main} xmlns:r="${relationships}">${workbook}<sheets>${listed.join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${targets.join("")}</Relationships>`,
    "xl/worksheets/sheet1.xml": `<?xml version="1.0" encoding="UTF-8"?><worksheet ${main}><dimension ref="A1"/><sheetData>${rows}</sheetData></worksheet>`,
    "xl/sharedStrings.xml": sharedStrings && `<sst ${main}>${sharedStrings}</sst>`,
    "xl/styles.xml": styles && `<styleSheet ${main}>${styles}</styleSheet>`,
    ...text.parts,
  };
  const password = text.password === undefined ? {} : { password: text.password };
  const zip = new ZipWriter(new BlobWriter(), { useWebWorkers: false, ...password });
  for (const [path, xml] of Object.entries(parts)) {
    if (xml !== undefined) await zip.add(path, new TextReader(xml));
  }
  return new Uint8Array(await (await zip.close()).arrayBuffer());
}
