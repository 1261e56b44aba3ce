/**
 * Runs one rule where this node owns it: reads all its topics, commits what was seen with where it
 * was seen, and appends what follows. It ends only when told to, or when the rule is gone; whatever
 * goes wrong is retried from what was committed, counted and said.
 */
import type { AckLedgerStore, AckRule, AckState } from "./rule.ts";
import { sleep, type Clock } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import { renderPosition, type Position } from "../../core/position.ts";
import type { Ownership } from "../../core/projection.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { TopicSettings } from "../../core/topic.ts";
import { AckOutbox } from "./outbox.ts";
import { AckOwner } from "./owner.ts";
import { createSighter } from "./id-extractor.ts";
import { TopicsReader, type ReaderLimits, type TopicsBatch } from "./topics-reader.ts";

export interface AckRunnerOptions {
  readonly rule: AckRule;
  readonly log: LogDriver;
  readonly store: AckLedgerStore;
  readonly decoder: RecordDecoder;
  readonly ownership: Ownership;
  /** What the output topics are made with, their layout aside. */
  readonly newTopics: TopicSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends it: what is being committed is still finished. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<ReaderLimits>;
}

export interface AckRunnerStatus {
  readonly rule: string;
  readonly owned: boolean;
  /** Records that this node has committed. */
  readonly records: number;
  /** How old the newest committed record was when it was committed. */
  readonly lagMs: number;
  /** Committed, and not in the log yet. */
  readonly pending: number;
  readonly failures: number;
  readonly lastFailure: string | undefined;
  /** Log entries that were gone before they were read. */
  readonly skipped: number;
}

export interface AckRunner {
  status(): AckRunnerStatus;
  /** Resolves, never rejects, once it has ended. */
  readonly done: Promise<void>;
}

const retryMs = { first: 100, most: 5000 };
/** How often an owner that has nothing to read looks whether anything is due. */
const idleMs = 125;
/** Past this the rule waits for the log: what is announced is in memory until it is appended. */
const pendingMax = 10_000;

export function runAckRule(options: AckRunnerOptions): AckRunner {
  const { rule, store, ownership, clock, logger, signal } = options;
  const status = {
    owned: false,
    records: 0,
    lagMs: 0,
    failures: 0,
    lastFailure: undefined as string | undefined,
    skipped: 0,
  };
  let outbox: AckOutbox | undefined;

  async function own(): Promise<void> {
    let removed = false;
    while (!signal.aborted && !removed) {
      const owned = await ownership.acquire(`ack-rule/${rule.life}`, signal).catch(noted);
      if (owned === undefined) {
        await sleep(clock, retryMs.first, signal);
        continue;
      }
      status.owned = true;
      logger("info", "ack rule owned by this node", { rule: rule.name });
      try {
        removed = await keepWorking(AbortSignal.any([signal, owned.lost]));
      } finally {
        status.owned = false;
        await owned.release().catch(noted);
      }
    }
  }

  /** Until `stop`, or a conflict: another owner went on. True when the rule is gone. */
  async function keepWorking(stop: AbortSignal): Promise<boolean> {
    let waitMs = retryMs.first;
    while (!stop.aborted) {
      const before = status.records;
      try {
        const state = await store.open(rule.number);
        if (state === undefined) return true;
        await work(state, stop);
      } catch (error) {
        const { code } = failureFrom(error);
        if (code === "cancelled" && stop.aborted) return false;
        noted(error);
        if (code === "conflict") return false;
        if (status.records > before) waitMs = retryMs.first;
        await sleep(clock, waitMs, stop);
        waitMs = Math.min(waitMs * 2, retryMs.most);
      }
    }
    return false;
  }

  async function work(state: AckState, stop: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const within = AbortSignal.any([stop, ended.signal]);
    const sighter = createSighter(rule, options.decoder);
    const opened = await AckOutbox.open({ ...options, signal: within, onFailure: noted }, state);
    outbox = opened;
    try {
      const owner = new AckOwner({ ...options, sighter, outbox: opened }, state);
      const reader = new TopicsReader({
        ...options,
        topics: sighter.topics,
        positions: state.positions,
        signal: within,
        onFailure: (_topic, failure) => noted(failure),
        onSkip: skipped,
      });
      while (!within.aborted) {
        await opened.room(pendingMax);
        const batch = await reader.take(owner.isSweeping ? 0 : idleMs);
        await owner.take(batch);
        committed(batch);
        await owner.sweep();
        await opened.settle(owner.version);
      }
    } finally {
      outbox = undefined;
      ended.abort();
      await opened.done;
    }
  }

  function committed({ records }: TopicsBatch): void {
    const last = records.at(-1);
    if (last === undefined) return;
    status.records += records.length;
    status.lagMs = Math.max(0, clock.nowMs() - Number(last.stored.receivedNs / 1_000_000n));
  }

  function skipped(topic: string, from: Position, to: Position): void {
    const sameLife = from.epoch === to.epoch;
    const entries = sameLife ? Math.max(0, to.sequence - from.sequence) : 0;
    status.skipped += entries;
    logger("error", "ack rule skips records that the log no longer has", {
      rule: rule.name,
      topic,
      from: renderPosition(from),
      to: renderPosition(to),
      entries: sameLife ? entries : undefined,
      reason: sameLife ? "trimmed" : "the topic was made anew",
    });
  }

  function noted(error: unknown): undefined {
    const failure = failureFrom(error);
    if (failure.code === "cancelled" && signal.aborted) return;
    status.failures++;
    status.lastFailure = failure.message;
    logger(failure.code === "internal" ? "error" : "warn", "ack rule failed, trying again", {
      rule: rule.name,
      code: failure.code,
      reason: failure.message,
      cause: failure.cause instanceof Error ? failure.cause.message.slice(0, 300) : undefined,
    });
  }

  return {
    done: own(),
    status: () => ({ rule: rule.name, ...status, pending: outbox?.pending ?? 0 }),
  };
}
