/** Splits the text of a CSV file into rows of cells (RFC 4180), as it arrives. */

import { Failure } from "../../core/failure.ts";

export interface CsvRow {
  /** The line on which it begins, from 1: a row may span several. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** More than the gateway accepts as a record. */
const rowCharactersMax = 1024 * 1024;

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Where the next character is. */
type Place =
  /** At the beginning of a cell. */
  | "start"
  /** In a cell without quotes, in which a quote is an ordinary character. */
  | "plain"
  | "quoted"
  /** Behind a quote in a quoted cell: its end, or the first of two that stand for one. */
  | "behind";

/**
 * Rows end with CR, LF or both, because concatenated files may have several. A quoted cell that goes on
 * behind its closing quote, such as `"5" disk`, is taken as it is written.
 */
export class CsvSplitter {
  readonly #delimiters: readonly number[];
  readonly #inHeader: number[];
  #isHeaderRead = false;
  #rows: CsvRow[] = [];
  /** What follows the last row. */
  #text = "";
  /** Characters of it that were looked at. */
  #at = 0;
  #place: Place = "start";
  #cellFrom = 0;
  #cells: string[] = [];
  #line = 1;
  /** Line breaks in the row. */
  #breaks = 0;
  #isAfterReturn = false;

  /** Each character of `delimiters` separates cells. */
  constructor(delimiters: string) {
    this.#delimiters = Array.from(delimiters, (delimiter) => delimiter.charCodeAt(0));
    this.#inHeader = this.#delimiters.map(() => 0);
  }

  /** The line on which the first row begins that is not complete. */
  get line(): number {
    return this.#line;
  }

  /** For each delimiter, how many the header has: the first row that is not blank. */
  get delimitersInHeader(): readonly number[] {
    return this.#inHeader;
  }

  /** Takes the rows that were completed since the last call. */
  take(): readonly CsvRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Throws for a row that is too long. The rows before it can be taken. */
  write(piece: string): void {
    const text = this.#text + piece;
    this.#text = text;
    let at = this.#at;
    let rowFrom = 0;
    for (; at < text.length; at++) {
      const character = text.charCodeAt(at);
      const isSecondOfTwo = this.#isAfterReturn && character === NEWLINE;
      this.#isAfterReturn = character === RETURN;
      const isBreak = character === RETURN || character === NEWLINE;
      if (this.#place === "quoted") {
        if (character === QUOTE) this.#place = "behind";
        else if (isBreak && !isSecondOfTwo) this.#breaks++;
      } else if (isSecondOfTwo) {
        // The row has ended at the first of the two.
        rowFrom = this.#cellFrom = at + 1;
      } else if (isBreak) {
        this.#endCell(at);
        this.#endRow(at - rowFrom);
        rowFrom = at + 1;
      } else if (this.#isDelimiter(character)) this.#endCell(at);
      else if (character === QUOTE && this.#place !== "plain") this.#place = "quoted";
      else this.#place = "plain";
    }
    this.#text = text.slice(rowFrom);
    this.#at = at - rowFrom;
    this.#cellFrom -= rowFrom;
    this.#requireLength(this.#text.length);
  }

  /** Completes the last row. Throws for a quote that is not closed. */
  end(): void {
    if (this.#place === "quoted") {
      throw new Failure("invalid", "a quote is never closed, expected another one");
    }
    if (this.#text === "") return;
    this.#endCell(this.#text.length);
    this.#endRow(this.#text.length);
    this.#text = "";
  }

  #isDelimiter(character: number): boolean {
    const index = this.#delimiters.indexOf(character);
    if (index < 0) return false;
    if (!this.#isHeaderRead) this.#inHeader[index] = (this.#inHeader[index] ?? 0) + 1;
    return true;
  }

  /** The cell ends before `end`. */
  #endCell(end: number): void {
    const isQuoted = this.#place === "behind";
    const cell = isQuoted
      ? this.#text.slice(this.#cellFrom + 1, end - 1).replaceAll('""', '"')
      : this.#text.slice(this.#cellFrom, end);
    this.#cells.push(cell);
    this.#place = "start";
    this.#cellFrom = end + 1;
  }

  #endRow(length: number): void {
    this.#requireLength(length);
    this.#rows.push({ line: this.#line, cells: this.#cells });
    this.#isHeaderRead ||= this.#cells.some((cell) => cell !== "");
    this.#cells = [];
    this.#line += this.#breaks + 1;
    this.#breaks = 0;
  }

  #requireLength(length: number): void {
    if (length <= rowCharactersMax) return;
    const message = `a row has more than ${rowCharactersMax} characters, perhaps a quote is not closed`;
    throw new Failure("too_large", message);
  }
}

/** Cells are separated by the most frequent one of these in the header, outside of its quotes. */
const delimiters = ",;\t";

/** `text` is the beginning of a file. */
export function delimiterOf(text: string): string {
  const splitter = new CsvSplitter(delimiters);
  splitter.write(text);
  const counts = splitter.delimitersInHeader;
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ",";
}
