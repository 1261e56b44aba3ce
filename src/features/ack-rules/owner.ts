/**
 * One owner's work on a rule: it commits the records that were read, and the deadlines that have
 * passed. Each commit raises the rule's version. Only the owner changes the rule, so it knows the
 * state of the store without reading it.
 */

import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import type { IdExtractor } from "./id-extractor.ts";
import { type AckOutcome, type AckTerms, applyDeadlines, applyOccurrences } from "./ids.ts";
import type { Outbox } from "./outbox.ts";
import type { TopicsBatch } from "./reading/topics-reader.ts";
import {
  type AckCommit,
  type AckCounts,
  type AckLedgerStore,
  type AckRule,
  type AckState,
  type Announcement,
  placeNames,
  type Settling,
} from "./rule.ts";
import { applyChange } from "./settling.ts";

/** An id becomes overdue at most this and one sweep after its deadline. */
const sweepEveryMs = 500;
/** So many take some 10 ms, which is how long a sweep may delay an ack. */
const sweepIdsMax = 500;
/** The same, of ids that follow a changed rule. */
const settleIdsMax = 500;

export interface OwnerDeps {
  readonly rule: AckRule;
  readonly log: Pick<Log, "bounds">;
  readonly store: AckLedgerStore;
  readonly extractor: IdExtractor;
  readonly outbox: Outbox;
  readonly clock: Clock;
}

export class Owner {
  readonly #deps: OwnerDeps;
  readonly #terms: AckTerms;
  readonly #positions: Map<string, Position>;
  /** By topic, when its newest committed record was received. */
  readonly #seenMs = new Map<string, number>();
  #state: AckState;
  #sweepAtMs = 0;

  constructor(deps: OwnerDeps, state: AckState) {
    const { rule } = deps;
    this.#deps = deps;
    this.#terms = {
      places: placeNames(rule).length,
      deadlineMs: rule.deadlineMs,
      keepMs: rule.keepMs,
    };
    this.#state = state;
    this.#positions = new Map(state.positions);
  }

  get version(): number {
    return this.#state.version;
  }

  /** As of its last commit. */
  get counts(): AckCounts {
    return this.#state.counts;
  }

  /** More ids are due than the last sweep took, or have to follow a change. */
  get isSweeping(): boolean {
    return this.#sweepAtMs === 0 || this.isSettling;
  }

  /** Some ids do not follow the latest change of the rule yet. */
  get isSettling(): boolean {
    return this.#state.settling !== undefined;
  }

  /** Commits the batch. Like every method, throws `conflict` when another owner has taken over. */
  async take({ records, through }: TopicsBatch): Promise<void> {
    if (through.size === 0) return;
    const { rule, store, extractor } = this.#deps;
    const { occurrences, withoutId } = await extractor.extract(records);
    const ids = [...new Set(occurrences.map(({ id }) => id))];
    const found = ids.length === 0 ? [] : await store.find(rule, ids);
    const known = new Map(found.map((one) => [one.id, one]));
    const counts = this.#state.counts;
    const counted = { ...counts, withoutId: counts.withoutId + withoutId };
    await this.#commit(applyOccurrences(this.#terms, counted, known, occurrences), through);
    for (const [topic, position] of through) this.#positions.set(topic, position);
    for (const { topic, stored } of records) {
      this.#seenMs.set(topic, Number(stored.receivedNs / 1_000_000n));
    }
  }

  /** Has some more ids follow the latest change of the rule. */
  async settle(): Promise<void> {
    const { settling, counts } = this.#state;
    if (settling === undefined) return;
    const { rule, store, clock } = this.#deps;
    const ids = await store.walk(rule, settling.after, settleIdsMax);
    const outcome = applyChange(this.#terms, counts, settling, ids, clock.nowMs());
    const last = ids.length < settleIdsMax ? undefined : ids.at(-1);
    const next = last === undefined ? "done" : { ...settling, after: last.id };
    await this.#commit(outcome, new Map(), next);
  }

  /** Commits passed deadlines, from time to time. */
  async sweep(): Promise<void> {
    const { rule, store, clock } = this.#deps;
    // An id that is complete since the change must not become overdue before it is found.
    if (this.isSettling) return;
    const nowMs = clock.nowMs();
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + sweepEveryMs;
    const due = await store.due(rule, nowMs, sweepIdsMax);
    if (due.length === 0) return;
    const horizonMs = await this.#horizonMs(nowMs);
    const reached = due.filter(({ nextMs }) => nextMs <= horizonMs);
    if (reached.length === 0) return;
    await this.#commit(applyDeadlines(this.#terms, this.#state.counts, reached), new Map());
    if (reached.length === sweepIdsMax) this.#sweepAtMs = 0;
  }

  /**
   * The time up to which all records of the topics have been applied. After an outage the ids of one
   * topic must not become overdue before the records of the others have been read.
   */
  async #horizonMs(nowMs: number): Promise<number> {
    const read = await Promise.all(
      this.#deps.extractor.topics.map(async (topic) => {
        const isRead = await this.#isRead(topic);
        return isRead ? nowMs : (this.#seenMs.get(topic) ?? 0);
      }),
    );
    return Math.min(nowMs, ...read);
  }

  async #isRead(topic: string): Promise<boolean> {
    const bounds = await boundsIfExists(this.#deps.log, topic);
    if (bounds === undefined || comparePositions(bounds.start, bounds.end) === 0) return true;
    const position = this.#positions.get(topic);
    return position !== undefined && comparePositions(position, bounds.end) >= 0;
  }

  async #commit(
    outcome: AckOutcome,
    through: ReadonlyMap<string, Position>,
    settling?: Settling | "done",
  ): Promise<void> {
    const state = this.#state;
    const acks = numbered(outcome.acks, state.acks);
    const notices = numbered(outcome.notices, state.notices);
    const commit: AckCommit = {
      rule: this.#deps.rule,
      version: state.version,
      positions: through,
      written: outcome.written,
      dropped: outcome.dropped,
      announced: [...acks, ...notices],
      acks: state.acks + acks.length,
      notices: state.notices + notices.length,
      counts: outcome.counts,
      ...(settling === undefined ? {} : { settling }),
    };
    await this.#deps.store.commit(commit);
    const { counts } = outcome;
    this.#state = {
      ...state,
      acks: commit.acks,
      notices: commit.notices,
      counts,
      version: state.version + 1,
      settling: settling === undefined ? state.settling : settlingAfter(settling),
    };
    this.#deps.outbox.push(acks, notices);
  }
}

function settlingAfter(settling: Settling | "done"): Settling | undefined {
  return settling === "done" ? undefined : settling;
}

function numbered(
  outcomes: readonly Omit<Announcement, "n">[],
  last: number,
): readonly Announcement[] {
  return outcomes.map((one, i) => ({ ...one, n: last + 1 + i }));
}
