/**
 * Runs a projection: reads its topic on from where its rows stand, and commits rows and position
 * together. It ends only when told to; whatever goes wrong is retried, counted and said.
 */
import { sleep, type Clock } from "../core/clock.ts";
import { failureFrom } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import { comparePositions, renderPosition, type Position } from "../core/position.ts";
import type { Ownership, ProjectionTarget } from "../core/projection.ts";
import type { StoredRecord } from "../core/record.ts";
import { gather, type GatherLimits } from "./gather.ts";

export interface ProjectionOptions {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly target: ProjectionTarget;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the projection: what is being committed is still finished. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<GatherLimits>;
  /**
   * True while this process has all hands full with taking records: rows can wait for a moment,
   * producers cannot.
   */
  readonly shouldYield?: () => boolean;
}

export interface ProjectionStatus {
  readonly name: string;
  readonly topic: string;
  readonly owned: boolean;
  /** Token of the last commit that this node made or found. */
  readonly position: string | undefined;
  /** Records that this node committed. */
  readonly records: number;
  /** How old the newest committed record was when it was committed; 0 at the end of the topic. */
  readonly lagMs: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
  /** Log entries that were gone before they were read. */
  readonly skipped: number;
}

export interface Projection {
  status(): ProjectionStatus;
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
}

const limitsDefault: GatherLimits = {
  // One statement of 2,000 rows costs far less than 20 of 100, and holds its locks for ~50 ms.
  records: 2000,
  bytes: 4 * 1024 * 1024,
  ms: 200,
};
const retryMs = { first: 100, most: 5000 };
/** A batch gives way for so long, and only while it is not too old: rows fall behind, but not for good. */
const giveWayMs = { most: 5000, look: 50, behind: 20_000 };
/** A topic comes to be by its first append: asking this often costs nothing. */
const missingTopicMs = 500;

export function runProjection(options: ProjectionOptions): Projection {
  const { log, target, ownership, clock, logger, signal } = options;
  const limits = { ...limitsDefault, ...options.limits };
  const state = {
    owned: false,
    position: undefined as Position | undefined,
    records: 0,
    lagMs: 0,
    failures: 0,
    lastFailure: undefined as string | undefined,
    skipped: 0,
  };

  async function own(): Promise<void> {
    while (!signal.aborted) {
      const owned = await ownership.acquire(target.name, signal).catch(noted);
      if (owned === undefined) {
        await sleep(clock, retryMs.first, signal);
        continue;
      }
      state.owned = true;
      logger("info", "projection owned by this node", { projection: target.name });
      try {
        await keepProjecting(AbortSignal.any([signal, owned.lost]));
      } finally {
        state.owned = false;
        await owned.release().catch(noted);
      }
    }
  }

  /** Until `stop`, or a conflict: another owner went on, so this one starts again from nothing. */
  async function keepProjecting(stop: AbortSignal): Promise<void> {
    let waitMs = retryMs.first;
    while (!stop.aborted) {
      const before = state.records;
      try {
        await project(stop);
      } catch (error) {
        const failure = failureFrom(error);
        if (failure.code === "not_found") {
          state.lagMs = 0;
          await sleep(clock, missingTopicMs, stop);
          continue;
        }
        if (failure.code === "cancelled" && stop.aborted) return;
        noted(error);
        if (failure.code === "conflict") return;
        if (state.records > before) waitMs = retryMs.first;
        await sleep(clock, waitMs, stop);
        waitMs = Math.min(waitMs * 2, retryMs.most);
      }
    }
  }

  async function project(stop: AbortSignal): Promise<void> {
    const from = await startingPosition();
    try {
      for await (const batch of gather(log.read(target.topic, { after: from, signal: stop }), {
        limits,
        clock,
        idle: () => (state.lagMs = 0),
      })) {
        const at = state.position;
        await shouldYield(batch.records, stop);
        await target.commit(batch.records, at, batch.through);
        committed(batch.records, batch.through);
      }
    } catch (error) {
      if (failureFrom(error).code !== "position_gone" || stop.aborted) throw error;
      await skipGone(state.position ?? from);
    }
  }

  async function startingPosition(): Promise<Position> {
    const known = await target.position();
    if (known !== undefined) return (state.position = known);
    const { start } = await log.bounds(target.topic);
    await target.skip(undefined, start);
    return (state.position = start);
  }

  async function shouldYield(records: readonly StoredRecord[], stop: AbortSignal): Promise<void> {
    const [oldest] = records;
    if (options.shouldYield === undefined || oldest === undefined) return;
    for (let waitedMs = 0; waitedMs < giveWayMs.most; waitedMs += giveWayMs.look) {
      const isLate = ageMs(clock, oldest.receivedNs) > giveWayMs.behind;
      if (isLate || stop.aborted || !options.shouldYield()) return;
      await sleep(clock, giveWayMs.look, stop);
    }
  }

  function committed(records: readonly StoredRecord[], to: Position): void {
    state.position = to;
    state.records += records.length;
    const last = records.at(-1);
    if (last !== undefined) state.lagMs = Math.max(0, ageMs(clock, last.receivedNs));
  }

  /** The log no longer has what follows `from`: said aloud, then on from where it can be read. */
  async function skipGone(from: Position): Promise<void> {
    const { start, end } = await log.bounds(target.topic);
    // Past the end: the log lost records that are rows already; they are not the log's any more.
    const to = from.epoch === end.epoch && comparePositions(from, end) > 0 ? end : start;
    if (comparePositions(from, to) === 0) return;
    const sameLife = from.epoch === to.epoch;
    const skipped = sameLife ? Math.max(0, to.sequence - from.sequence) : 0;
    logger("error", "projection skips records that the log no longer has", {
      projection: target.name,
      from: renderPosition(from),
      to: renderPosition(to),
      entries: sameLife ? skipped : undefined,
      reason: sameLife ? "trimmed" : "the topic was made anew",
    });
    await target.skip(from, to);
    state.skipped += skipped;
    state.position = to;
  }

  function noted(error: unknown): undefined {
    const failure = failureFrom(error);
    if (failure.code === "cancelled" && signal.aborted) return;
    state.failures++;
    state.lastFailure = failure.message;
    logger(failure.code === "internal" ? "error" : "warn", "projection failed, trying again", {
      projection: target.name,
      code: failure.code,
      reason: failure.message,
      cause: failure.cause instanceof Error ? failure.cause.message.slice(0, 300) : undefined,
    });
  }

  return {
    done: own(),
    status: () => ({
      name: target.name,
      topic: target.topic,
      owned: state.owned,
      position: state.position && renderPosition(state.position),
      records: state.records,
      lagMs: state.lagMs,
      failures: state.failures,
      lastFailure: state.lastFailure,
      skipped: state.skipped,
    }),
  };
}

function ageMs(clock: Clock, ns: bigint): number {
  return clock.nowMs() - Number(ns / 1_000_000n);
}
