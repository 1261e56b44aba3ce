/** One read: from the database as far as it goes, then from the node's tail. */
import type { LogBatch, ReadOptions, StoredFrame } from "../../core/log.ts";
import { comparePositions, epochStart, type Position } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";
import { checkPosition, topicNotFound } from "../answers.ts";
import type { Database } from "./database.ts";
import { fetchSpan, type Fetched } from "./fetch.ts";
import type { EncodedRecords } from "./encoded-records.ts";
import type { BufferedTo, Tail, ReadResult } from "./live-buffer.ts";
import type { Tails } from "./live-buffers.ts";
import type { TopicIncarnation, Topics } from "./topics.ts";

export interface ReadContext {
  readonly database: Database;
  readonly topics: Topics;
  readonly tails: Tails;
}

/** Ends without failure when `signal` aborts, whatever it waits for. */
export async function* readTopic(
  context: ReadContext,
  topic: string,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<LogBatch> {
  const { tails } = context;
  const { key } = options;
  const opened = await unlessAborted(open(context, topic, options), signal);
  if (opened === undefined) return;
  const { life } = opened;
  const { until } = opened;
  let at = opened.fetched.through;
  let isAtEnd = at >= opened.fetched.bounds.end.sequence;
  yield* batchOf(life, opened.fetched, opened.after);
  let given = at;

  let tail: Tail | undefined;
  try {
    while (!signal.aborted && at < until) {
      if (tail?.isOver) {
        tails.unfollow(tail);
        tail = undefined;
      }
      // Followed before the fetch that finds the end, so that no record falls between the two.
      if (isAtEnd) tail ??= tails.follow(life);
      let taken: ReadResult = tail?.take(at, key) ?? "behind";
      if (taken === "behind") {
        const fetched = await unlessAborted(fetchOn(context, topic, life, at, options), signal);
        if (fetched === undefined) return;
        const end = fetched.bounds.end.sequence;
        isAtEnd = fetched.through >= end;
        if (tail !== undefined && isAtEnd) tails.join(tail, end);
        taken = fetched;
      } else if (taken === "at the end") {
        if (at === given && tail !== undefined) {
          at = await tail.wait(at, key, signal);
          continue;
        }
        // The topic went on without a record of the key.
        taken = { records: [], through: at };
      }
      const within = taken.through > until ? clipped(taken, until) : taken;
      yield* batchOf(life, within, given);
      at = given = within.through;
    }
  } finally {
    if (tail !== undefined) tails.unfollow(tail);
  }
}

interface Opened {
  readonly life: TopicIncarnation;
  /** The sequence that the first fetch read after. */
  readonly after: number;
  readonly until: number;
  readonly fetched: Fetched;
}

/** The first fetch, which also finds out whether the topic stands and the position is readable. */
async function open(context: ReadContext, topic: string, options: ReadOptions): Promise<Opened> {
  const { database, topics } = context;
  const { after, key } = options;
  for (;;) {
    const life = await topics.life(topic);
    const until = untilSequence(options, life);
    const from = after === "earliest" ? undefined : after.sequence;
    const span = { after: from, until: Number.isFinite(until) ? until : undefined, key };
    const fetched = await fetchSpan(database, life, span);
    if (fetched === undefined) {
      topics.forget(topic, life);
      continue;
    }
    if (after !== "earliest") checkPosition(topic, after, fetched.bounds);
    return { life, until, fetched, after: from ?? fetched.bounds.start.sequence };
  }
}

/** A later fetch of the same read; the life may have ended and records been dropped since. */
async function fetchOn(
  { database, topics }: ReadContext,
  topic: string,
  life: TopicIncarnation,
  at: number,
  options: ReadOptions,
): Promise<Fetched> {
  const until = untilSequence(options, life);
  const after: Position = { epoch: life.epoch, sequence: at, index: 0 };
  const span = { after: at, until: Number.isFinite(until) ? until : undefined, key: options.key };
  const fetched = await fetchSpan(database, life, span);
  if (fetched === undefined) {
    topics.forget(topic, life);
    // Throws `not_found`, or `position_gone` with the start of the next life.
    checkPosition(topic, after, await topics.bounds(topic));
    throw topicNotFound(topic);
  }
  checkPosition(topic, after, fetched.bounds);
  return fetched;
}

/** Where the read ends, as a sequence of this life. */
function untilSequence({ until }: ReadOptions, life: TopicIncarnation): number {
  if (until === undefined || until.epoch > life.epoch) return Infinity;
  return comparePositions(until, epochStart(life.epoch)) <= 0 ? 0 : until.sequence;
}

function clipped(taken: BufferedTo, until: number): BufferedTo {
  const records = taken.records.filter(({ position }) => position.sequence <= until);
  return { records, through: until };
}

/** The batch, if the reader gets or moves anywhere by it. */
function* batchOf(life: TopicIncarnation, taken: BufferedTo, before: number): Generator<LogBatch> {
  if (taken.through > before) yield new TakenBatch(life, taken);
}

/** Decoded by whoever asks for its records. */
class TakenBatch implements LogBatch {
  readonly through: Position;
  readonly #taken: EncodedRecords;
  #records: readonly StoredRecord[] | undefined;

  constructor({ epoch }: TopicIncarnation, taken: BufferedTo) {
    this.through = { epoch, sequence: taken.through, index: 0 };
    this.#taken = taken;
  }

  get records(): readonly StoredRecord[] {
    return (this.#records ??= this.#taken.records);
  }

  get frames(): readonly StoredFrame[] | undefined {
    return this.#taken.frames;
  }
}

/** The answer, or undefined as soon as the signal aborts: a reader that goes waits for no database. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = () => resolve(undefined);
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted);
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}
