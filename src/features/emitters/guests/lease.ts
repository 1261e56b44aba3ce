/**
 * Keeps this node's lease on guests. By its own monotonic clock it counts the lease as over before
 * the store does, so that no two nodes run a guest at once; a name whose lease was spent is never
 * used again, so that a late renewal cannot bring it back.
 */
import { sleep, type Clock } from "../../../core/clock.ts";
import type { GuestLeases } from "../../../core/emitters.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import { createId } from "../config.ts";

export interface LeaseOptions {
  readonly leases: GuestLeases;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly node: string;
  /** Called after each renewal, with the name that holds, and whether there is what to claim. */
  readonly held: (name: string, hasFree: boolean) => Promise<void>;
  /** Called when a name is spent: what was claimed under it is another node's. */
  readonly spent: () => void;
}

export interface Lease {
  /** The name to claim under; undefined while nothing may be run. */
  name(): string | undefined;
  /** Gives the lease back. */
  close(): Promise<void>;
}

/** A dead node's guests run again after 2 to 2.5 s of its lease, up to 0.5 s, and the claiming. */
const leaseMs = 2500;
const renewMs = 500;
/** What may still be on its way into the log when this node stops has this long to arrive. */
const marginMs = 500;

export function keepLease(options: LeaseOptions): Lease {
  const { leases, clock, logger } = options;
  const stopping = new AbortController();
  let name: string | undefined;
  let untilMs = 0;
  let holding: Promise<void> | undefined;
  const keeping = keep();

  async function keep(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const hasFree = await renewOrJoin();
        const standing = current();
        // Not awaited: claiming many guests may take longer than a renewal may wait.
        if (standing !== undefined) holding ??= hold(standing, hasFree);
      } catch (error) {
        warn("renewing the lease on guests failed", error);
      }
      await sleep(clock, renewMs, stopping.signal);
    }
  }

  async function hold(standing: string, hasFree: boolean): Promise<void> {
    try {
      await options.held(standing, hasFree);
    } catch (error) {
      warn("claiming guests failed", error);
    } finally {
      holding = undefined;
    }
  }

  function warn(message: string, error: unknown): void {
    const { code, message: reason } = failureFrom(error);
    logger("warn", message, { code, reason });
  }

  /** Whether there may be guests that nobody runs. */
  async function renewOrJoin(): Promise<boolean> {
    const sentMs = monotonicMs(clock);
    const renewed = name === undefined ? undefined : await leases.renew(name, leaseMs);
    if (renewed === "spent") {
      logger("warn", "this node's lease on guests was spent: another node runs them", { name });
      name = undefined;
      options.spent();
    }
    if (name === undefined) {
      const fresh = `${options.node}.${createId()}`;
      await leases.join(fresh, leaseMs);
      name = fresh;
    }
    untilMs = sentMs + leaseMs - marginMs;
    return renewed !== "held";
  }

  function current(): string | undefined {
    return !stopping.signal.aborted && monotonicMs(clock) < untilMs ? name : undefined;
  }

  return {
    name: current,
    async close() {
      stopping.abort();
      await keeping;
      await holding;
      if (name !== undefined) {
        await leases.leave(name).catch((error: unknown) => {
          // It runs out by itself.
          logger("debug", "giving the lease back failed", { reason: failureFrom(error).message });
        });
      }
    },
  };
}

/** The wall clock may be set back; the nanoseconds of a process only grow. */
export function monotonicMs(clock: Clock): number {
  return Number(clock.nowNs() / 1000n) / 1000;
}
