/**
 * Workbooks (`.xlsx`), the first sheet of each, row by row.
 *
 * The packages that read spreadsheets keep a whole workbook in memory, refuse all of it because of one
 * cell, or return a cell with an error as an empty one. Here a sheet is streamed, and each cell without
 * a value has a reason; packages do the unpacking and the XML.
 */

import { openAsBlob } from "node:fs";
import { BlobReader, type Entry, ZipReader } from "@zip.js/zip.js";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Sheet, SheetRow } from "./sheet.ts";
import {
  RelationsReader,
  SharedStringsReader,
  StylesReader,
  WorkbookReader,
} from "./xlsx-parts.ts";
import { RowsReader } from "./xlsx-rows.ts";
import type { WorkbookParts } from "./xlsx-values.ts";
import { readXml, type XmlReader } from "./xml.ts";

/** Throws a `Failure` where the file is not a workbook. */
export async function openXlsx(path: string): Promise<Sheet> {
  const parts = await entriesOf(path);
  const workbook = await readPart(parts, "xl/workbook.xml", new WorkbookReader());
  const { targets } = await readPart(parts, "xl/_rels/workbook.xml.rels", new RelationsReader());
  const [first, ...others] = workbook.sheets;
  const target = targets.get(first?.relation ?? "");
  if (first === undefined || target === undefined) throw notXlsx("it has no sheet");
  const strings = new SharedStringsReader();
  const styles = new StylesReader();
  // A workbook that contains only numbers has neither.
  if (parts.has("xl/sharedStrings.xml")) await readPart(parts, "xl/sharedStrings.xml", strings);
  if (parts.has("xl/styles.xml")) await readPart(parts, "xl/styles.xml", styles);
  const values = {
    sharedStrings: strings.strings,
    isTime: styles.isTime,
    from1904: workbook.from1904,
  };
  return {
    name: first.name,
    others: others.map(({ name }) => name),
    rows: rowsOf(parts, target, values),
  };
}

async function* rowsOf(
  parts: ReadonlyMap<string, Entry>,
  path: string,
  values: WorkbookParts,
): AsyncGenerator<SheetRow> {
  const reader = new RowsReader(values);
  try {
    for await (const _ of readXml(textOf(parts, path), reader)) yield* reader.take();
  } catch (error) {
    const { code, message } = readable(error);
    const why = `Cannot read on from row ${reader.number + 1}: ${message}`;
    throw new Failure(code, why, { cause: error });
  }
}

async function readPart<Reader extends XmlReader>(
  parts: ReadonlyMap<string, Entry>,
  path: string,
  reader: Reader,
): Promise<Reader> {
  try {
    // The reader keeps what it needs of each piece.
    for await (const _ of readXml(textOf(parts, path), reader));
    return reader;
  } catch (error) {
    throw notXlsx(`its part ${path} cannot be read, ${readable(error).message}`, error);
  }
}

/** The text of a part, inflated on demand; its checksum is verified at the end. */
async function* textOf(parts: ReadonlyMap<string, Entry>, path: string): AsyncGenerator<string> {
  const part = parts.get(path);
  if (part === undefined || part.directory) throw notXlsx(`it has no part ${path}`);
  if (part.encrypted) throw notXlsx("it is encrypted");
  const { readable: text, writable } = new TextDecoderStream("utf-8", { fatal: true });
  const inflated = part.getData(writable, { checkSignature: true, useWebWorkers: false });
  // Awaited below; until then the reader of the text meets its failure.
  inflated.catch(() => {});
  yield* text;
  await inflated;
}

async function entriesOf(path: string): Promise<ReadonlyMap<string, Entry>> {
  const blob = await openAsBlob(path);
  if (blob.size === 0) throw notXlsx("it is empty");
  try {
    const entries = await new ZipReader(new BlobReader(blob)).getEntries();
    return new Map(entries.map((entry) => [entry.filename, entry]));
  } catch (error) {
    throw notXlsx(`it is not a ZIP archive (${messageOf(error)})`, error);
  }
}

function notXlsx(why: string, cause?: unknown): Failure {
  return new Failure("invalid", `Cannot read it as .xlsx: ${why}`, { cause });
}

/** What packages throw, as a failure with their message. */
function readable(error: unknown): Failure {
  if (error instanceof Failure) return failureFrom(error);
  return new Failure("invalid", messageOf(error), { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
