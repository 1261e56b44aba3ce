/** One read: from the database up to its end, then from the node's live buffer. */

import type { LogBatch, ReadOptions, StoredFrame } from "../../core/log.ts";
import { comparePositions, epochStart, type Position } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";
import { checkPosition, topicNotFound } from "../answers.ts";
import type { Database } from "./database.ts";
import type { EncodedRecords } from "./encoded-records.ts";
import { type Fetched, fetchSpan } from "./fetch.ts";
import type { BufferedTo, LiveBuffer, ReadResult } from "./live-buffer.ts";
import type { LiveBuffers } from "./live-buffers.ts";
import type { TopicIncarnation, Topics } from "./topics.ts";

export interface ReadContext {
  readonly database: Database;
  readonly topics: Topics;
  readonly buffers: LiveBuffers;
}

/** Ends without a failure when `signal` aborts, whatever it is waiting for. */
export async function* readTopic(
  context: ReadContext,
  topic: string,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  const { buffers } = context;
  const { key, turn } = options;
  const opened = await unlessAborted(open(context, topic, options), signal);
  if (opened === undefined) return;
  const { incarnation } = opened;
  const { until } = opened;
  let at = opened.fetched.through;
  let isAtEnd = at >= opened.fetched.bounds.end.sequence;
  if (turn !== undefined) await opened.fetched.decode(turn);
  yield* batchOf(incarnation, opened.fetched, opened.after);
  let given = at;

  let buffer: LiveBuffer | undefined;
  try {
    while (!signal.aborted && at < until) {
      if (buffer?.isEnded) {
        buffers.unfollow(buffer);
        buffer = undefined;
      }
      // Followed before the fetch that finds the end, so that no record is missed between the two.
      if (isAtEnd) buffer ??= buffers.follow(incarnation);
      let result: ReadResult = buffer?.take(at, key) ?? "behind";
      if (result === "behind") {
        const fetched = await unlessAborted(
          fetchOn(context, topic, incarnation, at, options),
          signal,
        );
        if (fetched === undefined) return;
        if (turn !== undefined) await fetched.decode(turn);
        const end = fetched.bounds.end.sequence;
        isAtEnd = fetched.through >= end;
        if (buffer !== undefined && isAtEnd) buffers.join(buffer, end);
        result = fetched;
      } else if (result === "at the end") {
        if (at === given && buffer !== undefined) {
          at = await buffer.wait(at, key, signal);
          continue;
        }
        // The topic has grown without a record of the key.
        result = { records: [], through: at };
      }
      const within = result.through > until ? clipped(result, until) : result;
      yield* batchOf(incarnation, within, given);
      at = given = within.through;
    }
  } finally {
    if (buffer !== undefined) buffers.unfollow(buffer);
  }
}

interface Opened {
  readonly incarnation: TopicIncarnation;
  /** The sequence after which the first fetch read. */
  readonly after: number;
  readonly until: number;
  readonly fetched: Fetched;
}

/** The first fetch, which also checks that the topic exists and the position is readable. */
async function open(context: ReadContext, topic: string, options: ReadOptions): Promise<Opened> {
  const { database, topics } = context;
  const { after, key } = options;
  for (;;) {
    const incarnation = await topics.incarnation(topic);
    const until = untilSequence(options, incarnation);
    const from = after === "earliest" ? undefined : after.sequence;
    const span = { after: from, until: Number.isFinite(until) ? until : undefined, key };
    const fetched = await fetchSpan(database, incarnation, span);
    if (fetched === undefined) {
      topics.forget(topic, incarnation);
      continue;
    }
    if (after !== "earliest") checkPosition(topic, after, fetched.bounds);
    return { incarnation, until, fetched, after: from ?? fetched.bounds.start.sequence };
  }
}

/** A later fetch of the same read; meanwhile the topic may have been removed, or records dropped. */
async function fetchOn(
  { database, topics }: ReadContext,
  topic: string,
  incarnation: TopicIncarnation,
  at: number,
  options: ReadOptions,
): Promise<Fetched> {
  const until = untilSequence(options, incarnation);
  const after: Position = { epoch: incarnation.epoch, sequence: at, index: 0 };
  const span = { after: at, until: Number.isFinite(until) ? until : undefined, key: options.key };
  const fetched = await fetchSpan(database, incarnation, span);
  if (fetched === undefined) {
    topics.forget(topic, incarnation);
    // Throws `not_found`, or `position_gone` with the start of the next incarnation.
    checkPosition(topic, after, await topics.bounds(topic));
    throw topicNotFound(topic);
  }
  checkPosition(topic, after, fetched.bounds);
  return fetched;
}

/** Where the read ends, as a sequence of this incarnation. */
function untilSequence({ until }: ReadOptions, incarnation: TopicIncarnation): number {
  if (until === undefined || until.epoch > incarnation.epoch) return Infinity;
  return comparePositions(until, epochStart(incarnation.epoch)) <= 0 ? 0 : until.sequence;
}

function clipped(result: BufferedTo, until: number): BufferedTo {
  const records = result.records.filter(({ position }) => position.sequence <= until);
  return { records, through: until };
}

/** The batch, if it moves the reader. */
function* batchOf(
  incarnation: TopicIncarnation,
  result: BufferedTo,
  before: number,
): Generator<LogBatch> {
  if (result.through > before) yield new ReadBatch(incarnation, result);
}

/** Decoded when its records are first used. */
class ReadBatch implements LogBatch {
  readonly through: Position;
  readonly #encoded: EncodedRecords;
  #records: readonly StoredRecord[] | undefined;

  constructor({ epoch }: TopicIncarnation, result: BufferedTo) {
    this.through = { epoch, sequence: result.through, index: 0 };
    this.#encoded = result;
  }

  get records(): readonly StoredRecord[] {
    return (this.#records ??= this.#encoded.records);
  }

  get frames(): readonly StoredFrame[] | undefined {
    return this.#encoded.frames;
  }
}

/** The answer, or undefined as soon as the signal aborts: a reader that ends must not wait for the database. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = () => resolve(undefined);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted);
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
