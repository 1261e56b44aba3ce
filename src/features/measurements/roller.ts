/**
 * Keeps the rollups up to date: on one node at a time, it rolls up ended buckets that have changed.
 * Queries read single points where that has not happened yet, so that only their cost depends on
 * the roller's progress.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { OwnedTask, type OwnedTaskDeps, type OwnedTaskStatus } from "../../core/owned-task.ts";
import { Summary } from "./query/summary.ts";
import {
  levels,
  type RollUp,
  type Rollup,
  type RollupStore,
  type SeriesPoint,
  type Span,
} from "./series-port.ts";

export interface RollerOptions extends OwnedTaskDeps {
  readonly store: RollupStore;
  /** How long measurements, and so rollups, are kept. */
  readonly retentionMs: number;
  /** The time by which rollups are dropped. Throws `unavailable` while it is not certain. */
  readonly databaseClock: { sweepNs(): Promise<bigint> };
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
/** Measurements that come at most this late do not make a bucket roll up twice. */
const graceMs = 3000;
const takenPerStep = 500;
/**
 * After a step it rests for a multiple of the step's duration. Otherwise the buckets that end
 * together, every ten seconds, would take a core from producers and queries for a third of a second.
 */
const restPerStep = 4;
/** A step blocks the event loop for some 15 ms, where a bucket of 10 s has 1,000 measurements. */
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
  const { store, clock, retentionMs, databaseClock } = options;
  let buckets = 0;
  let waiting: number | undefined;
  let droppedMs = Number.NEGATIVE_INFINITY;

  async function rollUpOnce(stop: AbortSignal): Promise<void> {
    // Usually nothing has ended, which must cost one statement only.
    if (await store.hasEnded(endedBefore(clock))) {
      const rest = (tookMs: number) => sleep(clock, tookMs * restPerStep, stop);
      buckets += await rollUpEnded(store, clock, stop, rest);
    }
    waiting = await store.waiting();
    if (clock.nowMs() - droppedMs < dropEveryMs) return;
    droppedMs = clock.nowMs();
    await store.dropBefore((await databaseClock.sweepNs()) - BigInt(retentionMs) * 1_000_000n);
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

/** Rolls up all ended buckets that have changed; returns how many. */
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
