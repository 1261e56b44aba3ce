/**
 * One owner's work on a rule: what has been read becomes a commit, what is due becomes one, and
 * each moves the rule's version. Nobody else changes it, so the owner knows how the store stands.
 */
import {
  type AckCommit,
  type AckLedgerStore,
  type AckRule,
  type AckState,
  type Announcement,
  placeNames,
} from "./rule.ts";
import type { Clock } from "../../core/clock.ts";

import type { Log } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import { type AckOutcome, type AckTerms, expire, see } from "./ids.ts";
import type { AckOutbox } from "./outbox.ts";
import type { IdExtractor } from "./id-extractor.ts";
import type { TopicsBatch } from "./topics-reader.ts";

/** An id is found overdue within this and one sweep's time. */
const sweepEveryMs = 500;
/** A chunk takes some 10 ms, which is what it may add to an ack's delay. */
const sweepIdsMax = 500;

export interface AckOwnerParts {
  readonly rule: AckRule;
  readonly log: Pick<Log, "bounds">;
  readonly store: AckLedgerStore;
  readonly sighter: IdExtractor;
  readonly outbox: AckOutbox;
  readonly clock: Clock;
}

export class AckOwner {
  readonly #parts: AckOwnerParts;
  readonly #terms: AckTerms;
  readonly #positions: Map<string, Position>;
  /** Of each topic when the newest record that was committed had come. */
  readonly #seenMs = new Map<string, number>();
  #state: AckState;
  #sweepAtMs = 0;

  constructor(parts: AckOwnerParts, state: AckState) {
    const { rule } = parts;
    this.#parts = parts;
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

  /** More is due than the last sweep took. */
  get isSweeping(): boolean {
    return this.#sweepAtMs === 0;
  }

  /** Commits what was read. Throws `conflict` when another owner went on, as all of it does. */
  async take({ records, through }: TopicsBatch): Promise<void> {
    if (through.size === 0) return;
    const { rule, store, sighter } = this.#parts;
    const { sightings, withoutId } = await sighter.sight(records);
    const ids = [...new Set(sightings.map(({ id }) => id))];
    const found = ids.length === 0 ? [] : await store.find(rule.number, ids);
    const known = new Map(found.map((one) => [one.id, one]));
    const counts = this.#state.counts;
    const counted = { ...counts, withoutId: counts.withoutId + withoutId };
    await this.#commit(see(this.#terms, counted, known, sightings), through);
    for (const [topic, position] of through) this.#positions.set(topic, position);
    for (const { topic, stored } of records) {
      this.#seenMs.set(topic, Number(stored.receivedNs / 1_000_000n));
    }
  }

  /** Now and then, looks for what is due. */
  async sweep(): Promise<void> {
    const { rule, store, clock } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs < this.#sweepAtMs) return;
    this.#sweepAtMs = nowMs + sweepEveryMs;
    const due = await store.due(rule.number, nowMs, sweepIdsMax);
    if (due.length === 0) return;
    const horizonMs = await this.#horizonMs(nowMs);
    const reached = due.filter(({ nextMs }) => nextMs <= horizonMs);
    if (reached.length === 0) return;
    await this.#commit(expire(this.#terms, this.#state.counts, reached), new Map());
    if (reached.length === sweepIdsMax) this.#sweepAtMs = 0;
  }

  /**
   * Up to when all that the topics hold has been seen. After an outage the ids of the first topic
   * must not be called overdue while those of the second are still to be read.
   */
  async #horizonMs(nowMs: number): Promise<number> {
    const read = await Promise.all(
      this.#parts.sighter.topics.map(async (topic) => {
        const isRead = await this.#isRead(topic);
        return isRead ? nowMs : (this.#seenMs.get(topic) ?? 0);
      }),
    );
    return Math.min(nowMs, ...read);
  }

  async #isRead(topic: string): Promise<boolean> {
    const bounds = await boundsIfExists(this.#parts.log, topic);
    if (bounds === undefined || comparePositions(bounds.start, bounds.end) === 0) return true;
    const position = this.#positions.get(topic);
    return position !== undefined && comparePositions(position, bounds.end) >= 0;
  }

  async #commit(outcome: AckOutcome, through: ReadonlyMap<string, Position>): Promise<void> {
    const state = this.#state;
    const acks = numbered(outcome.acks, state.acks);
    const notices = numbered(outcome.notices, state.notices);
    const commit: AckCommit = {
      rule: this.#parts.rule.number,
      version: state.version,
      positions: through,
      written: outcome.written,
      dropped: outcome.dropped,
      announced: [...acks, ...notices],
      acks: state.acks + acks.length,
      notices: state.notices + notices.length,
      counts: outcome.counts,
    };
    await this.#parts.store.commit(commit);
    this.#state = { ...state, ...commit, version: state.version + 1, positions: state.positions };
    this.#parts.outbox.push(acks, notices);
  }
}

function numbered(
  outcomes: readonly Omit<Announcement, "n">[],
  last: number,
): readonly Announcement[] {
  return outcomes.map((one, i) => ({ ...one, n: last + 1 + i }));
}
