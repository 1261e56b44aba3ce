/**
 * Changes of topics' schema rules, from any node to all nodes. A node keeps the rules that it has
 * fetched; every half second it asks the store which topics were announced lately, and forgets theirs.
 * An announcement counts for some seconds, over many looks: one that is committed late, or whose change
 * the log shows late, is not missed. A rule that was changed thereby counts on every node within a
 * second.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";

export interface RuleChangeStore {
  /** Makes the topic one of those that `recent` names. */
  announce(topic: string): Promise<void>;
  /** Topics that were announced within this time. */
  recent(withinMs: number): Promise<readonly string[]>;
}

export interface RuleChangesDeps {
  readonly store: RuleChangeStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The rules that this node keeps. */
  readonly gate: { forget(topic: string): void; forgetAll(): void };
}

const lookMs = 500;
/** How long an announcement counts: longer than the log takes to make a change. */
const recentMs = 10_000;
/** A node that has not looked for this long may have missed one. */
const gapMs = recentMs / 2;

export class RuleChanges {
  readonly #deps: RuleChangesDeps;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: RuleChangesDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running = this.#follow();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /**
   * Makes all nodes fetch the topic's rule again. Call it before the log changes the rule and once it
   * has: if this node dies between the two, the others learn of the change all the same.
   */
  async announce(topic: string): Promise<void> {
    const { store, gate } = this.#deps;
    try {
      await store.announce(topic);
    } finally {
      // This node knows of the change, also where the others cannot be reached.
      gate.forget(topic);
    }
  }

  async #follow(): Promise<void> {
    const { store, clock, logger, gate } = this.#deps;
    const { signal } = this.#stop;
    let isFailing = false;
    let lookedMs = clock.nowMs();
    for (;;) {
      await sleep(clock, lookMs, signal);
      if (signal.aborted) return;
      const nowMs = clock.nowMs();
      try {
        const topics = await store.recent(recentMs);
        if (isFailing || nowMs - lookedMs > gapMs) gate.forgetAll();
        else for (const topic of topics) gate.forget(topic);
        isFailing = false;
        lookedMs = nowMs;
      } catch (error) {
        // Each rule is fetched from the log at its next record, until this node knows what changes.
        gate.forgetAll();
        if (!isFailing) {
          const reason = failureFrom(error).message;
          logger("warn", "changes of schema rules cannot be read; rules are fetched again", {
            reason,
          });
        }
        isFailing = true;
      }
    }
  }
}
