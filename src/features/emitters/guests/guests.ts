/**
 * Runs the simulated guests of this node: one schedule for all of them, one append for all events
 * that are due. Which guests those are is decided by leases, so that each runs on exactly one node.
 */
import { sleep, type Clock } from "../../../core/clock.ts";
import {
  emittersTopic,
  type Emitter,
  type EmitterPages,
  type GuestLeases,
} from "../../../core/emitters.ts";
import { failureFrom, type FailureCode } from "../../../core/failure.ts";
import type { Appended, AppendOptions, Log } from "../../../core/log.ts";
import type { Logger } from "../../../core/logger.ts";
import { jsonType, type LogRecord } from "../../../core/record.ts";
import { createId } from "../config.ts";
import { createGuest, type Guest } from "./guest.ts";
import { lastEvents } from "./resume.ts";
import { keepLease, monotonicMs } from "./lease.ts";
import { createSchedule, type Scheduled } from "./schedule.ts";

export interface GuestsOptions {
  /** Reads the log; appends go through `append`. */
  readonly log: Pick<Log, "read" | "bounds">;
  /** The gate's way into the log (`ingest`, or a log's own `append`); it must pass `options` on. */
  readonly append: (
    topic: string,
    records: readonly LogRecord[],
    options?: AppendOptions,
  ) => Promise<Appended>;
  readonly pages: EmitterPages;
  readonly leases: GuestLeases;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This node's name, in leases and status. */
  readonly node: string;
  /** Whether this node runs guests. */
  readonly guests: boolean;
}

export interface GuestsStatus {
  /** Guests that this node runs. */
  readonly guests: number;
  /** Events that its guests made. */
  readonly made: number;
  /** Events that were not made, since the log was away for longer than is caught up with. */
  readonly skipped: number;
  /** How far the guests are behind their schedule. */
  readonly behindMs: number;
}

export interface Guests {
  /** The name to create guests under; undefined while this node may run none. */
  node(): string | undefined;
  /** Runs a guest that was just made under `node`. */
  start(emitter: Emitter, node: string): void;
  stop(id: string): void;
  /** An answer that may have given this node a guest was lost. */
  uncertain(): void;
  status(): GuestsStatus;
  close(): Promise<void>;
}

const tickMs = 10;
/** One append: about 1 MB, well below what brokers take in one message or transaction. */
const batchMax = 4000;
/** What the log's absence may cost in memory and in a burst afterwards: 10 s of events. */
const behindMaxMs = 10_000;
const retryMs = { first: 50, most: 1000 };
const claimMax = 2000;

/** The same batch may pass later; after any other failure it never will. */
const retried: ReadonlySet<FailureCode> = new Set([
  "unavailable",
  "overloaded",
  "deadline_exceeded",
  "shutting_down",
  "not_found",
  "internal",
]);

export function createGuests(options: GuestsOptions): Guests {
  const { append, clock, logger, leases } = options;
  const schedule = createSchedule<Guest>();
  const running = new Map<string, Scheduled<Guest>>();
  const stopping = new AbortController();
  const totals = { made: 0, skipped: 0 };
  // Names this life of the process, so that its batches are told from those of another.
  const life = createId();
  let batches = 0;
  let isUncertain = false;
  let cancelTick: (() => void) | undefined;
  let appending: Promise<void> | undefined;

  const lease = keepLease({ ...options, held: claim, spent: stopAll });

  /** Goes on as long as there are guests: a gateway without any is not to be woken for them. */
  function tick(): void {
    cancelTick ??= clock.after(tickMs, () => {
      cancelTick = undefined;
      if (stopping.signal.aborted || running.size === 0) return;
      if (appending === undefined && lease.name() !== undefined) {
        const batch = takeDue();
        if (batch.length > 0) {
          appending = send(batch).finally(() => (appending = undefined));
        }
      }
      tick();
    });
  }

  function takeDue(): LogRecord[] {
    const batch: LogRecord[] = [];
    const skipped = schedule.take(monotonicMs(clock), batchMax, behindMaxMs, (due) =>
      batch.push(recordOf(due)),
    );
    if (skipped > 0) {
      totals.skipped += skipped;
      logger("warn", "guests skipped events: the log was away for too long", { events: skipped });
    }
    return batch;
  }

  /** Tries until the log has the batch, or this node may no longer say what its guests did. */
  async function send(batch: readonly LogRecord[]): Promise<void> {
    const name = lease.name();
    // Asking again for the same batch stores it once, even if only the answer was lost.
    const dedupId = `guests:${life}:${++batches}`;
    let waitMs = retryMs.first;
    while (name !== undefined && !stopping.signal.aborted) {
      if (lease.name() === name) {
        try {
          await append(emittersTopic, batch, { dedupId });
          totals.made += batch.length;
          return;
        } catch (error) {
          const { code, message } = failureFrom(error);
          logger("warn", "appending the guests' events failed", { code, reason: message });
          if (!retried.has(code)) {
            totals.skipped += batch.length;
            return;
          }
        }
      } else if (lease.name() !== undefined || running.size === 0) return;
      await sleep(clock, waitMs, stopping.signal);
      waitMs = Math.min(waitMs * 2, retryMs.most);
    }
  }

  async function claim(name: string, hasFree: boolean): Promise<void> {
    if (!options.guests || !(hasFree || isUncertain)) return;
    const claimed: Emitter[] = [];
    try {
      if (isUncertain) {
        isUncertain = false;
        claimed.push(...(await leases.owned(name)));
      }
      for (let part = claimMax; part === claimMax && lease.name() === name;) {
        const more = await leases.claim(name, claimMax);
        claimed.push(...more);
        part = more.length;
      }
      // Once for all of them: it reads the log from the projection's position on.
      await resume(name, claimed);
    } catch (error) {
      isUncertain = true;
      throw error;
    }
  }

  async function resume(name: string, emitters: readonly Emitter[]): Promise<void> {
    const fresh = emitters.filter((emitter) => !running.has(emitter.id));
    if (fresh.length === 0) return;
    // What this node itself still has on its way counts too.
    await appending;
    const last = await lastEvents(options, fresh);
    if (lease.name() !== name) {
      isUncertain = true;
      return;
    }
    for (const emitter of fresh) {
      const event = last.get(emitter.id);
      const n = event?.n ?? 0;
      const sinceMs = event === undefined ? monotonicMs(clock) : event.timeMs;
      add(emitter, n + 1, sinceMs - Math.max(0, n - 1) * (1000 / emitter.rate));
    }
    logger("info", "running guests", { claimed: fresh.length, guests: running.size });
  }

  function add(emitter: Emitter, n: number, startMs: number): void {
    if (running.has(emitter.id)) return;
    running.set(emitter.id, schedule.add(createGuest(emitter.id), emitter.rate, n, startMs));
    tick();
  }

  function stopAll(): void {
    for (const entry of running.values()) entry.removed = true;
    running.clear();
  }

  return {
    node: () => (options.guests ? lease.name() : undefined),
    start(emitter, node) {
      // A lease that changed in between leaves it to be claimed again.
      if (lease.name() === node) add(emitter, 1, monotonicMs(clock));
      else isUncertain = true;
    },
    stop(id) {
      const entry = running.get(id);
      if (entry === undefined) return;
      entry.removed = true;
      running.delete(id);
    },
    uncertain() {
      isUncertain = true;
    },
    status: () => ({
      guests: running.size,
      ...totals,
      behindMs: Math.max(0, Math.round(monotonicMs(clock) - schedule.earliestMs())),
    }),
    async close() {
      stopping.abort();
      cancelTick?.();
      // The last batch first: who runs the guests next counts on from what the log has then.
      await appending;
      await lease.close();
      stopAll();
    },
  };
}

const utf8 = new TextEncoder();

function recordOf({ guest, n, dueMs }: Scheduled<Guest>): LogRecord {
  // Whole microseconds, so that the next owner makes the same bytes from the record's time.
  const us = Math.round(dueMs * 1000);
  return {
    value: utf8.encode(guest.event(n, us / 1000)),
    key: guest.id,
    contentType: jsonType,
    schemaId: 0,
    timeNs: BigInt(us) * 1000n,
  };
}
