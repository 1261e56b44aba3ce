/**
 * Keeps the rollups: on one node at a time, what has changed in buckets that have ended is rolled
 * up again. Queries read single points wherever that has not happened yet, so that nothing but
 * their cost depends on how far this is.
 */
import { sleep, type Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { OwnedTask, type OwnedTaskStatus } from "../../core/owned-task.ts";
import type { Ownership } from "../../core/projection.ts";
import {
  levels,
  type SeriesPoint,
  type Rollup,
  type RollUp,
  type RollupStore,
  type Span,
} from "./series-port.ts";
import { Summary } from "./query/summary.ts";

export interface RollerOptions {
  readonly store: RollupStore;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** How long measurements, and so rollups, are kept. */
  readonly retentionMs: number;
}

export interface RollerStatus extends OwnedTaskStatus {
  /** Number of buckets that this node rolled up. */
  readonly buckets: number;
  /** Number of buckets of 10 s that wait, ended or not; undefined where another node rolls up. */
  readonly waiting: number | undefined;
}

export interface Roller {
  status(): RollerStatus;
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
}

const everyMs = 2000;
const dropEveryMs = 60_000;
/** Measurements of a bucket that come this late do not have it rolled up twice. */
const graceMs = 3000;
const takenPerStep = 500;
/**
 * After a step it rests for so many times as long as that took: what ends together, every ten
 * seconds, would else take a core from producers and queries for a third of a second.
 */
const restPerStep = 4;
/** The event loop stands still for some 15 ms: at 100 measurements a second, ten seconds have 1,000. */
const bucketsPerStep = { 1: 30, 2: 100, 3: 100 } as const;

export const rollUp: RollUp = {
  points(points: Iterable<SeriesPoint>, span: Span): Rollup | undefined {
    const summary = new Summary(span.fromNs);
    for (const point of points) summary.addPoint(point);
    return summary.toRollup(span);
  },
  rollups(rollups: Iterable<Rollup>, span: Span): Rollup | undefined {
    const summary = new Summary(span.fromNs);
    for (const rollup of rollups) summary.addRollup(rollup);
    return summary.toRollup(span);
  },
};

export function runRoller(options: RollerOptions): Roller {
  const { store, clock, retentionMs } = options;
  let buckets = 0;
  let waiting: number | undefined;
  let droppedMs = Number.NEGATIVE_INFINITY;

  async function rollUpOnce(stop: AbortSignal): Promise<void> {
    // Mostly nothing has ended, and finding that out must cost one statement only.
    if (await store.hasEnded(endedBefore(clock))) {
      const rest = (tookMs: number) => sleep(clock, tookMs * restPerStep, stop);
      buckets += await rollUpEnded(store, clock, stop, rest);
    }
    waiting = await store.waiting();
    if (clock.nowMs() - droppedMs < dropEveryMs) return;
    droppedMs = clock.nowMs();
    await store.dropBefore(clock.nowNs() - BigInt(retentionMs) * 1_000_000n);
  }

  const task = { name: "series-rollups", task: "series rollups", everyMs };
  const rolling = new OwnedTask({ ...options, ...task }, ({ stop }) => rollUpOnce(stop));
  return {
    done: rolling.done,
    status() {
      const status = rolling.status();
      return { ...status, buckets, waiting: status.owned ? waiting : undefined };
    },
  };
}

/** Rolls up all that has changed in buckets that have ended; tells how many buckets that were. */
export async function rollUpEnded(
  store: RollupStore,
  clock: Clock,
  signal?: AbortSignal,
  rest: (tookMs: number) => Promise<void> = async () => {},
): Promise<number> {
  const endedNs = endedBefore(clock);
  const goesOn = () => signal?.aborted !== true;
  let rolled = 0;
  let taken = takenPerStep;
  while (taken === takenPerStep && goesOn()) {
    taken = await store.takeDirty(endedNs, takenPerStep);
    for (const level of levels) {
      const limit: number = bucketsPerStep[level];
      let count = limit;
      while (count === limit && goesOn()) {
        const startedMs = clock.nowMs();
        count = await store.roll(level, endedNs, limit, rollUp);
        rolled += count;
        await rest(clock.nowMs() - startedMs);
      }
    }
  }
  return rolled;
}

function endedBefore(clock: Clock): bigint {
  return clock.nowNs() - BigInt(graceMs) * 1_000_000n;
}
