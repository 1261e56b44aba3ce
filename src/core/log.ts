/**
 * The log port, which stores topics. Drivers are in `src/log/`; the same contract suite
 * (`test/contract/log.ts`) runs against each of them with its real broker.
 *
 * Failures that every driver throws: `not_found` (no such topic), `position_gone` (trimmed, of an
 * earlier epoch, or past the end; its `position` is where reading can start), `unavailable` (the
 * broker does not answer; appends that were in flight may be stored or not), `too_large`, `invalid`
 * (an append without records), `shutting_down` (after `close`).
 */

import type { Batch } from "./batch.ts";
import type { Turn } from "./budget/turn.ts";
import type { Position } from "./position.ts";
import type { LogRecord, StoredRecord } from "./record.ts";
import type { TopicChange, TopicSettings } from "./topic.ts";

export interface Log {
  readonly driver: "memory" | "postgres" | "jetstream" | "kafka";

  /**
   * Makes the records durable, in their order, and returns their positions. Resolves once the broker
   * has stored them. Concurrent calls may be committed together; each call's records keep their
   * order.
   */
  append(
    topic: string,
    records: Batch | readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended>;

  /**
   * Reads from a position on, in order, without a gap or duplicate, and waits at the end unless
   * `until` is given. Ends with a failure when it cannot: the caller resumes after the last
   * `through`. Returns (without failure) when `signal` aborts.
   */
  read(topic: string, options: ReadOptions): AsyncIterable<LogBatch>;

  bounds(topic: string): Promise<Bounds>;

  /**
   * The position after which the records lie that were received at this time or later; the end where
   * there are none yet. Where the clocks of several nodes differ, records near it may lie on the other
   * side, by that difference.
   */
  positionAt(topic: string, receivedNs: bigint): Promise<Position>;

  /** Flushes what was taken, then disconnects from the broker. Reads end. */
  close(): Promise<void>;
}

/** Administration of topics: separate, because readers and writers do not need it. */
export interface TopicAdmin {
  /** Creates the topic; idempotent. Throws `conflict`, naming the members, when it exists with other settings. */
  create(topic: string, settings: TopicSettings): Promise<TopicInfo>;
  describe(topic: string): Promise<TopicInfo | undefined>;
  /** By name, in the order of its bytes. */
  list(page?: TopicPage): Promise<readonly TopicInfo[]>;
  /** Number of topics. */
  count(): Promise<number>;
  /**
   * Changes what a topic keeps and demands; returns it as it is then. What is past the retention is
   * dropped soon. The log does not check records: it keeps the schema rule for those who do.
   */
  change(topic: string, change: TopicChange): Promise<TopicInfo>;
  /** Resolves when the broker answers, whatever the number of topics. Throws `unavailable`. */
  ping(): Promise<void>;
  /** Drops the topic and its records; its live readers end with `not_found` or `position_gone`. */
  remove(topic: string): Promise<void>;
}

/** A part of all topics; without members all of them. */
export interface TopicPage {
  /** Only topics whose names come after this one. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** What a driver's factory returns. */
export type LogDriver = Log & TopicAdmin;

export interface AppendOptions {
  /** A second append with the same id, within the driver's window, stores nothing and returns the first answer. */
  readonly dedupId?: string;
  /**
   * The records are those of an idempotent producer: those that are stored already are not stored
   * again. Throws `conflict` when its epoch is lower than an earlier one, or when sequences are missing
   * between the last stored and these.
   */
  readonly producer?: ProducerRun;
  /**
   * Its caller has no other append under way, or does not care about their order: where it is small, it
   * may be stored before larger ones that came earlier.
   */
  readonly isIndependent?: boolean;
}

/**
 * A run: successive records of one producer that are appended together. A producer that restarts and
 * forgets its sequence raises its epoch.
 */
export interface ProducerRun {
  readonly id: string;
  readonly epoch: number;
  /** Sequence of the run's first record, refused ones included: follows the one stored last. */
  readonly first: number;
  /** One for each record, rising; a refused record leaves a gap. */
  readonly sequences: readonly number[];
}

export interface Appended {
  readonly first: Position;
  readonly last: Position;
  /** Position of the i-th record of the call. */
  at(index: number): Position;
  /** True when the dedup id was known: nothing was stored by this call. */
  readonly duplicate: boolean;
}

export interface ReadOptions {
  /** The records after this position; `earliest`: from the oldest kept. */
  readonly after: Position | "earliest";
  /** Only the records of this key. */
  readonly key?: string;
  /** Ends once everything up to and including this position was returned. */
  readonly until?: Position;
  readonly signal?: AbortSignal;
  /** Records are decoded within it before they are returned; without it, when they are first read. */
  readonly turn?: Turn;
}

export interface LogBatch {
  /**
   * In order; empty when only the position moved (no record of the key up to `through`). May be
   * decoded when it is first read, so a reader of `frames` must not take it out of the batch before
   * it needs it.
   */
  readonly records: readonly StoredRecord[];
  /** Everything up to here has been returned: the position to continue after. */
  readonly through: Position;
  /** The same undecoded, where the log has it as Frames that are completely in this batch. */
  readonly frames?: readonly StoredFrame[] | undefined;
}

/** A `sluice.v1.Frame` as it is in the log. Other clients may have written it, so it may be malformed. */
export interface StoredFrame {
  readonly bytes: Uint8Array;
  readonly receivedNs: bigint;
  /** Position of its last record. */
  readonly last: Position;
}

export interface Bounds {
  readonly epoch: number;
  /** `after: start` reads from the oldest record kept. */
  readonly start: Position;
  /** The newest record; equal to `start` when the topic is empty. */
  readonly end: Position;
}

export interface TopicInfo {
  readonly name: string;
  readonly settings: TopicSettings;
  readonly bounds: Bounds;
  /** Bytes kept, as the broker counts them. */
  readonly bytes: number;
}
