/** Rows on standard output: a table with a header for people, or one JSON object a line. */

import type { Runtime } from "../../runtime/runtime.ts";

export interface Column<Row> {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly align?: "right";
  cell(row: Row): string;
}

/** Prints rows page by page; the widths of the columns follow from the first page. */
export class Listing<Row> {
  readonly #runtime: Runtime;
  readonly #columns: readonly Column<Row>[];
  readonly #json: boolean;
  #widths: readonly number[] | undefined;

  constructor(runtime: Runtime, columns: readonly Column<Row>[], json: boolean) {
    this.#runtime = runtime;
    this.#columns = columns;
    this.#json = json;
  }

  print(rows: readonly Row[]): void {
    if (this.#json) {
      for (const row of rows) printJson(this.#runtime, row);
      return;
    }
    if (rows.length === 0) return;
    const cells = rows.map((row) => this.#columns.map((column) => column.cell(row)));
    const titles = this.#columns.map(({ title }) => title);
    const isFirst = this.#widths === undefined;
    this.#widths ??= titles.map((title, index) =>
      Math.max(title.length, ...cells.map((line) => (line[index] ?? "").length)),
    );
    for (const line of isFirst ? [titles, ...cells] : cells) this.#line(line);
  }

  #line(cells: readonly string[]): void {
    const padded = cells.map((cell, index) => {
      const width = this.#widths?.[index] ?? 0;
      return this.#columns[index]?.align === "right" ? cell.padStart(width) : cell.padEnd(width);
    });
    this.#runtime.print(`${padded.join("  ").trimEnd()}\n`);
  }
}

export function printJson(runtime: Runtime, value: unknown): void {
  runtime.print(`${JSON.stringify(value)}\n`);
}

/** `1 record`, `2 records`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : nounEnding(noun)}`;
}

function nounEnding(noun: string): string {
  return /(?:s|x|ch|sh)$/.test(noun) ? "es" : "s";
}
