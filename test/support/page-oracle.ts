/** Pages by brute force over all retained events, against which every source of pages is checked. */

import { expect } from "bun:test";
import type { Page, PageQuery } from "../../src/core/page.ts";
import { comparePositions, type Position } from "../../src/core/position.ts";
import { recordBytes, type StoredRecord } from "../../src/core/record.ts";
import type { Random } from "./random.ts";

/** `events` are all retained ones, oldest first. */
function expectedEvents(
  events: readonly StoredRecord[],
  { after, before, limit }: PageQuery,
  bytesMax: number,
): readonly StoredRecord[] {
  if (after === "earliest") return fitting(events, limit, bytesMax);
  if (after !== undefined) {
    const later = events.filter((e) => comparePositions(e.position, after) > 0);
    return fitting(later, limit, bytesMax);
  }
  const earlier = events.filter(
    (e) => before === undefined || comparePositions(e.position, before) < 0,
  );
  return fitting(earlier.toReversed(), limit, bytesMax).toReversed();
}

/** The first events up to a count and to their bytes; one at least. */
function fitting(
  events: readonly StoredRecord[],
  limit: number,
  bytesMax: number,
): readonly StoredRecord[] {
  let count = Math.min(limit, events.length);
  const bytesOf = (n: number) =>
    events.slice(0, n).reduce((sum, { record }) => sum + recordBytes(record), 0);
  while (count > 1 && bytesOf(count) > bytesMax) count--;
  return events.slice(0, count);
}

/** Checks the events of a page, and that `next` and `prev` continue it without gap or overlap. */
export function checkPage(
  events: readonly StoredRecord[],
  query: PageQuery,
  page: Page,
  bytesMax = Number.MAX_SAFE_INTEGER,
): void {
  const expected = expectedEvents(events, query, bytesMax);
  expect(page.events.map(tokenOf)).toEqual(expected.map(tokenOf));
  const first = expected[0];
  const last = expected.at(-1);
  const earlier = events.filter((e) =>
    first === undefined ? isEarlier(e, query) : comparePositions(e.position, first.position) < 0,
  );
  const later = events.filter((e) =>
    last === undefined ? !isEarlier(e, query) : comparePositions(e.position, last.position) > 0,
  );
  const { next, prev } = page;
  expect(next !== null).toBe(later.length > 0);
  expect(prev !== null).toBe(earlier.length > 0);
  const { limit } = query;
  if (next !== null) {
    const joined = expectedEvents(events, { after: next, limit }, Number.MAX_SAFE_INTEGER);
    expect(joined.map(tokenOf)).toEqual(later.slice(0, limit).map(tokenOf));
  }
  if (prev !== null) {
    const joined = expectedEvents(events, { before: prev, limit }, Number.MAX_SAFE_INTEGER);
    expect(joined.map(tokenOf)).toEqual(earlier.slice(-limit).map(tokenOf));
  }
}

/** A query at a position of an event, between events, or without a position. */
export function drawQuery(random: Random, positions: readonly Position[]): PageQuery {
  const limit = 1 + random.int(random.chance(0.2) ? 1000 : 12);
  const at = positions[random.int(positions.length)];
  if (at === undefined || random.chance(0.2)) return { limit };
  if (random.chance(0.1)) return { after: "earliest", limit };
  return random.chance(0.5) ? { after: at, limit } : { before: at, limit };
}

function isEarlier(stored: StoredRecord, { after, before }: PageQuery): boolean {
  if (after === "earliest") return false;
  if (after !== undefined) return comparePositions(stored.position, after) <= 0;
  return before === undefined || comparePositions(stored.position, before) < 0;
}

function tokenOf({ position, record }: StoredRecord): string {
  const text = new TextDecoder().decode(record.value);
  return `${position.epoch}-${position.sequence}-${position.index} ${record.key} ${text}`;
}
