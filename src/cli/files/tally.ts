/** Counts of all files together. */

import { counted } from "../terminal/listing.ts";
import { columnName } from "./sheet.ts";
import type { BadCell } from "./table.ts";

/** One file on its way into its topic. */
export interface FileTally {
  readonly file: string;
  readonly topic: string;
  sheet: string | undefined;
  /** Rows that the gateway has, durably. */
  sent: number;
  /** Rows that were not sent, or that the gateway refused. */
  lost: number;
  badCells: number;
  /** Why it was not read to its end. */
  failure: string | undefined;
}

/** Each is printed up to here; beyond, they are counted. */
const printedMax = 100;

export class Tally {
  readonly files: readonly FileTally[];
  readonly #print: (line: string) => void;
  readonly #startMs = performance.now();
  #printed = 0;
  /** Why the gateway accepts nothing at the moment. */
  trouble = "";

  constructor(
    files: readonly { readonly file: string; readonly topic: string }[],
    print: (line: string) => void,
  ) {
    this.#print = print;
    this.files = files.map(({ file, topic }) => ({
      ...{ file, topic, sheet: undefined, sent: 0, lost: 0, badCells: 0, failure: undefined },
    }));
  }

  badCell(file: FileTally, { row, column, message }: BadCell): void {
    file.badCells++;
    if (this.#printed > printedMax) return;
    this.#printed++;
    if (this.#printed > printedMax) return this.#print("More bad cells are counted, not shown.");
    const sheet = file.sheet === undefined ? "" : `, sheet "${file.sheet}"`;
    const where =
      column === undefined
        ? ""
        : `, column ${columnName(column.index)}${column.name === "" ? "" : ` "${column.name}"`}`;
    this.#print(`${file.file}${sheet}, row ${row}${where}: ${message}`);
  }

  failed(file: FileTally, message: string): void {
    file.failure = message;
    const sheet = file.sheet === undefined ? "" : `, sheet "${file.sheet}"`;
    this.#print(`${file.file}${sheet}: ${message}`);
  }

  unread({ file, sheet }: FileTally, others: readonly string[]): void {
    const names = others.map((name) => `"${name}"`).join(", ");
    this.#print(`${file}: sheet "${sheet}" is read, ${names} not`);
  }

  /** The state at the moment, in one line. */
  line(): string {
    const parts = this.files.map(({ topic, sent }) => `${topic} ${sent}`);
    const bad = this.#sum((file) => file.badCells);
    const cells = bad === 0 ? "" : `, ${counted(bad, "bad cell")}`;
    const trouble = this.trouble === "" ? "" : `, again: ${this.trouble}`;
    return `${counted(
      this.#sum(({ sent }) => sent),
      "row",
    )} sent (${parts.join(", ")})${cells}${trouble}`;
  }

  summary(): string {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    const lines = this.files.map(({ file, topic, sent, lost, badCells, failure }) => {
      const parts = [counted(sent, "row")];
      if (lost > 0) parts.push(`${counted(lost, "row")} not sent`);
      if (badCells > 0) parts.push(counted(badCells, "bad cell"));
      if (failure !== undefined) parts.push("not read to its end");
      return `${file} → ${topic}: ${parts.join(", ")}\n`;
    });
    return `${lines.join("")}${counted(
      this.#sum(({ sent }) => sent),
      "row",
    )} sent in ${seconds} s\n`;
  }

  #sum(of: (file: FileTally) => number): number {
    return this.files.reduce((sum, file) => sum + of(file), 0);
  }
}
