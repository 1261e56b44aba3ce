/**
 * The announcements that a rule has committed and the log may not have yet. They are appended as
 * soon as they are committed, and dropped from the store a little later, many at once. In between,
 * another owner may append them again.
 */

import type { Clock } from "../../core/clock.ts";
import type { Failure } from "../../core/failure.ts";
import type { Histogram } from "../../core/metrics/histogram.ts";
import type { AppendOwn } from "../../ingest/ingest.ts";
import { Appender } from "./appender.ts";
import { Delays } from "./delays.ts";
import type { AckLedgerStore, AckRule, AckState, Announcement } from "./rule.ts";

export interface OutboxOptions {
  readonly rule: AckRule;
  readonly store: AckLedgerStore;
  readonly append: AppendOwn;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onFailure: (failure: Failure) => void;
  /** Delays of the acks that this node appended. */
  readonly ackSeconds?: Histogram;
}

/** Rare enough that these transactions cost little beside the rule's commits. */
const settleEveryMs = 200;
const pageMax = 1000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #acks: Appender;
  readonly #notices: Appender;
  readonly #delays: Delays;
  #epoch: number;
  #settled = { acks: 0, notices: 0, atMs: 0 };

  /** Begins with the announcements that the former owner may have left. */
  static async open(options: OutboxOptions, state: AckState): Promise<Outbox> {
    const [acks, notices] = await Promise.all([
      unsent(options, "acks"),
      unsent(options, "notices"),
    ]);
    const outbox = new Outbox(options, state);
    outbox.push(acks, notices);
    return outbox;
  }

  private constructor(options: OutboxOptions, { epoch, delays }: AckState) {
    this.#options = options;
    this.#epoch = epoch;
    this.#delays = new Delays(delays);
    this.#acks = this.#appender("acks");
    this.#notices = this.#appender("notices");
  }

  /** Resolves, never rejects, once the signal has ended it. */
  get done(): Promise<unknown> {
    return Promise.all([this.#acks.done, this.#notices.done]);
  }

  get pending(): number {
    return this.#acks.pending + this.#notices.pending;
  }

  push(acks: readonly Announcement[], notices: readonly Announcement[]): void {
    this.#acks.push(acks);
    this.#notices.push(notices);
  }

  /** Waits until at most `pendingMax` of each kind are pending. */
  async room(pendingMax: number): Promise<void> {
    await Promise.all([this.#acks.room(pendingMax), this.#notices.room(pendingMax)]);
  }

  /**
   * Drops appended announcements from time to time, or at once. `version` is the rule's. Throws
   * `conflict`.
   */
  async settle(version: number, isUrgent = false): Promise<void> {
    const { rule, store, clock } = this.#options;
    const nowMs = clock.nowMs();
    const [acks, notices] = [this.#acks.sent, this.#notices.sent];
    if (acks === this.#settled.acks && notices === this.#settled.notices) return;
    if (!isUrgent && nowMs - this.#settled.atMs < settleEveryMs) return;
    const delays = this.#delays.counts();
    await store.sent({ rule: rule.number, version, acks, notices, delays });
    this.#settled = { acks, notices, atMs: nowMs };
  }

  #appender(of: "acks" | "notices"): Appender {
    const { rule, store, ackSeconds } = this.#options;
    return new Appender({
      ...this.#options,
      of,
      epoch: {
        current: () => this.#epoch,
        raise: async (from) => {
          if (this.#epoch === from) this.#epoch = await store.raiseEpoch(rule.number, from);
        },
      },
      onAck: (delayMs) => {
        this.#delays.add(delayMs);
        ackSeconds?.observe(delayMs / 1000);
      },
    });
  }
}

async function unsent(
  { rule, store }: OutboxOptions,
  of: "acks" | "notices",
): Promise<readonly Announcement[]> {
  const all: Announcement[] = [];
  for (;;) {
    const page = await store.outbox(rule.number, of, all.at(-1)?.n ?? 0, pageMax);
    all.push(...page);
    if (page.length < pageMax) return all;
  }
}
