/** The driver's settings: each with its default, its limit and the reason for both. */

import { Failure } from "../../core/failure.ts";

export interface PostgresLogTuning {
  /** Size of one append, encoded. */
  readonly appendBytesMax: number;
  /** Size of what may be queued for the next commit of one topic. */
  readonly topicQueueBytesMax: number;
  /** Size of what may be queued for commits of all topics of this node. */
  readonly nodeQueueBytesMax: number;
  /** How often this node looks for records to drop. */
  readonly sweepMs: number;
  /** How long a dedup id is remembered at least. */
  readonly dedupMs: number;
  /** Number of idempotent producers that are remembered. */
  readonly producersMax: number;
}

const MiB = 1024 ** 2;

const limits: { readonly [name in keyof PostgresLogTuning]: readonly [number, number, number] } = {
  // Default, least, most.
  // It is copied a few times on its way, and PostgreSQL accepts messages of 1 GiB.
  appendBytesMax: [16 * MiB, 1_024, 256 * MiB],
  // Some seconds of commits: beyond that it is better to refuse than to queue.
  topicQueueBytesMax: [32 * MiB, 1_024, 1_024 * MiB],
  nodeQueueBytesMax: [64 * MiB, 1_024, 4_096 * MiB],
  // A retention of a second makes no sense; one of a minute must not keep two.
  sweepMs: [10_000, 100, 3_600_000],
  // JetStream's default, so that a producer's retries work alike on both.
  dedupMs: [120_000, 1_000, 86_400_000],
  // Some 150 bytes each. One that is forgotten may store its last records again when it retries them.
  producersMax: [1_000_000, 10, 100_000_000],
};

export function completeOptions(given: Partial<PostgresLogTuning>): PostgresLogTuning {
  const complete = (name: keyof PostgresLogTuning): number => {
    const [standard, least, most] = limits[name];
    const value = given[name] ?? standard;
    if (value >= least && value <= most) return value;
    const message = `Cannot use ${name} ${value} for the PostgreSQL log: expected ${least} to ${most}`;
    throw new Failure("invalid", message);
  };
  return {
    appendBytesMax: complete("appendBytesMax"),
    topicQueueBytesMax: complete("topicQueueBytesMax"),
    nodeQueueBytesMax: complete("nodeQueueBytesMax"),
    sweepMs: complete("sweepMs"),
    dedupMs: complete("dedupMs"),
    producersMax: complete("producersMax"),
  };
}
