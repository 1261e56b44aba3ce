/**
 * Runs the simulated guests of this node. One schedule covers all of them, and one append carries
 * all events that are due. Leases decide which guests those are, so each runs on exactly one node.
 *
 * "Guest" is the public word for simulated traffic (`source: "guest"`, `SLUICE_GUESTS`, `/status`):
 * an emitter whose events Sluice itself makes, as the log of an instance would look.
 */

import type { Clock } from "../../../core/clock.ts";
import type { Log } from "../../../core/log.ts";
import type { Logger } from "../../../core/logger.ts";
import { jsonType, type LogRecord } from "../../../core/record.ts";
import type { AppendOwn } from "../../../ingest/ingest.ts";
import type { Emitter, EmitterPages, GuestLeases } from "../emitters-port.ts";
import { createGuest, type Guest } from "./guest.ts";
import { keepLease, type Lease, monotonicMs } from "./lease.ts";
import { lastEvents } from "./resume.ts";
import { createSchedule, type Scheduled } from "./schedule.ts";
import { GuestWriter } from "./writer.ts";

export interface GuestsOptions {
  /** Reads the log; appends go through `append`. */
  readonly log: Pick<Log, "read" | "bounds">;
  /** Ingest's append, or the append of a log; it must pass `options` on. */
  readonly append: AppendOwn;
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
  /** Number of events that were skipped: the gateway was stopped, or the log unavailable, for too long. */
  readonly skipped: number;
  /** How far the guests are behind their schedule. */
  readonly behindMs: number;
}

const tickMs = 10;
/** One append: about 1 MB, well below what brokers take in one message or transaction. */
const batchMax = 4000;
/** Bounds the memory that a log outage costs, and the burst after it: 10 s of events. */
const behindMaxMs = 10_000;
const claimMax = 2000;

export class Guests {
  readonly #options: GuestsOptions;
  readonly #schedule = createSchedule<Guest>();
  readonly #running = new Map<string, Scheduled<Guest>>();
  readonly #stopping = new AbortController();
  readonly #lease: Lease;
  readonly #writer: GuestWriter;
  #skipped = 0;
  /** The store may have given this node guests that it does not know of. */
  #isUncertain = false;
  #cancelTick: (() => void) | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: GuestsOptions) {
    this.#options = options;
    this.#lease = keepLease({
      ...options,
      onRenewed: (name, hasFree) => this.#claim(name, hasFree),
      onSpent: () => this.#stopAll(),
    });
    this.#writer = new GuestWriter({
      ...options,
      lease: this.#lease,
      signal: this.#stopping.signal,
      isIdle: () => this.#running.size === 0,
    });
  }

  /** The name to create guests under; undefined while this node may run none. */
  node(): string | undefined {
    return this.#options.guests ? this.#lease.name() : undefined;
  }

  /** Runs a guest that was just created under `node`. */
  start(emitter: Emitter, node: string): void {
    // After a change of the lease the guest is found by the next claim.
    if (this.#lease.name() === node) this.#add(emitter, 1, monotonicMs(this.#options.clock));
    else this.#isUncertain = true;
  }

  stop(id: string): void {
    const entry = this.#running.get(id);
    if (entry === undefined) return;
    entry.removed = true;
    this.#running.delete(id);
  }

  /** An answer that may have given this node a guest was lost. */
  markUncertain(): void {
    this.#isUncertain = true;
  }

  status(): GuestsStatus {
    const behindMs = monotonicMs(this.#options.clock) - this.#schedule.earliestMs();
    return {
      guests: this.#running.size,
      made: this.#writer.made,
      skipped: this.#skipped + this.#writer.skipped,
      behindMs: Math.max(0, Math.round(behindMs)),
    };
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#cancelTick?.();
    // The last batch first: the next node to run these guests counts on from what the log has then.
    await this.#writing;
    await this.#lease.close();
    this.#stopAll();
  }

  /** Repeats only while there are guests, so that a gateway without any stays asleep. */
  #tick(): void {
    this.#cancelTick ??= this.#options.clock.after(tickMs, () => {
      this.#cancelTick = undefined;
      if (this.#stopping.signal.aborted || this.#running.size === 0) return;
      if (this.#writing === undefined && this.#lease.name() !== undefined) {
        const batch = this.#takeDue();
        if (batch.length > 0) {
          this.#writing = this.#writer.write(batch).finally(() => (this.#writing = undefined));
        }
      }
      this.#tick();
    });
  }

  #takeDue(): LogRecord[] {
    const { clock, logger } = this.#options;
    const batch: LogRecord[] = [];
    const skipped = this.#schedule.take(monotonicMs(clock), batchMax, behindMaxMs, (due) =>
      batch.push(recordFromDue(due)),
    );
    if (skipped > 0) {
      this.#skipped += skipped;
      logger("warn", "guest events skipped: the gateway was stopped or the log unavailable", {
        events: skipped,
      });
    }
    return batch;
  }

  async #claim(name: string, hasFree: boolean): Promise<void> {
    const { guests, leases } = this.#options;
    if (!guests || !(hasFree || this.#isUncertain)) return;
    const claimed: Emitter[] = [];
    try {
      if (this.#isUncertain) {
        this.#isUncertain = false;
        claimed.push(...(await leases.owned(name)));
      }
      for (let taken = claimMax; taken === claimMax && this.#lease.name() === name;) {
        const more = await leases.claim(name, claimMax);
        claimed.push(...more);
        taken = more.length;
      }
      // Once for all of them, because it reads the log from the projection's position on.
      await this.#resume(name, claimed);
    } catch (error) {
      this.#isUncertain = true;
      throw error;
    }
  }

  async #resume(name: string, emitters: readonly Emitter[]): Promise<void> {
    const { clock, logger } = this.#options;
    const fresh = emitters.filter((emitter) => !this.#running.has(emitter.id));
    if (fresh.length === 0) return;
    // Events that this node is still appending count as well.
    await this.#writing;
    const last = await lastEvents(this.#options, fresh);
    if (this.#lease.name() !== name) {
      this.#isUncertain = true;
      return;
    }
    for (const emitter of fresh) {
      const event = last.get(emitter.id);
      const n = event?.n ?? 0;
      const sinceMs = event === undefined ? monotonicMs(clock) : event.timeMs;
      this.#add(emitter, n + 1, sinceMs - Math.max(0, n - 1) * (1000 / emitter.rate));
    }
    logger("info", "guests claimed", { claimed: fresh.length, guests: this.#running.size });
  }

  #add({ id, rate }: Emitter, n: number, startMs: number): void {
    if (this.#running.has(id)) return;
    this.#running.set(id, this.#schedule.add(createGuest(id), rate, n, startMs));
    this.#tick();
  }

  #stopAll(): void {
    for (const entry of this.#running.values()) entry.removed = true;
    this.#running.clear();
  }
}

const utf8 = new TextEncoder();

function recordFromDue({ guest, n, dueMs }: Scheduled<Guest>): LogRecord {
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
