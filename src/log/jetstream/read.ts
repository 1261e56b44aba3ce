/** Reads streams: every entry after a position in order, or the failure that says why not. */

import { sleep } from "../../core/clock.ts";
import type { Bounds, LogBatch, ReadOptions } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { checkPosition } from "../answers.ts";
import type { Connection } from "./connection.ts";
import { ConsumerRun } from "./consumer.ts";
import { DecodedEntries } from "./decoded.ts";
import { getEntries, nextOnLeader } from "./direct-get.ts";
import { entryOfPosition, type StoredEntry } from "./entry.ts";
import { failureFromJetstream, jetstreamUnavailable } from "./failures.ts";
import { ReadCursor } from "./read-cursor.ts";
import { withRetry } from "./retry.ts";
import type { Inspected, Topics } from "./topics.ts";

/**
 * Direct Get sends each entry individually, a consumer in bulk. Creating a consumer takes milliseconds
 * and, in a cluster, a vote: measured, both take the same time near a thousand entries.
 */
const replayEntriesMax = 1_000;

/** How long a replica may lag behind its leader. */
const lagMsMax = 3_000;
const lagRetryMs = 50;
/** How often a read that waits for a position checks whether the end has passed it. */
const waitMs = 500;
const idleMs = 60_000;

/**
 * A read takes one of two ways:
 *
 * 1. Replay: up to a position that the topic has passed, if few entries lie before it. By Direct Get,
 *    which needs no consumer. Any replica answers, and one may lag behind its leader. Where sequences
 *    are missing, the next entry is therefore read from the leader; a lagging answer is discarded and
 *    requested again.
 * 2. Follow: everything else, by one ordered consumer run. Where sequences are missing or the run ends,
 *    the stream's state decides: entries were deleted, they were trimmed or the topic was recreated
 *    (`position_gone`), or the read must be resumed (`unavailable`).
 */
export class Reader {
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #isBatchGet: boolean;
  readonly #decoded = new DecodedEntries();

  constructor(connection: Connection, topics: Topics, isBatchGet: boolean) {
    this.#connection = connection;
    this.#topics = topics;
    this.#isBatchGet = isBatchGet;
  }

  async *read(topic: string, options: ReadOptions, signal: AbortSignal): AsyncIterable<LogBatch> {
    if (signal.aborted) return;
    try {
      yield* this.#read(topic, options, signal);
    } catch (error) {
      // The caller has ended the read: it does not get the failure.
      if (!signal.aborted) throw error;
    }
  }

  async *#read(topic: string, options: ReadOptions, signal: AbortSignal): AsyncIterable<LogBatch> {
    const { incarnation, bounds } = await this.#inspect(topic, options.after);
    const after = options.after === "earliest" ? bounds.start : options.after;
    checkPosition(topic, after, bounds);
    const cursor = new ReadCursor(incarnation, after, options, this.#decoded.of(incarnation));
    if (cursor.isDone) return;
    const { until } = options;
    const isPast = until !== undefined && comparePositions(until, bounds.end) <= 0;
    const isShort = isPast && cursor.entriesMax(until) <= replayEntriesMax;
    if (isShort && this.#isBatchGet && incarnation.isDirect) {
      yield* this.#replay(cursor, until, signal);
    } else yield* this.#follow(cursor, signal);
  }

  async *#replay(
    cursor: ReadCursor,
    until: Position,
    signal: AbortSignal,
  ): AsyncIterable<LogBatch> {
    let lagMs = 0;
    while (!cursor.isDone && !signal.aborted) {
      const batch = await this.#nextBatch(cursor, entryOfPosition(until));
      if (batch !== undefined) {
        lagMs = 0;
        yield batch;
        continue;
      }
      lagMs += lagRetryMs;
      if (lagMs > lagMsMax) {
        throw jetstreamUnavailable(cursor.incarnation.topic, "no replica has what its leader has");
      }
      await sleep(this.#connection.clock, lagRetryMs, signal);
    }
  }

  /** The next batch; undefined where no replica answers, or the one that answers lags behind its leader. */
  async #nextBatch(cursor: ReadCursor, last: number): Promise<LogBatch | undefined> {
    const { incarnation, filter } = cursor;
    const from = cursor.at.sequence;
    const got = await getEntries(this.#connection, incarnation, from + 1, last, filter);
    if (got === undefined) {
      await this.#requireSameIncarnation(cursor);
      return undefined;
    }
    const through = got.isAll ? last : (got.entries.at(-1)?.sequence ?? from);
    const isHoley = await this.#hasHole(cursor, got.entries, through);
    // A lagging replica has a hole where its leader has an entry.
    if (
      isHoley &&
      incarnation.replicas > 1 &&
      (await this.#isBehind(cursor, got.entries, through))
    ) {
      return undefined;
    }
    return await cursor.decodedBatch(got.entries, through);
  }

  async *#follow(cursor: ReadCursor, signal: AbortSignal): AsyncIterable<LogBatch> {
    const { incarnation, until } = cursor;
    let wasAtEnd = false;
    let isQuiet = true;
    const run = await this.#open(cursor);
    const offRemoved = this.#topics.onRemoved((topic) => {
      if (topic === incarnation.topic) run.fail("its stream was removed");
    });
    const interrupt = () => run.interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      // The consumer exists: if the stream still is this incarnation, so is the consumer's.
      await this.#requireSameIncarnation(cursor);
      while (!signal.aborted && !cursor.isDone) {
        if (until !== undefined && isQuiet && (await this.#isSpent(cursor, until))) {
          yield await cursor.decodedBatch([], entryOfPosition(until));
          return;
        }
        const result = await run.take(until === undefined ? idleMs : waitMs);
        if (signal.aborted) return;
        if (run.trouble !== undefined) throw await this.#reason(cursor, run.trouble);
        isQuiet = result === undefined || result.isAtEnd;
        if (result === undefined || result.through <= cursor.at.sequence) continue;
        const fresh = result.entries.filter((entry) => entry.sequence > cursor.at.sequence);
        // At the end a key's reader has holes and misses nothing; any other hole is checked.
        if (cursor.filter === undefined || !wasAtEnd) {
          await this.#hasHole(cursor, fresh, result.through);
        }
        wasAtEnd = result.isAtEnd;
        yield await cursor.decodedBatch(fresh, result.through);
      }
    } finally {
      signal.removeEventListener("abort", interrupt);
      offRemoved();
      run.close();
    }
  }

  async #open(cursor: ReadCursor): Promise<ConsumerRun> {
    const { incarnation, filter, at } = cursor;
    try {
      const { manager } = this.#topics;
      return await withRetry(this.#connection, () =>
        ConsumerRun.open(this.#connection, manager, incarnation, at.sequence, filter),
      );
    } catch (error) {
      throw failureFromJetstream(incarnation.topic, error);
    }
  }

  /** The topic's incarnation and bounds; waits for a new leader that has not applied all it has. */
  async #inspect(topic: string, after: Position | "earliest"): Promise<Inspected> {
    for (let waitedMs = 0; ; waitedMs += lagRetryMs) {
      const inspected = await this.#topics.inspect(topic);
      const { incarnation, bounds } = inspected;
      const isPastEnd =
        after !== "earliest" &&
        after.epoch === incarnation.epoch &&
        comparePositions(after, bounds.end) > 0;
      if (!isPastEnd || incarnation.replicas === 1 || waitedMs >= lagMsMax) return inspected;
      await sleep(this.#connection.clock, lagRetryMs);
    }
  }

  /** Throws `position_gone` when the topic was recreated since the read began. */
  async #requireSameIncarnation(cursor: ReadCursor): Promise<Bounds> {
    const { incarnation, bounds } = await this.#topics.inspect(cursor.incarnation.topic);
    if (incarnation.epoch !== cursor.incarnation.epoch) {
      checkPosition(incarnation.topic, cursor.at, bounds);
    }
    return bounds;
  }

  /** Whether sequences are missing up to `through`. Throws `position_gone` when they were trimmed. */
  async #hasHole(
    cursor: ReadCursor,
    entries: readonly StoredEntry[],
    through: number,
  ): Promise<boolean> {
    const from = cursor.at.sequence;
    if (cursor.filter === undefined && from + entries.length === through) return false;
    const bounds = await this.#requireSameIncarnation(cursor);
    // Before its first batch a read from the oldest kept may begin wherever that is now.
    if (!cursor.mayStartAnywhere) {
      checkPosition(cursor.incarnation.topic, cursor.at, { ...bounds, end: cursor.at });
    }
    return true;
  }

  /** Whether the leader has an entry in one of the holes. */
  async #isBehind(
    cursor: ReadCursor,
    entries: readonly StoredEntry[],
    through: number,
  ): Promise<boolean> {
    const { incarnation, filter } = cursor;
    let expected = cursor.at.sequence + 1;
    for (const { sequence } of [...entries, { sequence: through + 1 }]) {
      if (sequence > through + 1) break;
      // Between two entries of a key nothing can be missing: a replica applies in order.
      const isHole = filter === undefined ? sequence > expected : sequence === through + 1;
      if (isHole) {
        const next = await nextOnLeader(this.#connection, incarnation, expected, filter);
        if (next !== undefined && next < sequence && next <= through) return true;
      }
      expected = sequence + 1;
    }
    return false;
  }

  /** Whether the topic has passed `until` and has nothing more up to there. */
  async #isSpent(cursor: ReadCursor, until: Position): Promise<boolean> {
    const last = entryOfPosition(until);
    const bounds = await this.#requireSameIncarnation(cursor);
    if (bounds.end.sequence < last) return false;
    const { incarnation, filter, at } = cursor;
    const next = await nextOnLeader(this.#connection, incarnation, at.sequence + 1, filter);
    if (next !== undefined && next <= last) return false;
    await this.#hasHole(cursor, [], last);
    return true;
  }

  /** The failure of a read whose run has ended. */
  async #reason(cursor: ReadCursor, trouble: string): Promise<Error> {
    try {
      await this.#requireSameIncarnation(cursor);
    } catch (error) {
      return failureFromJetstream(cursor.incarnation.topic, error);
    }
    return jetstreamUnavailable(cursor.incarnation.topic, trouble);
  }
}
