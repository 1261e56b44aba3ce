/**
 * Pages of any topic, from its log. A log reads forward only: the newest events are found by stepping
 * back from the end in growing windows of sequences, each read once.
 */

import type { Bounds, Log } from "../core/log.ts";
import {
  checkAfter,
  checkBefore,
  type Page,
  pageFromEarlier,
  pageFromLater,
  type PageQuery,
} from "../core/page.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { endType, type StoredRecord } from "../core/record.ts";

type Reads = Pick<Log, "read" | "bounds">;

/**
 * A page of the topic, or of one key of it. Throws `not_found` when the topic does not exist,
 * `position_gone`, and what the log throws.
 */
export async function readPage(
  log: Reads,
  topic: string,
  key: string | undefined,
  query: PageQuery,
  signal?: AbortSignal,
): Promise<Page> {
  const reader = { log, topic, key, bounds: await log.bounds(topic), signal };
  if (query.after !== undefined) return await pageAfter(reader, query.after, query.limit);
  return await pageBefore(reader, query.before, query.limit);
}

/** The position after which the newest `n` events lie. */
export async function tailStart(
  log: Reads,
  topic: string,
  key: string | undefined,
  n: number,
  signal?: AbortSignal,
): Promise<Position> {
  const bounds = await log.bounds(topic);
  if (n === 0) return bounds.end;
  const found = await newestUntil({ log, topic, key, bounds, signal }, bounds.end, n + 1);
  const before = found.length > n ? found[0] : undefined;
  return before?.position ?? bounds.start;
}

interface Reader {
  readonly log: Reads;
  readonly topic: string;
  readonly key: string | undefined;
  readonly bounds: Bounds;
  readonly signal: AbortSignal | undefined;
}

async function pageAfter(
  reader: Reader,
  query: Position | "earliest",
  limit: number,
): Promise<Page> {
  const { start, end } = reader.bounds;
  const after = query === "earliest" ? start : query;
  checkAfter(after, start, end);
  const found: StoredRecord[] = [];
  await readForward(reader, after, limit + 1, (stored) => {
    found.push(stored);
    return found.length <= limit;
  });
  const earlier = (await newestUntil(reader, after, 1)).length > 0;
  return pageFromLater(after, found, limit, earlier);
}

async function pageBefore(
  reader: Reader,
  before: Position | undefined,
  limit: number,
): Promise<Page> {
  const { start, end } = reader.bounds;
  if (before === undefined) {
    const found = await newestUntil(reader, end, limit + 1);
    return pageFromEarlier(start, found, limit, false);
  }
  checkBefore(before, start);
  const isBefore = (stored: StoredRecord) => comparePositions(stored.position, before) < 0;
  const until = comparePositions(before, end) > 0 ? end : before;
  const found = await newestUntil(reader, until, limit + 1, isBefore);
  let later = false;
  await readForward(reader, precedes(before, start), 2, (stored) => {
    later = !isBefore(stored);
    return !later;
  });
  return pageFromEarlier(start, found, limit, later);
}

/** A position shortly before `position`, from which few events are read until the one at it. */
function precedes({ epoch, sequence, index }: Position, start: Position): Position {
  const low =
    index > 0 ? { epoch, sequence, index: index - 1 } : { epoch, sequence: sequence - 1, index: 0 };
  return comparePositions(low, start) > 0 ? low : start;
}

/** Each window reaches four times as far back: a rare key takes few steps, a dense one only short ones. */
const growth = 4;

/** The newest events up to and including `until` that `matches` accepts, at most `most`, oldest first. */
async function newestUntil(
  reader: Reader,
  until: Position,
  most: number,
  matches: (stored: StoredRecord) => boolean = () => true,
): Promise<StoredRecord[]> {
  const { start } = reader.bounds;
  let found: StoredRecord[] = [];
  let high = until;
  let width = most;
  while (found.length < most && comparePositions(high, start) > 0) {
    const low = stepBack(high, width, start);
    const window: StoredRecord[] = [];
    await readRange(reader, low, high, (stored) => {
      if (!matches(stored)) return false;
      window.push(stored);
      // Cut down now and then: a window may contain far more events than are needed.
      if (window.length > 2 * most) window.splice(0, window.length - most);
      return true;
    });
    found = [...window, ...found].slice(-most);
    high = low;
    width *= growth;
  }
  return found;
}

function stepBack(from: Position, width: number, start: Position): Position {
  const low = { epoch: from.epoch, sequence: from.sequence - width, index: 0 };
  return comparePositions(low, start) > 0 ? low : start;
}

/**
 * The events after `low` until `visit` returns false. Also in windows, the first of `width` sequences,
 * because a log returns far more at once than a page has.
 */
async function readForward(
  reader: Reader,
  low: Position,
  width: number,
  visit: (stored: StoredRecord) => boolean,
): Promise<void> {
  const { end } = reader.bounds;
  let enough = false;
  for (let at = low, reach = width; !enough && comparePositions(at, end) < 0; reach *= growth) {
    const high = stepOn(at, reach, end);
    await readRange(reader, at, high, (stored) => {
      enough = !visit(stored);
      return !enough;
    });
    at = high;
  }
}

function stepOn(from: Position, width: number, end: Position): Position {
  const high = { epoch: from.epoch, sequence: from.sequence + width, index: 0 };
  return comparePositions(high, end) < 0 ? high : end;
}

/** The events after `low` and up to `high`, until `visit` returns false. */
async function readRange(
  { log, topic, key, signal }: Reader,
  low: Position,
  high: Position,
  visit: (stored: StoredRecord) => boolean,
): Promise<void> {
  if (comparePositions(low, high) >= 0) return;
  const batches = log.read(topic, {
    after: low,
    until: high,
    ...(key === undefined ? {} : { key }),
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const { records } of batches) {
    for (const stored of records) {
      if (comparePositions(stored.position, low) <= 0) continue;
      if (comparePositions(stored.position, high) > 0) return;
      if (stored.record.contentType !== endType && !visit(stored)) return;
    }
  }
}
