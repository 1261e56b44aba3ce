/**
 * Runs one rule on the node that owns it: reads all its topics, commits what was seen together with
 * its positions, and appends what follows. It ends with its signal, or once the rule is removed; what
 * goes wrong is retried from the last commit, counted and logged.
 */

import type { Clock } from "../../core/clock.ts";
import type { LogDriver } from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import type { Histogram } from "../../core/metrics/histogram.ts";
import { OwnedTask, type OwnedTaskStatus, type Turn } from "../../core/owned-task.ts";
import type { Position } from "../../core/position.ts";
import { describeSkip, type Ownership } from "../../core/projection.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { AppendOwn } from "../../ingest/ingest.ts";
import { createIdExtractor } from "./id-extractor.ts";
import { Outbox } from "./outbox.ts";
import { Owner } from "./owner.ts";
import { type TopicLag, TopicLags } from "./reading/lags.ts";
import { type ReaderLimits, type TopicsBatch, TopicsReader } from "./reading/topics-reader.ts";
import type { AckLedgerStore, AckRule } from "./rule.ts";

export interface AckRunnerOptions {
  /** As it was when the runner was started. */
  readonly rule: AckRule;
  /** The rule as this node knows it now: it may have been changed, or a change be requested. */
  readonly latest?: () => AckRule;
  /** Called with the rule that the owner begins to work on. */
  readonly onOpen?: (rule: AckRule) => void;
  readonly log: Pick<LogDriver, "read" | "bounds">;
  /** Appends to an output topic, which it creates where it does not exist. */
  readonly append: AppendOwn;
  readonly store: AckLedgerStore;
  readonly decoder: RecordDecoder;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends it, after the commit in progress. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<ReaderLimits>;
  /** Delays of the acks that this node appended. */
  readonly ackSeconds?: Histogram;
}

export interface AckRunnerStatus extends OwnedTaskStatus {
  readonly rule: string;
  /** Number of records that this node has committed. */
  readonly records: number;
  /** Of its topic that it is furthest behind, as `TopicLag` has it. */
  readonly lagMs: number;
  /** Number of announcements that are committed, and not in the log yet. */
  readonly pending: number;
  /** Number of ids that are open, while this node owns the rule. */
  readonly open: number;
  /** Number of ids past their deadline, likewise. */
  readonly overdue: number;
  /** Number of log entries that were gone before they were read. */
  readonly skipped: number;
  /** Why the rule does not run on any node. */
  readonly stopped?: string;
}

export interface AckRunner {
  status(): AckRunnerStatus;
  /** Of each of its topics, while this node owns the rule. */
  lags(): readonly TopicLag[];
  /** Resolves, never rejects, once it has ended. */
  readonly done: Promise<void>;
}

/** How often an owner without new records looks for passed deadlines. */
const idleMs = 125;
/** Past this the rule waits for the log, because announcements are in memory until appended. */
const pendingMax = 10_000;

export function runAckRule(options: AckRunnerOptions): AckRunner {
  const { rule, ownership, clock, logger, signal } = options;
  const work = new AckWork(options, (error) => task.recordFailure(error));
  const task: OwnedTask = new OwnedTask(
    {
      name: `ack-rule/${rule.life}`,
      task: "ack rule",
      fields: { rule: rule.name },
      ownership,
      clock,
      logger,
      signal,
    },
    (turn) => work.take(turn),
  );
  return {
    done: task.done,
    status: () => {
      const owned = task.status();
      return { ...work.status(), ...owned, lagMs: owned.owned ? work.lagMs : 0 };
    },
    lags: () => (task.status().owned ? work.lags() : []),
  };
}

class AckWork {
  readonly #options: AckRunnerOptions;
  readonly #onFailure: (error: unknown) => void;
  #outbox: Outbox | undefined;
  #owner: Owner | undefined;
  #reader: TopicsReader | undefined;
  #lags: TopicLags | undefined;
  #records = 0;
  #skipped = 0;

  constructor(options: AckRunnerOptions, onFailure: (error: unknown) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  status(): Omit<AckRunnerStatus, keyof OwnedTaskStatus | "lagMs"> {
    return {
      rule: this.#options.rule.name,
      records: this.#records,
      pending: this.#outbox?.pending ?? 0,
      open: this.#owner?.counts.open ?? 0,
      overdue: this.#owner?.counts.overdue ?? 0,
      skipped: this.#skipped,
    };
  }

  get lagMs(): number {
    return Math.max(0, ...this.lags().map(({ lagMs }) => lagMs));
  }

  /** What was read and not committed when an attempt failed counts until the next one begins. */
  lags(): readonly TopicLag[] {
    return this.#lags?.all(this.#reader?.waiting) ?? [];
  }

  /** Works from what was committed last; done when the rule is gone. */
  async take(turn: Turn): Promise<"done" | void> {
    const { store, onOpen } = this.#options;
    const state = await store.open(this.#options.rule.number);
    if (state === undefined) return "done";
    const { rule } = state;
    onOpen?.(rule);
    const ended = new AbortController();
    const signal = AbortSignal.any([turn.stop, ended.signal]);
    const deps = { ...this.#options, rule, signal, onFailure: this.#onFailure };
    const outbox = await Outbox.open(deps, state);
    this.#outbox = outbox;
    try {
      const extractor = createIdExtractor(rule, this.#options.decoder);
      const owner = new Owner({ ...deps, extractor, outbox }, state);
      this.#owner = owner;
      const reader = new TopicsReader({
        ...deps,
        topics: extractor.topics,
        positions: state.positions,
        onFailure: (_topic, failure) => this.#onFailure(failure),
        onSkip: (topic, from, to) => this.#noteSkip(topic, from, to),
      });
      this.#reader = reader;
      const lags = new TopicLags(deps.clock, extractor.topics, state.positions);
      this.#lags = lags;
      while (!signal.aborted) {
        if (await this.#isChanged(rule, owner, outbox)) return;
        await outbox.room(pendingMax);
        const batch = await reader.take(owner.isSweeping ? 0 : idleMs);
        lags.read(batch);
        await owner.take(batch);
        lags.committed(batch);
        this.#committed(batch, turn);
        await owner.settle();
        await owner.sweep();
        await outbox.settle(owner.version);
      }
    } finally {
      this.#outbox = undefined;
      this.#owner = undefined;
      this.#reader = undefined;
      ended.abort();
      await outbox.done;
    }
  }

  /**
   * Makes a requested change. It waits for the ids that an earlier one has not reached yet; then the
   * rule reads nothing more until all its acks are in the log.
   */
  async #isChanged(rule: AckRule, owner: Owner, outbox: Outbox): Promise<boolean> {
    const latest = this.#options.latest?.() ?? rule;
    if (latest.revision > rule.revision) return true;
    if (latest.change === undefined || latest.revision < rule.revision) return false;
    if (owner.isSettling) return false;
    await outbox.room(0);
    await outbox.settle(owner.version, true);
    return (await this.#options.store.applyChange(rule.number)) === "applied";
  }

  #committed({ records }: TopicsBatch, turn: Turn): void {
    if (records.length === 0) return;
    turn.progressed();
    this.#records += records.length;
  }

  #noteSkip(topic: string, from: Position, to: Position): void {
    const { logger, rule } = this.#options;
    const skip = describeSkip(from, to);
    this.#skipped += skip.entries ?? 0;
    logger("error", "ack rule skips records that the log no longer has", {
      rule: rule.name,
      topic,
      ...skip,
    });
  }
}
