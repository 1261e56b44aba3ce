/**
 * Workbooks (`.xlsx`), the first sheet of each, row by row.
 *
 * The packages that read spreadsheets keep a whole workbook in memory, refuse all of it because of one
 * cell, or return a cell with an error as an empty one. Here a sheet is streamed, and each cell without
 * a value has a reason; packages do the unpacking and the XML.
 */

import { Failure } from "../../core/failure.ts";
import { notXlsx, openPackage, type Relationship } from "./opc.ts";
import { readFailure } from "./read-failure.ts";
import type { Sheet, SheetRow } from "./sheet.ts";
import { SharedStringsReader, StylesReader, WorkbookReader } from "./xlsx-parts.ts";
import { RowsReader } from "./xlsx-rows.ts";
import type { WorkbookParts } from "./xlsx-values.ts";
import { readXml } from "./xml.ts";

/** Throws a `Failure` where the file is not a workbook. */
export async function openXlsx(path: string): Promise<Sheet> {
  const parts = await openPackage(path);
  const book = partOfType(await parts.relationships(), "officeDocument");
  if (book === undefined) throw notXlsx("its package has no document");
  const workbook = await parts.read(book, new WorkbookReader());
  const related = await parts.relationships(book);
  const worksheets = new Map(
    related.filter(({ type }) => type === "worksheet").map(({ id, part }) => [id, part]),
  );
  const sheets = workbook.sheets.flatMap(({ name, relation }) => {
    const part = worksheets.get(relation);
    return part === undefined ? [] : [{ name, part }];
  });
  const [first, ...others] = sheets;
  if (first === undefined) throw notXlsx("it has no sheet");
  const strings = new SharedStringsReader();
  const styles = new StylesReader();
  // A workbook that contains only numbers has neither.
  const stringsPart = partOfType(related, "sharedStrings");
  const stylesPart = partOfType(related, "styles");
  if (stringsPart !== undefined) await parts.read(stringsPart, strings);
  if (stylesPart !== undefined) await parts.read(stylesPart, styles);
  const values = {
    sharedStrings: strings.strings,
    isTime: styles.isTime,
    from1904: workbook.from1904,
  };
  return {
    name: first.name,
    others: others.map(({ name }) => name),
    rows: rowsOf(parts.text(first.part), values),
  };
}

async function* rowsOf(
  text: AsyncIterable<string>,
  values: WorkbookParts,
): AsyncGenerator<SheetRow> {
  const reader = new RowsReader(values);
  try {
    for await (const _ of readXml(text, reader)) yield* reader.take();
  } catch (error) {
    // Before the failure, what was read before the damage.
    yield* reader.take();
    const { code, message } = readFailure(error);
    const why = `Cannot read on from row ${reader.lastNumber + 1}: ${message}`;
    throw new Failure(code, why, { cause: error });
  }
}

function partOfType(all: readonly Relationship[], type: string): string | undefined {
  return all.find((each) => each.type === type)?.part;
}
