/**
 * Keeps this node's lease on guests. By its own monotonic clock the node counts the lease as over
 * before the store does, so no two nodes run a guest at once. A name whose lease was spent is never
 * used again, so a late renewal cannot revive it.
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import { createId } from "../create-id.ts";
import type { GuestLeases } from "../emitters-port.ts";

export interface LeaseOptions {
  readonly leases: GuestLeases;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly node: string;
  /** Called after each renewal, with the name that has the lease and whether guests are free. */
  readonly onRenewed: (name: string, hasFree: boolean) => Promise<void>;
  /** Called when a name is spent: the guests claimed under it now belong to another node. */
  readonly onSpent: () => void;
}

export interface Lease {
  /** The name to claim under; undefined while nothing may be run. */
  name(): string | undefined;
  /** Gives the lease back. */
  close(): Promise<void>;
}

/**
 * After a node has died it takes 2 to 2.5 s until its lease expires, and up to 0.5 s until the renewal
 * of another node frees its guests. They run again as soon as nodes have claimed them.
 */
const leaseMs = 2500;
const renewMs = 500;
/** Time for appends in flight to arrive once this node has stopped. */
const marginMs = 500;

export function keepLease(options: LeaseOptions): Lease {
  const { leases, clock, logger } = options;
  const stopping = new AbortController();
  let name: string | undefined;
  let untilMs = 0;
  let claiming: Promise<void> | undefined;
  const renewing = renewRepeatedly();

  async function renewRepeatedly(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const hasFree = await renewOrJoin();
        const currentName = validName();
        // Not awaited: claiming many guests may take longer than a renewal may wait.
        if (currentName !== undefined) claiming ??= claim(currentName, hasFree);
      } catch (error) {
        warn("renewing the lease on guests failed; retrying", error);
      }
      await sleep(clock, renewMs, stopping.signal);
    }
  }

  async function claim(currentName: string, hasFree: boolean): Promise<void> {
    try {
      await options.onRenewed(currentName, hasFree);
    } catch (error) {
      warn("claiming guests failed; retrying", error);
    } finally {
      claiming = undefined;
    }
  }

  function warn(message: string, error: unknown): void {
    const { code, message: reason } = failureFrom(error);
    logger("warn", message, { code, reason });
  }

  /** Returns whether there may be guests that no node runs. */
  async function renewOrJoin(): Promise<boolean> {
    const sentMs = monotonicMs(clock);
    const renewed = name === undefined ? undefined : await leases.renew(name, leaseMs);
    if (renewed === "spent") {
      logger("warn", "lease on guests expired; another node may run them", { name });
      name = undefined;
      options.onSpent();
    }
    if (name === undefined) {
      const fresh = `${options.node}.${createId()}`;
      await leases.join(fresh, leaseMs);
      name = fresh;
    }
    untilMs = sentMs + leaseMs - marginMs;
    return renewed !== "held";
  }

  function validName(): string | undefined {
    return !stopping.signal.aborted && monotonicMs(clock) < untilMs ? name : undefined;
  }

  return {
    name: validName,
    async close() {
      stopping.abort();
      await renewing;
      await claiming;
      if (name !== undefined) {
        await leases.leave(name).catch((error: unknown) => {
          // The lease expires on its own.
          const reason = failureFrom(error).message;
          logger("debug", "returning the lease on guests failed", { reason });
        });
      }
    },
  };
}

/** The wall clock may be set back; the nanoseconds of a process only grow. */
export function monotonicMs(clock: Clock): number {
  return Number(clock.nowNs() / 1000n) / 1000;
}
