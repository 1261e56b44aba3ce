/** One line that is written over while work goes on; plain lines where no terminal shows them. */
import type { Runtime } from "../runtime/runtime.ts";

export class Progress {
  readonly #runtime: Runtime;
  #shownMs = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Shows `done` of `total`, at most ten times a second. */
  show(what: string, done: number, total: number): void {
    const nowMs = Date.now();
    if (nowMs - this.#shownMs < 100 && done < total) return;
    this.#shownMs = nowMs;
    const width = 24;
    const filled = Math.round((done / Math.max(1, total)) * width);
    this.#runtime.logLine(
      `\r${what} ${"#".repeat(filled)}${".".repeat(width - filled)} ${done}/${total} `,
    );
    if (done >= total) this.#runtime.logLine("\n");
  }

  /** Replaces the line. */
  line(text: string): void {
    this.#runtime.logLine(`\r${text.padEnd(78)}`);
  }
}
