/** Gathers a reader's batches into larger ones: bounded in records, bytes and time. */

import { type Clock, sleep } from "../core/clock.ts";
import { partsOf } from "../core/log-parts.ts";
import type { LogBatch } from "../core/log.ts";
import { recordBytes, type StoredRecord } from "../core/record.ts";

export interface GatherLimits {
  readonly records: number;
  readonly bytes: number;
  /** How long the first record of a batch may wait for others. */
  readonly ms: number;
}

export interface GatherOptions {
  readonly limits: GatherLimits;
  readonly clock: Clock;
  /** Called when the reader has nothing more for now. */
  readonly idle: () => void;
}

/**
 * Records of a part of a batch. A commit of the log may have ten thousand of them, and whatever is done
 * with those in one piece holds the event loop.
 */
const partRecordsMax = 500;

/** Reads one batch ahead while the consumer processes the last one. A larger batch becomes several. */
export async function* gather(
  source: AsyncIterable<LogBatch>,
  { limits, clock, idle }: GatherOptions,
): AsyncGenerator<LogBatch, void, undefined> {
  const iterator = inParts(source);
  try {
    let ahead = next(iterator);
    for (;;) {
      const first = await firstOf(ahead, clock, idle);
      if (first.done === true) return;
      ahead = next(iterator);
      const records: StoredRecord[] = [];
      let through = first.value.through;
      let bytes = take(records, first.value);
      const timeUp = deadline(clock, limits.ms);
      while (records.length < limits.records && bytes < limits.bytes) {
        const more = await Promise.race([ahead, timeUp.reached]);
        // The loop above sees the end of the source again, after this batch.
        if (more === undefined || more.done === true) break;
        bytes += take(records, more.value);
        through = more.value.through;
        ahead = next(iterator);
      }
      timeUp.cancel();
      yield { records, through };
    }
  } finally {
    // Not awaited: a driver may only answer once what it waits for has come.
    void iterator.return().catch(() => {});
  }
}

async function* inParts(source: AsyncIterable<LogBatch>): AsyncGenerator<LogBatch, void> {
  for await (const batch of source) {
    if (batch.records.length <= partRecordsMax) yield batch;
    else yield* partsOf(batch, partRecordsMax);
  }
}

async function firstOf(
  ahead: Promise<IteratorResult<LogBatch>>,
  clock: Clock,
  idle: () => void,
): Promise<IteratorResult<LogBatch>> {
  // A timer's turn: what was there already has come by then.
  const waiting = deadline(clock, 1);
  const early = await Promise.race([ahead, waiting.reached]);
  waiting.cancel();
  if (early !== undefined) return early;
  idle();
  return await ahead;
}

function next(iterator: AsyncIterator<LogBatch>): Promise<IteratorResult<LogBatch>> {
  const result = iterator.next();
  // It may fail while a batch is being committed: it is awaited, and thrown, after that.
  result.catch(() => {});
  return result;
}

function deadline(clock: Clock, ms: number): { reached: Promise<undefined>; cancel: () => void } {
  const controller = new AbortController();
  const reached = sleep(clock, ms, controller.signal).then(() => undefined);
  return { reached, cancel: () => controller.abort() };
}

function take(records: StoredRecord[], batch: LogBatch): number {
  let bytes = 0;
  for (const stored of batch.records) {
    records.push(stored);
    bytes += recordBytes(stored.record);
  }
  return bytes;
}
