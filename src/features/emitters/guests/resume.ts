/**
 * Where a guest's last owner stopped. Clients may append to a guest's stream as well: an event is
 * the guest's own when generating it again gives the same bytes.
 */

import type { Clock } from "../../../core/clock.ts";
import { emittersTopic } from "../../../core/emitters.ts";
import type { Log } from "../../../core/log.ts";
import { comparePositions, type Position } from "../../../core/position.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { lossyTextFromUtf8 } from "../../../core/utf8.ts";
import { boundsIfExists } from "../../../log/bounds.ts";
import type { Emitter, EmitterPages } from "../emitters-port.ts";
import { createGuest } from "./guest.ts";

export interface LastEvent {
  readonly n: number;
  readonly timeMs: number;
}

interface Sources {
  readonly clock: Clock;
  readonly log: Pick<Log, "read" | "bounds">;
  readonly pages: EmitterPages;
}

const rowsFirst = 5;
const pageSize = { limit: 1000, bytesMax: 4 * 1024 * 1024 };

/** By id, where there is any. The log's end is fetched first: no later event is the old owner's. */
export async function lastEvents(
  { log, pages, clock }: Sources,
  emitters: readonly Emitter[],
): Promise<ReadonlyMap<string, LastEvent>> {
  const last = new Map<string, LastEvent>();
  const bounds = await boundsIfExists(log, emittersTopic);
  if (bounds === undefined) return last;
  const ids = new Set(emitters.map((emitter) => emitter.id));
  const { through, events } = await pages.newestOf([...ids], rowsFirst);
  const usable = through !== undefined && comparePositions(through, bounds.start) >= 0;
  if (usable) {
    for (const emitter of emitters) {
      const rows = events.get(emitter.id);
      if (rows === undefined) continue;
      const found = newestOwn(rows) ?? (await searchBack(pages, clock, emitter, rows[0]?.position));
      if (found !== undefined) last.set(emitter.id, found);
    }
  }
  const from = usable ? through : bounds.start;
  if (comparePositions(from, bounds.end) < 0) {
    for await (const batch of log.read(emittersTopic, { after: from, until: bounds.end })) {
      for (const stored of batch.records) {
        const { key } = stored.record;
        const own = ids.has(key) ? ownEvent(stored) : undefined;
        if (own !== undefined) last.set(key, own);
      }
    }
  }
  return last;
}

/**
 * Clients wrote more than the newest rows hold: searches page by page. Without any own event it
 * falls back to the schedule's count, which is never too low.
 */
async function searchBack(
  pages: EmitterPages,
  clock: Clock,
  emitter: Emitter,
  from: Position | undefined,
): Promise<LastEvent | undefined> {
  let before = from;
  while (before !== undefined) {
    const { events } = await pages.before(emitter.id, before, pageSize);
    const found = newestOwn(events);
    if (found !== undefined) return found;
    before = events[0]?.position;
  }
  const timeMs = clock.nowMs();
  return { n: Math.floor(((timeMs - emitter.createdMs) / 1000) * emitter.rate) + 1, timeMs };
}

function newestOwn(events: readonly StoredRecord[]): LastEvent | undefined {
  for (const stored of events.toReversed()) {
    const own = ownEvent(stored);
    if (own !== undefined) return own;
  }
  return undefined;
}

function ownEvent({ record }: StoredRecord): LastEvent | undefined {
  const text = lossyTextFromUtf8(record.value);
  // The generator ends every line with its number.
  const n = Number(/"n":([1-9][0-9]{0,14})\}$/.exec(text)?.[1]);
  if (!Number.isSafeInteger(n)) return undefined;
  const timeMs = Number(record.timeNs / 1000n) / 1000;
  return createGuest(record.key).event(n, timeMs) === text ? { n, timeMs } : undefined;
}
