/** How far long work is: one line that is written over on a terminal, a plain line now and then elsewhere. */

import process from "node:process";
import type { Runtime } from "../../runtime/runtime.ts";

/** Logs of CI keep every line. */
const plainEveryMs = 5000;
const barWidth = 24;
const barEveryMs = 100;

export class Progress {
  readonly #runtime: Runtime;
  readonly #isTerminal: boolean;
  #shownMs = Number.NEGATIVE_INFINITY;
  /** Columns of the line that a terminal shows. */
  #width = 0;

  constructor(runtime: Runtime, isTerminal = process.stderr.isTTY) {
    this.#runtime = runtime;
    this.#isTerminal = isTerminal;
  }

  /** Shows `done` of `total`. */
  show(what: string, done: number, total: number): void {
    const isOver = done >= total;
    if (!isOver && performance.now() - this.#shownMs < barEveryMs) return;
    if (!this.#isTerminal) return this.line(`${what} ${done}/${total}`);
    const filled = Math.round((done / Math.max(1, total)) * barWidth);
    const bar = `${"#".repeat(filled)}${".".repeat(barWidth - filled)}`;
    this.line(`${what} ${bar} ${done}/${total}`);
    if (isOver) this.#endLine();
  }

  /** Replaces the line. */
  line(text: string): void {
    const nowMs = performance.now();
    if (!this.#isTerminal) {
      if (nowMs - this.#shownMs < plainEveryMs) return;
      this.#shownMs = nowMs;
      return this.#runtime.logLine(`${text}\n`);
    }
    this.#shownMs = nowMs;
    const shown = text.slice(0, (process.stderr.columns ?? 80) - 1);
    this.#runtime.logLine(`\r${shown.padEnd(this.#width)}`);
    this.#width = shown.length;
  }

  /** Removes the line, so that other output begins at the left. */
  clear(): void {
    if (this.#width > 0) this.#runtime.logLine(`\r${" ".repeat(this.#width)}\r`);
    this.#width = 0;
  }

  #endLine(): void {
    this.#runtime.logLine("\n");
    this.#width = 0;
  }
}
