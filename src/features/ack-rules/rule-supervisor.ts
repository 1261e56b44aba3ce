/**
 * Supervises the runners of this node: one for each rule in the store, started and stopped as other
 * nodes create and remove rules.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { AckRule, AckRuleStore } from "./rule.ts";
import type { AckRunner, AckRunnerStatus } from "./runner.ts";

export interface RuleSupervisorOptions {
  readonly rules: Pick<AckRuleStore, "list" | "purge">;
  readonly run: (rule: AckRule, signal: AbortSignal) => AckRunner;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Running {
  readonly stop: AbortController;
  readonly runner: AckRunner;
}

const refreshMs = 1000;
/** For rules that another node removed between two looks of this one. */
const purgeEveryLooks = 30;

export class RuleSupervisor {
  readonly #options: RuleSupervisorOptions;
  /** By the rule's incarnation. */
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();
  readonly #refreshing: Promise<void>;
  #purgeInLooks = 0;

  constructor(options: RuleSupervisorOptions) {
    this.#options = options;
    this.#refreshing = this.#refreshRepeatedly();
  }

  /** Runs the rule at once, without waiting for the next look at the store. */
  start(rule: AckRule): void {
    if (this.#running.has(rule.life) || this.#stop.signal.aborted) return;
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, stop.signal]);
    this.#running.set(rule.life, { stop, runner: this.#options.run(rule, signal) });
  }

  end(life: string): void {
    this.#running.get(life)?.stop.abort();
    this.#running.delete(life);
    this.#purgeInLooks = 0;
  }

  status(): readonly AckRunnerStatus[] {
    return [...this.#running.values()].map(({ runner }) => runner.status());
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const runners = [...this.#running.values()].map(({ runner }) => runner.done);
    await Promise.all([this.#refreshing, ...runners]);
  }

  async #refreshRepeatedly(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stop;
    let isReadable = true;
    while (!signal.aborted) {
      try {
        await this.#refresh();
        isReadable = true;
      } catch (error) {
        if (isReadable) {
          const reason = failureFrom(error).message;
          logger("warn", "reading the ack rules failed; retrying", { reason });
        }
        isReadable = false;
      }
      await sleep(clock, refreshMs, signal);
    }
  }

  async #refresh(): Promise<void> {
    const { rules } = this.#options;
    const existing = await rules.list();
    for (const rule of existing) this.start(rule);
    for (const life of [...this.#running.keys()]) {
      if (!existing.some((rule) => rule.life === life)) this.end(life);
    }
    if (this.#purgeInLooks-- > 0) return;
    while ((await rules.purge()) && !this.#stop.signal.aborted);
    this.#purgeInLooks = purgeEveryLooks;
  }
}
