/** The part of a worksheet: its rows, as they are read. */

import { Failure } from "../../core/failure.ts";
import { type Cell, type SheetRow, wholeNumber } from "./sheet.ts";
import { cellFromRaw, type WorkbookParts } from "./xlsx-values.ts";
import type { Tag, XmlReader } from "./xml.ts";

/** The limits of spreadsheets. */
const columnsMax = 16_384;
const rowsMax = 1_048_576;

export class RowsReader implements XmlReader {
  readonly #parts: WorkbookParts;
  #rows: SheetRow[] = [];
  /** Other elements have the names of rows and cells, such as the anchors of buttons. */
  #isInData = false;
  #number = 0;
  #lastNumber = 0;
  #cells: (Cell | undefined)[] = [];
  #cell: { column: number; type: string; style: string } | undefined;
  #value: string | undefined;
  #isFormula = false;
  #isPhonetic = false;

  constructor(parts: WorkbookParts) {
    this.#parts = parts;
  }

  /** Takes the rows that were finished since the last call. */
  take(): SheetRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Number of the last row that was read to its end; 0 before the first. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  open({ name, attributes }: Tag): void {
    if (name === "sheetData") this.#isInData = true;
    if (!this.#isInData) return;
    if (name === "row") {
      this.#number = rowNumber(attributes["r"], this.#lastNumber + 1);
      this.#cells = [];
    } else if (name === "c") {
      const column = columnIndex(attributes["r"], this.#cells.length);
      this.#cell = { column, type: attributes["t"] ?? "n", style: attributes["s"] ?? "0" };
      this.#value = undefined;
      this.#isFormula = false;
    } else if (name === "f") this.#isFormula = true;
    else if (name === "rPh") this.#isPhonetic = true;
  }

  close(name: string, text: string): void {
    if (name === "sheetData") this.#isInData = false;
    if (!this.#isInData) return;
    if (name === "v") this.#value = text;
    // An inline text may consist of several runs.
    else if (name === "t" && !this.#isPhonetic) this.#value = (this.#value ?? "") + text;
    else if (name === "rPh") this.#isPhonetic = false;
    else if (name === "c") this.#endCell();
    else if (name === "row") {
      this.#rows.push({ number: this.#number, cells: this.#cells });
      this.#lastNumber = this.#number;
    }
  }

  #endCell(): void {
    if (this.#cell === undefined) return;
    const { column, type, style } = this.#cell;
    const raw = { type, style, value: this.#value, isFormula: this.#isFormula };
    this.#cells[column] = cellFromRaw(raw, this.#parts);
    this.#cell = undefined;
  }
}

/** `next` where the row does not say its own. */
function rowNumber(text: string | undefined, next: number): number {
  const number = text === undefined ? next : (wholeNumber(text) ?? 0);
  if (number >= 1 && number <= rowsMax) return number;
  throw new Failure("invalid", `it has a row "${text ?? next}", which no sheet has`);
}

/** `C17` is column 2; `next` where the cell does not say its own. */
function columnIndex(address: string | undefined, next: number): number {
  const letters = address === undefined ? "" : /^([A-Z]{1,3})[1-9]\d{0,6}$/.exec(address)?.[1];
  const column =
    letters === ""
      ? next
      : Array.from(letters ?? "").reduce((sum, each) => sum * 26 + each.charCodeAt(0) - 64, 0) - 1;
  if (column >= 0 && column < columnsMax) return column;
  throw new Failure("invalid", `it has a cell "${address ?? next}", which no sheet has`);
}
