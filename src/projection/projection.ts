/**
 * Runs a projection on the node that owns it: reads its topic from the position of its rows, and
 * commits rows and position together. What goes wrong is retried, counted and logged.
 */

import type { Turns } from "../core/budget/turn.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { failureFrom } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import {
  OwnedTask,
  type OwnedTaskDeps,
  type OwnedTaskStatus,
  type Turn,
} from "../core/owned-task.ts";
import { comparePositions, type Position, renderPosition } from "../core/position.ts";
import { describeSkip, type ProjectionTarget } from "../core/projection.ts";
import type { StoredRecord } from "../core/record.ts";
import { gather, type GatherLimits } from "./gather.ts";

export interface ProjectionOptions extends OwnedTaskDeps {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly target: ProjectionTarget;
  readonly limits?: Partial<GatherLimits>;
  /** A commit of many rows waits for its turn. */
  readonly turns?: Turns;
  /** True while ingestion is saturated: rows can wait briefly, producers cannot. */
  readonly shouldYield?: () => boolean;
}

export interface ProjectionStatus extends OwnedTaskStatus {
  readonly name: string;
  readonly topic: string;
  /** Token of the last commit that this node made or found. */
  readonly position: string | undefined;
  /** Number of records that this node committed. */
  readonly records: number;
  /**
   * Age of the oldest record that was read and is not committed. Without one: of the newest committed
   * record when it was committed; 0 at the end of the topic.
   */
  readonly lagMs: number;
  /** Number of log entries that were gone before they were read. */
  readonly skipped: number;
}

export interface Projection {
  status(): ProjectionStatus;
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
}

const limitsDefault: GatherLimits = {
  // One statement of 2,000 rows costs far less than 20 of 100, and keeps its locks for ~50 ms.
  records: 2000,
  bytes: 4 * 1024 * 1024,
  ms: 200,
};
/** A batch yields to ingestion for at most 5 s, and never once it is older than 20 s. */
const yieldMs = { most: 5000, look: 50, behind: 20_000 };
/** The rows of a larger commit take more than a millisecond to render. */
const rowsAtOnce = 200;
/** A topic is created by its first append; looking for it this often costs nothing. */
const missingTopicMs = 500;

export function runProjection(options: ProjectionOptions): Projection {
  const { target, ownership, clock, logger, signal } = options;
  const work = new ProjectionWork(options);
  const task = new OwnedTask(
    {
      name: target.name,
      task: "projection",
      fields: { projection: target.name },
      ownership,
      clock,
      logger,
      signal,
    },
    (turn) => work.project(turn),
  );
  return { done: task.done, status: () => ({ ...work.status(), ...task.status() }) };
}

class ProjectionWork {
  readonly #options: ProjectionOptions;
  readonly #limits: GatherLimits;
  #position: Position | undefined;
  #records = 0;
  #lagMs = 0;
  /** Of the oldest record that was read and is not committed. */
  #pendingNs: bigint | undefined;
  #skipped = 0;

  constructor(options: ProjectionOptions) {
    this.#options = options;
    this.#limits = { ...limitsDefault, ...options.limits };
  }

  status(): Omit<ProjectionStatus, keyof OwnedTaskStatus> {
    const { name, topic } = this.#options.target;
    return {
      name,
      topic,
      position: this.#position && renderPosition(this.#position),
      records: this.#records,
      lagMs: this.#pendingNs === undefined ? this.#lagMs : this.#ageMs(this.#pendingNs),
      skipped: this.#skipped,
    };
  }

  /** Reads and commits until the turn's end; throws what a retry must mend. */
  async project(turn: Turn): Promise<void> {
    try {
      await this.#readOn(turn);
    } catch (error) {
      const { code } = failureFrom(error);
      if (code === "not_found") {
        this.#lagMs = 0;
        await sleep(this.#options.clock, missingTopicMs, turn.stop);
      } else if (code === "position_gone" && !turn.stop.aborted && this.#position !== undefined) {
        await this.#skipGone(this.#position);
      } else throw error;
    }
  }

  async #readOn(turn: Turn): Promise<void> {
    const { log, target, clock, turns } = this.#options;
    const rendering = turns?.open();
    const after = await this.#startingPosition();
    const read = log.read(target.topic, { after, signal: turn.stop });
    const idle = () => (this.#lagMs = 0);
    for await (const batch of gather(read, { limits: this.#limits, clock, idle })) {
      const from = this.#position;
      this.#pendingNs ??= batch.records[0]?.receivedNs;
      await this.#yieldToIngestion(batch.records, turn.stop);
      // Some milliseconds of rendering, beside what others do in the same round of the loop.
      const isLong = batch.records.length > rowsAtOnce;
      if (isLong && rendering?.isOver === true) await rendering.next();
      await target.commit(batch.records, from, batch.through);
      this.#committed(batch.records, batch.through);
      turn.progressed();
    }
  }

  async #startingPosition(): Promise<Position> {
    const { log, target } = this.#options;
    const known = await target.position();
    if (known !== undefined) return (this.#position = known);
    const { start } = await log.bounds(target.topic);
    await target.skip(undefined, start);
    return (this.#position = start);
  }

  async #yieldToIngestion(records: readonly StoredRecord[], stop: AbortSignal): Promise<void> {
    const { clock, shouldYield } = this.#options;
    const [oldest] = records;
    if (shouldYield === undefined || oldest === undefined) return;
    for (let waitedMs = 0; waitedMs < yieldMs.most; waitedMs += yieldMs.look) {
      const isLate = ageMs(clock, oldest.receivedNs) > yieldMs.behind;
      if (isLate || stop.aborted || !shouldYield()) return;
      await sleep(clock, yieldMs.look, stop);
    }
  }

  #committed(records: readonly StoredRecord[], to: Position): void {
    this.#position = to;
    this.#pendingNs = undefined;
    this.#records += records.length;
    const last = records.at(-1);
    if (last !== undefined) this.#lagMs = this.#ageMs(last.receivedNs);
  }

  #ageMs(receivedNs: bigint): number {
    return Math.max(0, ageMs(this.#options.clock, receivedNs));
  }

  /** The log no longer has what follows `from`: reports it, and continues where reading can start. */
  async #skipGone(from: Position): Promise<void> {
    const { log, target, logger } = this.#options;
    const { start, end } = await log.bounds(target.topic);
    // Past the end: the log lost records that are rows already; they are no longer the log's.
    const to = from.epoch === end.epoch && comparePositions(from, end) > 0 ? end : start;
    if (comparePositions(from, to) === 0) return;
    const skip = describeSkip(from, to);
    logger("error", "projection skips records that the log no longer has", {
      projection: target.name,
      ...skip,
    });
    await target.skip(from, to);
    this.#pendingNs = undefined;
    this.#skipped += skip.entries ?? 0;
    this.#position = to;
  }
}

function ageMs(clock: Clock, ns: bigint): number {
  return clock.nowMs() - Number(ns / 1_000_000n);
}
