/**
 * The log port: what keeps topics. Drivers live in `src/log/`; the same contract suite
 * (`test/contract/log.ts`) runs against each of them with its real broker.
 *
 * Failures that every driver throws: `not_found` (no such topic), `position_gone` (trimmed, of an
 * earlier epoch, or past the end; `position` tells where reading can start), `unavailable` (the
 * broker is away; nothing is known of what was in flight), `too_large`, `invalid` (an append of no
 * records), `shutting_down` (after `close`).
 */
import type { Batch } from "./batch.ts";
import type { Position } from "./position.ts";
import type { LogRecord, StoredRecord } from "./record.ts";
import type { TopicSettings } from "./topic.ts";

export interface Log {
  readonly driver: "memory" | "postgres" | "jetstream" | "kafka";

  /**
   * Makes the records durable, in their order, and tells where they are. Resolves after the
   * broker has them. Concurrent calls may be committed together, but never interleave the records
   * of a call out of order.
   */
  append(
    topic: string,
    records: Batch | readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended>;

  /**
   * Reads on from a position, in order, without gap or duplicate, and waits at the end unless
   * `until` is given. Ends with a failure when that cannot be kept: the caller starts again from
   * the last `through`. Returns (without failure) when `signal` aborts.
   */
  read(topic: string, options: ReadOptions): AsyncIterable<LogBatch>;

  bounds(topic: string): Promise<Bounds>;

  /** Flushes what was taken, then lets go of the broker. Reads end. */
  close(): Promise<void>;
}

/** Making and listing topics: separate, since readers and writers need none of it. */
export interface TopicAdmin {
  /** Makes the topic; idempotent. `conflict` when it stands with other settings. */
  create(topic: string, settings: TopicSettings): Promise<TopicInfo>;
  describe(topic: string): Promise<TopicInfo | undefined>;
  /** By name. */
  list(): Promise<readonly TopicInfo[]>;
  /** Drops the topic and its records; its live readers end with `not_found` or `position_gone`. */
  remove(topic: string): Promise<void>;
}

/** What a driver module's factory gives. */
export type LogDriver = Log & TopicAdmin;

export interface AppendOptions {
  /** A second append of the same id, within the driver's window, stores nothing and answers as the first. */
  readonly dedupId?: string;
  /**
   * The records are an idempotent producer's: those that the log has of it already are not stored
   * again. Throws `conflict` when its epoch is lower than one seen before, or when sequences are
   * missing between the last stored and these.
   */
  readonly producer?: ProducerRun;
}

/** Successive records of one producer; restarts that forget their sequence raise the epoch. */
export interface ProducerRun {
  readonly id: string;
  readonly epoch: number;
  /** Of the run's first record, before refusals: what follows the one stored last. */
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
  /** Ends once everything up to and including this position was given. */
  readonly until?: Position;
  readonly signal?: AbortSignal;
}

export interface LogBatch {
  /**
   * In order; empty when only the reader moved (nothing of its key up to `through`). May be decoded
   * when it is first asked for.
   */
  readonly records: readonly StoredRecord[];
  /** Everything up to here has been given: the position to go on after. */
  readonly through: Position;
  /** The same undecoded, where the log has it as Frames that are wholly in this batch. */
  readonly frames?: readonly StoredFrame[] | undefined;
}

/** A `sluice.v1.Frame` as it lies in the log; whoever wrote it, so it may be malformed. */
export interface StoredFrame {
  readonly bytes: Uint8Array;
  readonly receivedNs: bigint;
  /** Of its last record. */
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
