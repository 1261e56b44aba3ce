/** The driver's settings: each with its default, its limit and the reason for both. */
import { Failure } from "../../core/failure.ts";

export interface PostgresLogTuning {
  /** What one append may hold, encoded. */
  readonly appendBytesMax: number;
  /** What may wait for the next commit of one topic. */
  readonly topicQueueBytesMax: number;
  /** What may wait for commits of all topics of this node. */
  readonly nodeQueueBytesMax: number;
  /** How often this node looks for records to drop. */
  readonly sweepMs: number;
  /** How long a dedup id is known at least. */
  readonly dedupMs: number;
}

const MiB = 1024 ** 2;

const limits: { readonly [name in keyof PostgresLogTuning]: readonly [number, number, number] } = {
  // default, least, most.
  // A query's text is twice its bytes, and PostgreSQL takes 1 GiB of it.
  appendBytesMax: [16 * MiB, 1_024, 256 * MiB],
  // Some seconds of commits: a queue that long is better refused than lengthened.
  topicQueueBytesMax: [32 * MiB, 1_024, 1_024 * MiB],
  nodeQueueBytesMax: [64 * MiB, 1_024, 4_096 * MiB],
  // A retention of a second makes no sense; one of a minute shall not keep two.
  sweepMs: [10_000, 100, 3_600_000],
  // As long as JetStream's default, so that a producer's retries fare alike on both.
  dedupMs: [120_000, 1_000, 86_400_000],
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
  };
}

/** Past this PostgreSQL ends a statement by itself: one that nobody waits for any more holds a connection. */
const statementTimeoutMs = 10_000;

/**
 * For the postgres.js instance that the log is given: one of its own, so that an append never
 * waits behind a slow query of the store. The defaults of postgres.js wait 30 s for a connection,
 * and up to 20 s between two attempts: a database that is back would be away for as long again.
 */
export const connectionOptions = {
  connect_timeout: 5,
  backoff: (attempts: number) => Math.min(0.05 * 2 ** attempts, 1),
  keep_alive: 10,
  // Asking for the array types is a query of postgres.js' own that nobody awaits: a server that
  // goes away during it would end this process. Arrays are passed as literals.
  fetch_types: false,
  connection: {
    application_name: "sluice log",
    statement_timeout: statementTimeoutMs,
    // Every query of the log goes along an index and stops at a LIMIT. Before a young table has
    // been analysed the planner would rather collect and sort all that lies behind a position.
    enable_bitmapscan: "off",
    enable_seqscan: "off",
  },
} as const;
