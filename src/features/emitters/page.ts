/**
 * Pages of an emitter: the projection's rows up to its position, and the log's own records after
 * it. The log's end is fetched first, so a page has all events acknowledged before the request.
 */

import type { Turn, Turns } from "../../core/budget/turn.ts";
import { emittersTopic } from "../../core/emitters.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Bounds, Log } from "../../core/log.ts";
import {
  checkAfter,
  checkBefore,
  emptyPage,
  type EventCounter,
  NewestEvents,
  OldestEvents,
  type Page,
  pageFromEarlier,
  pageFromLater,
  type PageQuery,
  type PageSize,
  uncounted,
} from "../../core/page.ts";
import { comparePositions, epochStart, type Position } from "../../core/position.ts";
import { endType, type StoredRecord } from "../../core/record.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import type { PageCaller } from "../../log/pages.ts";
import type { EmitterPages, KeptEvents } from "./emitters-port.ts";

export interface PageSources {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly pages: EmitterPages;
  readonly turns: Turns;
}

/** The log may be trimmed between fetching its bounds and reading, which then starts over. */
const attempts = 3;

export async function readEmitterPage(
  sources: PageSources,
  id: string,
  query: PageQuery,
  { bytesMax, signal, counter = uncounted }: PageCaller & { readonly bytesMax: number },
): Promise<Page> {
  const bounds = await boundsIfExists(sources.log, emittersTopic);
  if (bounds === undefined) return pageOfNothing(query);
  const reader = readerOf(sources, id, bounds, { signal, counter });
  const size = { limit: query.limit, bytesMax };
  return await retryMoved(reader, (reader) =>
    query.after === undefined
      ? pageBefore(reader, query.before ?? "latest", size)
      : pageAfter(reader, query.after, size),
  );
}

/** The position before the newest `n` events that the log still has. */
export async function emitterTailStart(
  sources: PageSources,
  id: string,
  n: number,
  signal?: AbortSignal,
): Promise<Position | "earliest"> {
  const bounds = await boundsIfExists(sources.log, emittersTopic);
  if (bounds === undefined) return "earliest";
  if (n === 0) return bounds.end;
  const reader = readerOf(sources, id, bounds, { signal });
  const size = { limit: n, bytesMax: Number.POSITIVE_INFINITY };
  const start = await retryMoved(reader, async (reader) => {
    const rows = await reader.pages.tail(reader.id, n + 1);
    const { found, floor } = await collectBefore(reader, "latest", size, rows);
    return found.length > n ? found[0]?.position : floor;
  });
  // Rows may be kept longer than the log keeps its records.
  const { start: oldest } = bounds;
  return start !== undefined && comparePositions(start, oldest) > 0 ? start : oldest;
}

interface Reader extends PageSources {
  readonly id: string;
  readonly bounds: Bounds;
  readonly signal: AbortSignal | undefined;
  readonly turn: Turn;
  readonly counter: EventCounter;
}

function readerOf(
  sources: PageSources,
  id: string,
  bounds: Bounds,
  { signal, counter = uncounted }: PageCaller,
): Reader {
  return { ...sources, id, bounds, signal, turn: sources.turns.open(signal), counter };
}

/** The log's records no longer follow the rows, because the fetched bounds are outdated. */
class Moved extends Error {}

async function retryMoved<T>(first: Reader, read: (reader: Reader) => Promise<T>): Promise<T> {
  let reader = first;
  for (let attempt = 1; ; attempt++) {
    try {
      return await read(reader);
    } catch (error) {
      if (!(error instanceof Moved)) throw error;
      if (attempt === attempts) {
        throw new Failure("unavailable", "Cannot read the log: it is trimmed too fast");
      }
      reader = { ...reader, bounds: await reader.log.bounds(emittersTopic) };
    }
  }
}

async function pageAfter(
  reader: Reader,
  after: Position | "earliest",
  size: PageSize,
): Promise<Page> {
  const kept = joined(await reader.pages.after(reader.id, after, size), reader.bounds);
  if (after !== "earliest") checkAfter(after, kept.floor, kept.end);
  const from = after === "earliest" ? kept.floor : after;
  const found = new OldestEvents(size, reader.counter);
  for (const stored of kept.events) found.push(stored);
  let earlier = kept.beyond;
  if (!found.isFull) {
    await readRemainder(reader, kept, (stored) => {
      if (comparePositions(stored.position, from) <= 0) earlier = true;
      else found.push(stored);
      return !found.isFull;
    });
  }
  return pageFromLater(from, found.events, size, { earlier });
}

async function pageBefore(
  reader: Reader,
  before: Position | "latest",
  size: PageSize,
): Promise<Page> {
  const rows = await reader.pages.before(reader.id, before, size);
  const { found, later, floor } = await collectBefore(reader, before, size, rows);
  return pageFromEarlier(floor, found, size, { later });
}

/** The newest events before the position, one more than fits, and whether any lies at it or beyond. */
async function collectBefore(
  reader: Reader,
  before: Position | "latest",
  size: PageSize,
  rows: KeptEvents,
): Promise<{ found: readonly StoredRecord[]; later: boolean; floor: Position }> {
  const kept = joined(rows, reader.bounds);
  if (before !== "latest") checkBefore(before, kept.floor);
  const found = new NewestEvents(size, reader.counter);
  for (const stored of kept.events) found.push(stored);
  let later = kept.beyond;
  // The rows suffice when they reach the requested position and something beyond it.
  if (!later) {
    await readRemainder(reader, kept, (stored) => {
      if (before !== "latest" && comparePositions(stored.position, before) >= 0) later = true;
      else found.push(stored);
      return !later;
    });
  }
  return { found: found.events(), later, floor: kept.floor };
}

interface Joined {
  readonly events: readonly StoredRecord[];
  readonly beyond: boolean;
  readonly floor: Position;
  readonly through: Position;
  readonly end: Position;
}

/** Rows that the log's records do not follow are ignored: using them would hide a gap. */
function joined(kept: KeptEvents, { start, end, epoch }: Bounds): Joined {
  const { through } = kept;
  if (through === undefined || through.epoch !== epoch || comparePositions(through, start) < 0) {
    return { events: [], beyond: false, floor: start, through: start, end };
  }
  return {
    events: kept.events,
    beyond: kept.beyond,
    floor: kept.floor ?? epochStart(epoch),
    through,
    end: comparePositions(through, end) > 0 ? through : end,
  };
}

/** Visits the emitter's events after the rows, to the log's end or until `visit` returns false. */
async function readRemainder(
  { log, id, signal, turn }: Reader,
  { through, end }: Joined,
  visit: (stored: StoredRecord) => boolean,
): Promise<void> {
  if (comparePositions(through, end) >= 0) return;
  const read = { after: through, until: end, key: id, turn };
  try {
    const batches = log.read(emittersTopic, signal === undefined ? read : { ...read, signal });
    for await (const batch of batches) {
      for (const stored of batch.records) {
        if (stored.record.contentType === endType) continue;
        if (!visit(stored)) return;
      }
      if (turn.isOver) await turn.next();
    }
  } catch (error) {
    if (failureFrom(error).code === "position_gone") throw new Moved();
    throw error;
  }
  turn.requireCaller();
}

/** No emitter has had an event yet; a position can only be of an earlier incarnation of the topic. */
function pageOfNothing({ after, before }: PageQuery): Page {
  if (before === undefined && (after === undefined || after === "earliest")) return emptyPage;
  throw new Failure("position_gone", "Cannot read from the position: the log has no events", {
    position: "earliest",
  });
}
