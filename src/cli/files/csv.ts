/** CSV files (RFC 4180; also with semicolons or tabs), row by row. */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { CsvError, type Info, parse } from "csv-parse";
import { Failure } from "../../core/failure.ts";
import { createDocumentDecoder } from "../../core/utf8.ts";
import {
  type Cell,
  emptyCell,
  isJsonNumber,
  type Sheet,
  type SheetRow,
  textCell,
} from "./sheet.ts";

/** More than the gateway accepts as a record. */
const rowBytesMax = 1024 * 1024;
const delimiters = [",", ";", "\t"] as const;

export async function openCsv(path: string): Promise<Sheet> {
  const delimiter = delimiterOf(await firstLine(path));
  return { name: undefined, others: [], rows: rowsOf(path, delimiter) };
}

async function* rowsOf(path: string, delimiter: string): AsyncGenerator<SheetRow> {
  const parser = createReadStream(path).pipe(
    parse({
      delimiter,
      // Concatenated files may have several.
      record_delimiter: ["\r\n", "\n", "\r"],
      bom: true,
      info: true,
      relax_column_count: true,
      // A quote in the middle of a cell is an ordinary character.
      relax_quotes: true,
      max_record_size: rowBytesMax,
    }),
  );
  let line = 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: Info;
    }>) {
      // A row may span several lines: it is numbered by its first.
      const number = line;
      line = info.lines + 1;
      if (record.some((text) => text !== "")) yield { number, cells: record.map(csvCell) };
    }
  } catch (error) {
    const known = error instanceof CsvError ? reasons[error.code] : undefined;
    const why = known ?? (error instanceof Error ? error.message : String(error));
    throw new Failure("invalid", `Cannot read on from line ${line}: ${why}`, { cause: error });
  }
}

const reasons: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is never closed, expected another one",
  CSV_MAX_RECORD_SIZE: `a row has more than ${rowBytesMax} bytes, perhaps a quote is not closed`,
};

/** CSV has no types: what looks like a JSON number or a boolean is one, digit by digit. */
function csvCell(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === "") return emptyCell;
  if (isJsonNumber(trimmed)) return { json: trimmed };
  if (/^(true|false)$/i.test(trimmed)) return { json: trimmed.toLowerCase() };
  return textCell(text);
}

/** The most frequent one of the header, outside quotes. */
function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*"/g, "");
  const count = (delimiter: string) => bare.split(delimiter).length;
  return delimiters.toSorted((a, b) => count(b) - count(a))[0] ?? ",";
}

async function firstLine(path: string): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(new Uint8Array(64 * 1024));
  const text = createDocumentDecoder().decode(buffer.subarray(0, bytesRead));
  return text.split(/\r?\n/, 1)[0] ?? "";
}
