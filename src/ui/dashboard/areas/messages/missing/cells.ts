/** Minutes merged into the columns of a strip, so that a day has as many as an hour. */

import { nsFromTime, timeFromNs } from "../../../kit/time-text.ts";
import type { MissingByMinute } from "../api.ts";

export interface Column {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  readonly messages: number;
  /** Of them, those that lack each stage. */
  readonly missing: readonly number[];
}

const minuteNs = 60_000_000_000n;
const columnsMax = 120;

/** From the beginning of what was counted to its end; a column without messages has zeros. */
export function columnsOf({ since, until, stages, minutes }: MissingByMinute): readonly Column[] {
  const [fromNs, toNs] = [nsFromTime(since), nsFromTime(until)];
  const count = Number((toNs - fromNs) / minuteNs);
  const perColumn = Math.max(1, Math.ceil(count / columnsMax));
  const widthNs = BigInt(perColumn) * minuteNs;
  const columns = Array.from({ length: Math.ceil(count / perColumn) }, (_, i) => {
    const startNs = fromNs + BigInt(i) * widthNs;
    const endNs = startNs + widthNs < toNs ? startNs + widthNs : toNs;
    const missing = stages.map(() => 0);
    return { from: timeFromNs(startNs), to: timeFromNs(endNs), messages: 0, missing };
  });
  for (const { at, messages, missing } of minutes) {
    const column = columns[Number((nsFromTime(at) - fromNs) / widthNs)];
    if (column === undefined) continue;
    column.messages += messages;
    for (const [stage, lacking] of missing.entries()) {
      column.missing[stage] = (column.missing[stage] ?? 0) + lacking;
    }
  }
  return columns;
}
