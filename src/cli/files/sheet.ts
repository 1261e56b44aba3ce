/** What every file format is read as: rows of cells, each with its value or its problem. */

/** A cell's value as JSON, or why it has none. */
export type Cell =
  | { readonly json: string; readonly problem?: undefined }
  | { readonly problem: string; readonly json?: undefined };

export interface SheetRow {
  /** Row number in the file, from 1; in a CSV file the line on which the row begins. */
  readonly number: number;
  /** By column, from the first; a hole is an empty cell. */
  readonly cells: readonly (Cell | undefined)[];
}

/** A sheet whose rows are streamed: a file may be larger than memory. */
export interface Sheet {
  /** Name of the sheet; undefined where the format has no sheets. */
  readonly name: string | undefined;
  /** Sheets of the file that are not read. */
  readonly others: readonly string[];
  /** The first row is the header. Throws a `Failure` where the file cannot be read further. */
  readonly rows: AsyncIterable<SheetRow>;
}

export const emptyCell: Cell = { json: "null" };

export function textCell(text: string): Cell {
  if (text === "") return emptyCell;
  // As U+FFFD, two texts that differ would become one.
  if (!text.isWellFormed()) return { problem: "it has half of a surrogate pair, expected text" };
  return { json: JSON.stringify(text) };
}

/** A number in the spelling of JSON is kept digit by digit. */
export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
}

/** Digits alone, unlike what `Number` accepts. */
export function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** `A` for the first, `AA` for the 27th, as spreadsheets name columns; `index` counts from 0. */
export function columnName(index: number): string {
  const digit = String.fromCharCode(65 + (index % 26));
  return index < 26 ? digit : `${columnName(Math.floor(index / 26) - 1)}${digit}`;
}
