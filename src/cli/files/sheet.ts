/** What is read of a file, whatever its format: rows of cells, and what is wrong with single ones. */

/** A cell's value as JSON, or why it has none. */
export type Cell =
  | { readonly json: string; readonly problem?: undefined }
  | { readonly problem: string; readonly json?: undefined };

export interface SheetRow {
  /** As the file counts them, from 1; of a CSV file the line that it begins on. */
  readonly number: number;
  /** By their columns, from the first on; a hole is an empty cell. */
  readonly cells: readonly (Cell | undefined)[];
}

/** A sheet that is being read. Rows come as they are read: no file has to fit into memory. */
export interface Sheet {
  /** Of the sheet inside its file; undefined where the format has none. */
  readonly name: string | undefined;
  /** Sheets of the file that are not read. */
  readonly others: readonly string[];
  /** The first is the header. Throws a `Failure` where the file cannot be read on. */
  readonly rows: AsyncIterable<SheetRow>;
}

export const emptyCell: Cell = { json: "null" };

export function textCell(text: string): Cell {
  return text === "" ? emptyCell : { json: JSON.stringify(text.toWellFormed()) };
}

/** JSON's own spelling: what is written so is kept digit by digit. */
export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text);
}

/** `A` for the first, `AA` for the 27th, as spreadsheets name columns; `index` counts from 0. */
export function columnName(index: number): string {
  const digit = String.fromCharCode(65 + (index % 26));
  return index < 26 ? digit : `${columnName(Math.floor(index / 26) - 1)}${digit}`;
}
