/** CSV files (RFC 4180; also with semicolons or tabs), row by row. */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Failure } from "../../core/failure.ts";
import { createDocumentDecoder } from "../../core/utf8.ts";
import { CsvSplitter, delimiterOf } from "./csv-splitter.ts";
import { readFailure } from "./read-failure.ts";
import {
  type Cell,
  emptyCell,
  isJsonNumber,
  type Sheet,
  type SheetRow,
  textCell,
} from "./sheet.ts";
import { type Encoding, utf8Pieces, windows1252Pieces } from "./text-pieces.ts";

/** The header must be within it. */
const headBytes = 64 * 1024;
const byteOrderMark = Buffer.from("\uFEFF");

/** A file that begins with the byte order mark of UTF-8 is read as UTF-8, whatever `encoding` says. */
export async function openCsv(path: string, encoding: Encoding): Promise<Sheet> {
  const head = await headOf(path);
  const isMarked = head.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  const delimiter = delimiterOf(createDocumentDecoder().decode(head));
  const rows = rowsOf(path, isMarked ? "utf-8" : encoding, delimiter);
  return { name: undefined, others: [], rows };
}

async function* rowsOf(
  path: string,
  encoding: Encoding,
  delimiter: string,
): AsyncGenerator<SheetRow> {
  const bytes = createReadStream(path);
  const text =
    encoding === "utf-8"
      ? utf8Pieces(bytes, "UTF-8, or --encoding windows-1252")
      : windows1252Pieces(bytes);
  const splitter = new CsvSplitter(delimiter);
  try {
    for await (const piece of text) {
      splitter.write(piece);
      yield* rowsFrom(splitter);
    }
    splitter.end();
  } catch (error) {
    // Before the failure, what was read before the damage.
    yield* rowsFrom(splitter);
    const { code, message } = readFailure(error);
    const why = `Cannot read on from line ${splitter.line}: ${message}`;
    throw new Failure(code, why, { cause: error });
  }
  yield* rowsFrom(splitter);
}

function* rowsFrom(splitter: CsvSplitter): Generator<SheetRow> {
  for (const { line, cells } of splitter.take()) {
    if (cells.some((text) => text !== "")) yield { number: line, cells: cells.map(csvCell) };
  }
}

/** CSV has no types: what looks like a JSON number or a boolean is one, digit by digit. */
function csvCell(text: string): Cell {
  const trimmed = text.trim();
  if (trimmed === "") return emptyCell;
  if (isJsonNumber(trimmed)) return { json: trimmed };
  if (/^(true|false)$/i.test(trimmed)) return { json: trimmed.toLowerCase() };
  return textCell(text);
}

async function headOf(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes));
  return buffer.subarray(0, bytesRead);
}
