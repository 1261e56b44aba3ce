/**
 * A task that runs on one node of all: the node that owns its name. It owns the name, works turn by
 * turn, retries with back-off what fails, and releases the name when it ends or another owner took over.
 */

import { type Clock, sleep } from "./clock.ts";
import { failureFrom } from "./failure.ts";
import type { LogFields, Logger } from "./logger.ts";
import type { Owned, Ownership } from "./projection.ts";
import { BackOff, retry } from "./retry.ts";

/** What every task gets from outside. */
export interface OwnedTaskDeps {
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the task; a turn that is under way is finished. */
  readonly signal: AbortSignal;
}

export interface OwnedTaskOptions extends OwnedTaskDeps {
  /** The name that the node must own to work. */
  readonly name: string;
  /** What the log calls the task: "projection", "ack rule". */
  readonly task: string;
  /** Which one of its kind it is, in each of its log lines. */
  readonly fields?: LogFields;
  /** Rest between two turns; without it one follows the other at once. */
  readonly everyMs?: number;
}

export interface Turn {
  /** Aborts when the task ends, or when the name is no longer this node's. */
  readonly stop: AbortSignal;
  /** Must be called when part of the turn has succeeded: the next failure is then retried soon again. */
  progressed(): void;
}

/** "done" ends the task on this node; `conflict` has it own the name again: another owner went on. */
export type OwnedWork = (turn: Turn) => Promise<"done" | void>;

export interface OwnedTaskStatus {
  readonly owned: boolean;
  readonly failures: number;
  readonly lastFailure: string | undefined;
}

const retryMs = { first: 100, most: 5000 };

export class OwnedTask {
  /** Resolves, never rejects, once the task has ended. */
  readonly done: Promise<void>;
  readonly #options: OwnedTaskOptions;
  readonly #work: OwnedWork;
  #owned = false;
  #failures = 0;
  #lastFailure: string | undefined;

  /** Begins at once. */
  constructor(options: OwnedTaskOptions, work: OwnedWork) {
    this.#options = options;
    this.#work = work;
    this.done = this.#run();
  }

  status(): OwnedTaskStatus {
    return { owned: this.#owned, failures: this.#failures, lastFailure: this.#lastFailure };
  }

  /** Counts and logs a failure that the work has dealt with itself. */
  recordFailure(error: unknown): void {
    const { task, fields, logger, signal } = this.#options;
    const failure = failureFrom(error);
    if (failure.code === "cancelled" && signal.aborted) return;
    this.#failures++;
    this.#lastFailure = failure.message;
    logger(failure.code === "internal" ? "error" : "warn", `${task} failed; retrying`, {
      ...fields,
      code: failure.code,
      reason: failure.message,
      cause: failure.cause instanceof Error ? failure.cause.message.slice(0, 300) : undefined,
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    for (let isDone = false; !isDone && !signal.aborted;) {
      const owned = await this.#acquire();
      if (owned !== undefined) isDone = await this.#workWhile(owned);
    }
  }

  async #acquire(): Promise<Owned | undefined> {
    const { name, ownership, clock, signal } = this.#options;
    const onFailure = (error: unknown) => this.recordFailure(error);
    return await retry({ clock, retryMs, signal, onFailure }, () =>
      ownership.acquire(name, signal),
    );
  }

  /** True when the work is done. */
  async #workWhile(owned: Owned): Promise<boolean> {
    const { task, fields, logger, signal } = this.#options;
    this.#owned = true;
    logger("info", `${task} owned by this node`, fields);
    try {
      return await this.#takeTurns(AbortSignal.any([signal, owned.lost]));
    } finally {
      this.#owned = false;
      await owned.release().catch((error: unknown) => this.recordFailure(error));
    }
  }

  async #takeTurns(stop: AbortSignal): Promise<boolean> {
    const { clock, everyMs } = this.#options;
    const backOff = new BackOff(clock, retryMs);
    const turn: Turn = { stop, progressed: () => backOff.reset() };
    while (!stop.aborted) {
      try {
        if ((await this.#work(turn)) === "done") return true;
        backOff.reset();
        if (everyMs !== undefined) await sleep(clock, everyMs, stop);
      } catch (error) {
        const { code } = failureFrom(error);
        if (code === "cancelled" && stop.aborted) return false;
        this.recordFailure(error);
        if (code === "conflict") return false;
        await backOff.wait(stop);
      }
    }
    return false;
  }
}
