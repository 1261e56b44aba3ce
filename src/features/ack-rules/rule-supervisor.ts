/**
 * Supervises the runners of this node: one for each rule in the store, started and stopped as other
 * nodes create and remove rules.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { TopicLag } from "./reading/lags.ts";
import type { AckLedgerStore, AckRule, AckRuleStore } from "./rule.ts";
import type { AckRunner, AckRunnerStatus } from "./runner.ts";

export interface RuleSupervisorOptions {
  readonly rules: Pick<AckRuleStore, "list" | "purge">;
  readonly store: Pick<AckLedgerStore, "applyChange">;
  readonly run: (rule: AckRule, signal: AbortSignal) => AckRunner;
  /** Why the rule may not run, beside the others or at all; undefined: it may. */
  readonly reasonNotToRun: (rule: AckRule, others: readonly AckRule[]) => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Running {
  /** As the store had it last. */
  rule: AckRule;
  readonly stop: AbortController;
  readonly runner: AckRunner;
}

interface StoppedRule {
  readonly rule: AckRule;
  readonly reason: string;
}

const refreshMs = 1000;
/** For rules that another node removed between two looks of this one. */
const purgeEveryLooks = 30;

export class RuleSupervisor {
  readonly #options: RuleSupervisorOptions;
  /** By the rule's incarnation. */
  readonly #running = new Map<string, Running>();
  /** By the rule's incarnation: rules that may not run. */
  readonly #stopped = new Map<string, StoppedRule>();
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
    this.#stopped.delete(rule.life);
    this.#running.set(rule.life, { rule, stop, runner: this.#options.run(rule, signal) });
  }

  /** Notes what the store has of a rule now. */
  note(rule: AckRule): void {
    const running = this.#running.get(rule.life);
    if (running !== undefined && running.rule.revision <= rule.revision) running.rule = rule;
  }

  /** A running rule as the store had it last: it may have been changed since it was started. */
  latest(rule: AckRule): AckRule {
    return this.#running.get(rule.life)?.rule ?? rule;
  }

  /** Why the rule does not run on any node; undefined: it does. */
  reasonStopped({ life }: AckRule): string | undefined {
    return this.#stopped.get(life)?.reason;
  }

  end(life: string): void {
    this.#running.get(life)?.stop.abort();
    this.#running.delete(life);
    this.#purgeInLooks = 0;
  }

  status(): readonly AckRunnerStatus[] {
    return [
      ...[...this.#running.values()].map(({ runner }) => runner.status()),
      ...[...this.#stopped.values()].map(stoppedStatus),
    ];
  }

  /** Of the rules that this node owns. */
  lags(): readonly (TopicLag & { readonly rule: string })[] {
    return [...this.#running.values()].flatMap(({ rule, runner }) =>
      runner.lags().map((lag) => ({ rule: rule.name, ...lag })),
    );
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
    const { rules, store } = this.#options;
    const existing = await rules.list();
    const allowed = this.#allowed(existing);
    for (const rule of allowed) {
      const running = this.#running.get(rule.life);
      if (running === undefined) this.start(rule);
      else this.note(rule);
    }
    // Rules that no node runs are changed by any.
    for (const { rule } of this.#stopped.values()) {
      if (rule.change !== undefined) await store.applyChange(rule.number);
    }
    for (const life of [...this.#running.keys()]) {
      if (!allowed.some((rule) => rule.life === life)) this.end(life);
    }
    if (this.#purgeInLooks-- > 0) return;
    while ((await rules.purge()) && !this.#stop.signal.aborted);
    this.#purgeInLooks = purgeEveryLooks;
  }

  /**
   * Rules that an earlier release took, or two nodes at the same moment, are checked like new ones, the
   * oldest first: all nodes come to the same answer.
   */
  #allowed(existing: readonly AckRule[]): readonly AckRule[] {
    const { logger, reasonNotToRun } = this.#options;
    const allowed: AckRule[] = [];
    const before = new Map(this.#stopped);
    this.#stopped.clear();
    for (const rule of existing.toSorted((a, b) => a.number - b.number)) {
      const reason = reasonNotToRun(rule, allowed);
      if (reason === undefined) {
        allowed.push(rule);
        continue;
      }
      this.#stopped.set(rule.life, { rule, reason });
      if (before.get(rule.life)?.reason === reason) continue;
      logger("error", "ack rule stopped", {
        rule: rule.name,
        reason,
      });
    }
    return allowed;
  }
}

function stoppedStatus({ rule, reason }: StoppedRule): AckRunnerStatus {
  const nothing = { records: 0, lagMs: 0, pending: 0, open: 0, overdue: 0, skipped: 0 };
  const notOwned = { owned: false, failures: 0, lastFailure: undefined };
  return { rule: rule.name, ...nothing, ...notOwned, stopped: reason };
}
