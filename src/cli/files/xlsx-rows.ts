/** `xl/worksheets/….xml`: the rows of a sheet, as they are read. */

import { Failure } from "../../core/failure.ts";
import type { Cell, SheetRow } from "./sheet.ts";
import { cellFromRaw, type WorkbookParts } from "./xlsx-values.ts";
import type { Tag, XmlReader } from "./xml.ts";

/** The limit of spreadsheets. */
const columnsMax = 16_384;

export class RowsReader implements XmlReader {
  readonly #parts: WorkbookParts;
  #rows: SheetRow[] = [];
  #number = 0;
  #cells: (Cell | undefined)[] = [];
  #cell: { column: number; type: string; style: number } | undefined;
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

  /** Number of the last row that was begun, for messages. */
  get number(): number {
    return this.#number;
  }

  open({ name, attributes }: Tag): void {
    if (name === "row") {
      this.#number = Number(attributes["r"] ?? this.#number + 1);
      this.#cells = [];
    } else if (name === "c") {
      const column = columnOf(attributes["r"]) ?? this.#cells.length;
      if (column >= columnsMax) {
        throw new Failure("invalid", `it has a cell "${attributes["r"]}", which no sheet has`);
      }
      this.#cell = {
        column,
        type: attributes["t"] ?? "n",
        style: Number(attributes["s"] ?? 0),
      };
      this.#value = undefined;
      this.#isFormula = false;
    } else if (name === "f") this.#isFormula = true;
    else if (name === "rPh") this.#isPhonetic = true;
  }

  close(name: string, text: string): void {
    if (name === "v") this.#value = text;
    // An inline text may consist of several runs.
    else if (name === "t" && !this.#isPhonetic) this.#value = (this.#value ?? "") + text;
    else if (name === "rPh") this.#isPhonetic = false;
    else if (name === "c") this.#endCell();
    else if (name === "row") this.#rows.push({ number: this.#number, cells: this.#cells });
  }

  #endCell(): void {
    if (this.#cell === undefined) return;
    const { column, type, style } = this.#cell;
    const raw = { type, style, value: this.#value, isFormula: this.#isFormula };
    this.#cells[column] = cellFromRaw(raw, this.#parts);
    this.#cell = undefined;
  }
}

/** `C17` is column 2. */
function columnOf(address: string | undefined): number | undefined {
  const letters = /^([A-Z]{1,4})\d+$/.exec(address ?? "")?.[1];
  if (letters === undefined) return undefined;
  return Array.from(letters).reduce((sum, each) => sum * 26 + each.charCodeAt(0) - 64, 0) - 1;
}
