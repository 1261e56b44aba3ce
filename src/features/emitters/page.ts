/**
 * Pages of an emitter: the projection's rows up to its position, and the log's own records after
 * it. The log's end is fetched first, so a page has all events acknowledged before the request.
 */

import { emittersTopic } from "../../core/emitters.ts";
import { Failure } from "../../core/failure.ts";
import type { Bounds, Log } from "../../core/log.ts";
import {
  checkAfter,
  checkBefore,
  emptyPage,
  type EventCounter,
  OldestEvents,
  type Page,
  pageFromEarlier,
  pageFromLater,
  type PageQuery,
  type PageSize,
  uncounted,
} from "../../core/page.ts";
import { comparePositions, epochStart, type Position } from "../../core/position.ts";
import { recordBytes, type StoredRecord } from "../../core/record.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import { type EventsBefore, eventsBefore, hasAny, positionsOnly } from "../../log/page-search.ts";
import type { PageCaller, Pages } from "../../log/pages.ts";
import { type Newest, type Search, visitForward } from "../../log/search.ts";
import type { EmitterPages, KeptEvents } from "./emitters-port.ts";

export interface PageSources {
  readonly log: Pick<Log, "bounds">;
  readonly pages: EmitterPages;
  readonly searches: Pick<Pages, "search" | "bytesMax">;
}

/** One fetch from the log: an emitter that is rarely written is found in few of them. */
const widthMin = 1000;

/** The log may be trimmed between fetching its bounds and reading, which then starts over. */
const attempts = 3;

export async function readEmitterPage(
  sources: PageSources,
  id: string,
  query: PageQuery,
  caller: PageCaller = {},
): Promise<Page> {
  const bounds = await boundsIfExists(sources.log, emittersTopic);
  if (bounds === undefined) return pageOfNothing(query);
  const reader = readerOf(sources, id, bounds, caller);
  const size = { limit: query.limit, bytesMax: sources.searches.bytesMax };
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
    const found = await collectBefore(reader, rows, "latest", { ...positionsOnly, size });
    return found.events.at(-n - 1)?.position ?? found.cutAt ?? found.floor;
  });
  // Rows may be kept longer than the log keeps its records.
  const { start: oldest } = bounds;
  return comparePositions(start, oldest) > 0 ? start : oldest;
}

interface Reader extends PageSources {
  readonly id: string;
  readonly bounds: Bounds;
  readonly signal: AbortSignal | undefined;
  readonly counter: EventCounter;
}

function readerOf(
  sources: PageSources,
  id: string,
  bounds: Bounds,
  { signal, counter = uncounted }: PageCaller,
): Reader {
  return { ...sources, id, bounds, signal, counter };
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
  const known = { earlier: kept.beyond, cutAt: undefined };
  const rest = found.isFull
    ? known
    : await inRemainder(reader, kept, async (search) => {
        const low = comparePositions(from, kept.through) > 0 ? from : kept.through;
        const width = Math.max(size.limit + 1, widthMin);
        const cutAt = await visitForward(search, low, width, (stored) => {
          found.push(stored);
          return !found.isFull;
        });
        return { earlier: kept.beyond || (await hasAny(search, low, { widthMin })), cutAt };
      });
  return pageFromLater(from, found.events, size, rest);
}

async function pageBefore(
  reader: Reader,
  before: Position | "latest",
  size: PageSize,
): Promise<Page> {
  const rows = await reader.pages.before(reader.id, before, size);
  const { counter } = reader;
  const { events, floor, ...rest } = await collectBefore(reader, rows, before, { size, counter });
  return pageFromEarlier(floor, events, size, rest);
}

/** The newest events before the position: more than fit, if there are more. */
async function collectBefore(
  reader: Reader,
  rows: KeptEvents,
  before: Position | "latest",
  options: Pick<Newest, "size" | "counter" | "as">,
): Promise<EventsBefore> {
  const kept = joined(rows, reader.bounds);
  const { floor, events } = kept;
  if (before !== "latest") checkBefore(before, floor);
  for (const { record } of events) options.counter.take(recordBytes(record));
  // The rows suffice when they reach the requested position and something beyond it.
  if (kept.beyond) return { events, later: true, floor, cutAt: undefined };
  const position = before === "latest" ? undefined : before;
  const newer = await inRemainder(reader, kept, (search) =>
    eventsBefore(search, position, { ...options, widthMin }),
  );
  // Past the time of one page, what lies between the rows and what was found is not known.
  if (newer.cutAt !== undefined) return newer;
  return { ...newer, events: [...events, ...newer.events], floor };
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

/** Looks for the emitter's events in the log after the rows. */
async function inRemainder<Found>(
  { searches, id, bounds, signal }: Reader,
  { through, end }: Joined,
  look: (search: Search) => Promise<Found>,
): Promise<Found> {
  using search = searches.search(emittersTopic, id, { ...bounds, start: through, end }, signal);
  const found = await look(search);
  if (search.hasDropped) throw new Moved();
  return found;
}

/** No emitter has had an event yet; a position can only be of an earlier incarnation of the topic. */
function pageOfNothing({ after, before }: PageQuery): Page {
  if (before === undefined && (after === undefined || after === "earliest")) return emptyPage;
  throw new Failure("position_gone", "Cannot read from the position: the log has no events", {
    position: "earliest",
  });
}
