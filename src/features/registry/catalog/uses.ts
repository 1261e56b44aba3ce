/**
 * Which topics have records of which schema, as this node sees them: where a record is checked by its
 * topic's rule, and where one is decoded for a reader. What was seen is written every few seconds, and
 * a pair that was written is not written again within a minute.
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import type { CatalogStore } from "./catalog-port.ts";

export interface SchemaUses {
  /** A record of the topic has this schema. Costs two lookups. */
  note(topic: string, id: number): void;
  /** The topic was removed: what was seen in it counts no more. */
  forget(topic: string): void;
  /** Writes what was seen, and ends. */
  close(): Promise<void>;
}

export interface UsesDeps {
  readonly store: Pick<CatalogStore, "recordUses" | "forgetTopic" | "purgeUses">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const writtenMs = 3_000;
const repeatedMs = 60_000;
const purgedMs = 60 * 60_000;
/** Pairs that this node remembers; past it all are forgotten, and written once more. */
const pairsMax = 10_000;

export function createSchemaUses({ store, clock, logger }: UsesDeps): SchemaUses {
  const stop = new AbortController();
  /** When each pair was noted, by topic and id. */
  const noted = new Map<string, Map<number, number>>();
  let pairs = 0;
  let pending: { topic: string; id: number; ms: number }[] = [];
  const removed = new Set<string>();
  // Clocks are read once a flush: a record is not worth a call.
  let nowMs = clock.nowMs();
  let isFailing = false;

  async function flush(): Promise<void> {
    const topics = [...removed];
    removed.clear();
    const uses = pending;
    pending = [];
    try {
      for (const topic of topics) await store.forgetTopic(topic);
      if (uses.length > 0) await store.recordUses(uses);
      isFailing = false;
    } catch (error) {
      for (const topic of topics) removed.add(topic);
      // Those that were seen meanwhile are newer. What does not fit is seen again.
      pending = [...uses, ...pending].slice(-pairsMax);
      if (!isFailing) {
        const reason = failureFrom(error).message;
        logger("warn", "uses of schemas cannot be written; retrying", { reason });
      }
      isFailing = true;
    }
  }

  async function run(): Promise<void> {
    let purgedAtMs = nowMs;
    while (!stop.signal.aborted) {
      await sleep(clock, writtenMs, stop.signal);
      nowMs = clock.nowMs();
      if (pending.length > 0 || removed.size > 0) await flush();
      if (nowMs - purgedAtMs < purgedMs) continue;
      purgedAtMs = nowMs;
      await store.purgeUses().catch(() => {
        // The next one drops it.
      });
    }
  }

  const running = run();
  return {
    note(topic, id) {
      let ids = noted.get(topic);
      const before = ids?.get(id);
      if (before !== undefined && nowMs - before < repeatedMs) return;
      if (pending.length >= pairsMax) return;
      if (before === undefined && ++pairs > pairsMax) {
        noted.clear();
        pairs = 1;
        ids = undefined;
      }
      if (ids === undefined) {
        ids = new Map<number, number>();
        noted.set(topic, ids);
      }
      ids.set(id, nowMs);
      pending.push({ topic, id, ms: nowMs });
    },
    forget(topic) {
      pairs -= noted.get(topic)?.size ?? 0;
      noted.delete(topic);
      pending = pending.filter((use) => use.topic !== topic);
      removed.add(topic);
    },
    async close() {
      stop.abort();
      await running;
      await flush();
    },
  };
}
