/** A batch of the log in parts: a commit may have ten thousand records, which is work for several turns. */

import type { LogBatch } from "./log.ts";

/** Parts of at most `recordsMax` records, one at least; each ends with its last record, or the batch. */
export function* partsOf(
  { records, through }: Pick<LogBatch, "records" | "through">,
  recordsMax: number,
): Generator<LogBatch> {
  let from = 0;
  for (; records.length - from > recordsMax; from += recordsMax) {
    const part = records.slice(from, from + recordsMax);
    const last = part.at(-1);
    if (last !== undefined) yield { records: part, through: last.position };
  }
  yield { records: from === 0 ? records : records.slice(from), through };
}
