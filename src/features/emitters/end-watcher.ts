/**
 * The ends of emitters. An end is marked in the store first, then a record in the log says so. Each
 * node polls for ends that other nodes marked, and finishes those whose node died in between.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { emittersTopic } from "../../core/emitters.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { Position } from "../../core/position.ts";
import { endType, type LogRecord } from "../../core/record.ts";
import type { AppendOwn } from "../../ingest/ingest.ts";
import type { EmitterCache } from "./cache.ts";
import type { EmitterStore } from "./emitters-port.ts";

export interface EndWatcherOptions {
  readonly store: Pick<EmitterStore, "setEnd" | "endedWithin" | "unfinishedEnds">;
  readonly append: AppendOwn;
  readonly cache: EmitterCache;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called for each end that is seen, perhaps several times. */
  readonly onEnded: (id: string) => void;
}

/** How often a node looks for ends that other nodes made: below the second that is promised. */
const watchMs = 400;
/** Looks back further than any answer may be late, so that no end falls between two looks. */
const watchBackMs = 10_000;
/** An end whose record is missing for this long is finished by any node. */
const unfinishedMs = 5_000;
const finishEveryLooks = 10;
const finishMax = 100;

export class EndWatcher {
  /** Resolves, never rejects, once the signal has stopped it. */
  readonly done: Promise<void>;
  readonly #options: EndWatcherOptions;

  constructor(options: EndWatcherOptions) {
    this.#options = options;
    this.done = this.#watch();
  }

  /** Appends the end record and keeps its position. A repeated call stores it once. */
  async finish(id: string): Promise<Position> {
    const { append, store, cache, clock } = this.#options;
    const record = endRecord(id, clock);
    const { first: end } = await append(emittersTopic, [record], { dedupId: `end:${id}` });
    await store.setEnd(id, end);
    const emitter = cache.peek(id);
    if (emitter !== undefined) cache.set({ ...emitter, end });
    return end;
  }

  async #watch(): Promise<void> {
    const { store, clock, logger, signal } = this.#options;
    let looks = 0;
    while (!signal.aborted) {
      await sleep(clock, watchMs, signal);
      try {
        for (const id of await store.endedWithin(watchBackMs)) this.#noteEnded(id);
        if (++looks % finishEveryLooks === 0) {
          for (const id of await store.unfinishedEnds(unfinishedMs, finishMax)) {
            await this.finish(id);
          }
        }
      } catch (error) {
        const { code, message } = failureFrom(error);
        logger("debug", "looking for ended emitters failed; retrying", { code, reason: message });
      }
    }
  }

  #noteEnded(id: string): void {
    const { cache, clock, onEnded } = this.#options;
    onEnded(id);
    const emitter = cache.peek(id);
    if (emitter !== undefined && emitter.endedMs === undefined) {
      cache.set({ ...emitter, endedMs: clock.nowMs() });
    }
  }
}

function endRecord(id: string, clock: Clock): LogRecord {
  const timeNs = clock.nowNs();
  const at = new Date(Number(timeNs / 1_000_000n)).toISOString();
  return {
    value: new TextEncoder().encode(JSON.stringify({ emitter: id, ended: at })),
    key: id,
    contentType: endType,
    schemaId: 0,
    timeNs,
  };
}
