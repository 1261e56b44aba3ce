/**
 * Pages of any topic, straight from its log, which reads forward only: the newest events are found
 * by stepping back from the end in growing windows of sequences, each read once.
 */
import type { Bounds, Log } from "../core/log.ts";
import {
  checkAfter,
  checkBefore,
  pageFromEarlier,
  pageFromLater,
  type Page,
  type PageQuery,
} from "../core/page.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { endType, type StoredRecord } from "../core/record.ts";

type Reads = Pick<Log, "read" | "bounds">;

/**
 * A page of the topic, or of one key of it. Throws `not_found` when the topic is not there,
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

/** A position before `position` from which little is read until the event at it is met. */
function precedes({ epoch, sequence, index }: Position, start: Position): Position {
  const low =
    index > 0 ? { epoch, sequence, index: index - 1 } : { epoch, sequence: sequence - 1, index: 0 };
  return comparePositions(low, start) > 0 ? low : start;
}

/** Each window reaches four times as far back: a rare key takes few steps, a dense one no long one. */
const growth = 4;

/** The newest events up to and including `until` that are `wanted`, at most `most`, oldest first. */
async function newestUntil(
  reader: Reader,
  until: Position,
  most: number,
  wanted: (stored: StoredRecord) => boolean = () => true,
): Promise<StoredRecord[]> {
  const { start } = reader.bounds;
  let found: StoredRecord[] = [];
  let high = until;
  let width = most;
  while (found.length < most && comparePositions(high, start) > 0) {
    const low = stepBack(high, width, start);
    const window: StoredRecord[] = [];
    await readRange(reader, low, high, (stored) => {
      if (!wanted(stored)) return false;
      window.push(stored);
      // Twice the need, then down to it: a window may hold far more than that.
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
 * The events after `low` until `visit` says enough. In windows as well, the first of `width`
 * sequences: at once a log hands out far more than a page has.
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

/** The events after `low` and up to `high`, until `visit` says enough. */
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
