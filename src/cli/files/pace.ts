/** When the rows of a file are sent, and how many are sent together. */

import { type Clock, sleep } from "../../core/clock.ts";
import type { TableItem, TableRecord } from "./table.ts";

export type Pace =
  /** At the times in the file, `speed` times as fast. */
  | { readonly speed: number; readonly rate?: undefined }
  /** `rate` rows a second of each file, whatever their times. */
  | { readonly rate: number; readonly speed?: undefined };

export interface PaceOptions {
  readonly pace: Pace;
  readonly clock: Clock;
  /** When the first row of all files is due. */
  readonly startMs: number;
  /** The time of that row in its file. */
  readonly firstMs: number;
  /** Ends the iteration. */
  readonly signal: AbortSignal;
}

/** One request: far below the gateway's limits. */
const batchMax = { records: 500, bytes: 1024 * 1024 };
/** Timers have this resolution. */
const tickMs = 1;

/**
 * Batches of due rows: those of one moment, or that became due while the last batch was in flight.
 * `seen` is called for every row, sent or not. A failure of `items` is thrown after the rows before it.
 */
export async function* paced(
  items: AsyncIterator<TableItem, void, undefined>,
  { pace, clock, startMs, firstMs, signal }: PaceOptions,
  seen: (item: TableItem) => void,
): AsyncGenerator<readonly TableRecord[], void, undefined> {
  let batch: TableRecord[] = [];
  let bytes = 0;
  let sent = 0;
  let dueMs = startMs;
  let failure: { readonly error: unknown } | undefined;
  for (;;) {
    const next = await items.next().catch((error: unknown) => {
      failure = { error };
    });
    if (next === undefined || next.done === true) break;
    if (signal.aborted) return;
    seen(next.value);
    const { record } = next.value;
    if (record === undefined) continue;
    if (pace.rate !== undefined) dueMs = startMs + (sent * 1000) / pace.rate;
    // A row without a time is sent with the one before it.
    else if (record.timeMs !== undefined) {
      dueMs = startMs + (record.timeMs - firstMs) / pace.speed;
    }
    const isDue = dueMs <= clock.nowMs() + tickMs;
    if (
      batch.length > 0 &&
      (!isDue || batch.length >= batchMax.records || bytes >= batchMax.bytes)
    ) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (!isDue) await sleep(clock, Math.max(0, dueMs - clock.nowMs()), signal);
    if (signal.aborted) return;
    batch.push(record);
    bytes += record.json.length;
    sent++;
  }
  if (batch.length > 0) yield batch;
  if (failure !== undefined) throw failure.error;
}
