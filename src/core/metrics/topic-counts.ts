/** What this node appended to each topic, and refused, since it was last taken. */

import type { FailureCode } from "../failure.ts";

export interface TopicCount {
  records: number;
  bytes: number;
  refused: number;
  /** When the last record was appended, in ms since 1970; undefined: none was. */
  lastMs: number | undefined;
  /** What was wrong with the record that was refused last. */
  lastRefusal: { readonly code: FailureCode; readonly message: string } | undefined;
}

/** About 200 bytes each. Between two takings more topics than this are not told apart: they are left out. */
const topicsMax = 20_000;

export class TopicCounts {
  #counts = new Map<string, TopicCount>();

  append(topic: string, records: number, bytes: number, nowMs: number): void {
    const count = this.#of(topic);
    if (count === undefined) return;
    count.records += records;
    count.bytes += bytes;
    count.lastMs = nowMs;
  }

  refuse(
    topic: string,
    issues: readonly { readonly code: FailureCode; readonly message: string }[],
  ): void {
    const last = issues.at(-1);
    if (last === undefined) return;
    const count = this.#of(topic);
    if (count === undefined) return;
    count.refused += issues.length;
    count.lastRefusal = { code: last.code, message: last.message };
  }

  /** The counts since the last call. */
  take(): ReadonlyMap<string, TopicCount> {
    const taken = this.#counts;
    this.#counts = new Map();
    return taken;
  }

  #of(topic: string): TopicCount | undefined {
    let count = this.#counts.get(topic);
    if (count === undefined && this.#counts.size < topicsMax) {
      count = { records: 0, bytes: 0, refused: 0, lastMs: undefined, lastRefusal: undefined };
      this.#counts.set(topic, count);
    }
    return count;
  }
}
