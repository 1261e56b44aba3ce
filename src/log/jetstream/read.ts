/**
 * Reading: the past by Direct Get where the end is known, all else by one consumer run. Both give
 * every entry after a position in order, or end with the failure that says why they cannot.
 */
import { sleep } from "../../core/clock.ts";
import type { Bounds, LogBatch, ReadOptions } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { checkPosition } from "../answers.ts";
import { asked } from "./retry.ts";
import type { Connection } from "./connection.ts";
import { ConsumerRun } from "./consumer.ts";
import { DecodedEntries } from "./decoded.ts";
import { getEntries, nextOnLeader } from "./direct-get.ts";
import { entryOfPosition, type StoredEntry } from "./entry.ts";
import { failureFromJetstream, jetstreamUnavailable } from "./failures.ts";
import { Pass } from "./pass.ts";
import type { Inspected, Topics } from "./topics.ts";

/**
 * Direct Get sends each entry by itself, a consumer in bulk, but making one costs milliseconds and,
 * in a cluster, a vote: measured, they meet near a thousand entries.
 */
const replayEntriesMax = 1_000;

/** How long a replica may lag behind what its leader has. */
const lagMsMax = 3_000;
const lagRetryMs = 50;
/** How often a read that waits for a position asks whether the end has passed it. */
const waitMs = 500;
const idleMs = 60_000;

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
      // Whoever ended the read is not told that it could not go on.
      if (!signal.aborted) throw error;
    }
  }

  async *#read(topic: string, options: ReadOptions, signal: AbortSignal): AsyncIterable<LogBatch> {
    const { life, bounds } = await this.#inspect(topic, options.after);
    const after = options.after === "earliest" ? bounds.start : options.after;
    checkPosition(topic, after, bounds);
    const pass = new Pass(life, after, options, this.#decoded.of(life));
    if (pass.isDone) return;
    const { until } = options;
    const isPast = until !== undefined && comparePositions(until, bounds.end) <= 0;
    const isShort = isPast && pass.entriesMax(until) <= replayEntriesMax;
    if (isShort && this.#isBatchGet && life.isDirect) yield* this.#replay(pass, until, signal);
    else yield* this.#follow(pass, signal);
  }

  async *#replay(pass: Pass, until: Position, signal: AbortSignal): AsyncIterable<LogBatch> {
    let lagMs = 0;
    while (!pass.isDone && !signal.aborted) {
      const batch = await this.#got(pass, entryOfPosition(until));
      if (batch !== undefined) {
        lagMs = 0;
        yield batch;
        continue;
      }
      lagMs += lagRetryMs;
      if (lagMs > lagMsMax) {
        throw jetstreamUnavailable(pass.life.topic, "no replica has what its leader has");
      }
      await sleep(this.#connection.clock, lagRetryMs, signal);
    }
  }

  /** The next batch; undefined where no replica answers, or one that lags behind its leader. */
  async #got(pass: Pass, last: number): Promise<LogBatch | undefined> {
    const { life, filter } = pass;
    const from = pass.at.sequence;
    const got = await getEntries(this.#connection, life, from + 1, last, filter);
    if (got === undefined) {
      await this.#sameLife(pass);
      return undefined;
    }
    const through = got.isAll ? last : (got.entries.at(-1)?.sequence ?? from);
    const isHoley = await this.#hasHole(pass, got.entries, through);
    // A replica that lags has a hole where its leader has an entry.
    if (isHoley && life.replicas > 1 && (await this.#isBehind(pass, got.entries, through))) {
      return undefined;
    }
    return pass.batch(got.entries, through);
  }

  async *#follow(pass: Pass, signal: AbortSignal): AsyncIterable<LogBatch> {
    const { life, until } = pass;
    let wasAtEnd = false;
    let isQuiet = true;
    const run = await this.#open(pass);
    const offRemoved = this.#topics.onRemoved((topic) => {
      if (topic === life.topic) run.fail("its stream was removed");
    });
    const interrupt = () => run.interrupt();
    signal.addEventListener("abort", interrupt);
    try {
      // The consumer stands: if the stream is still of this life, so is the consumer.
      await this.#sameLife(pass);
      while (!signal.aborted && !pass.isDone) {
        if (until !== undefined && isQuiet && (await this.#isSpent(pass, until))) {
          yield pass.batch([], entryOfPosition(until));
          return;
        }
        const taken = await run.take(until === undefined ? idleMs : waitMs);
        if (signal.aborted) return;
        if (run.trouble !== undefined) throw await this.#reason(pass, run.trouble);
        isQuiet = taken === undefined || taken.isAtEnd;
        if (taken === undefined || taken.through <= pass.at.sequence) continue;
        const fresh = taken.entries.filter((entry) => entry.sequence > pass.at.sequence);
        // A key's reader at the end has holes and misses nothing; any other hole is looked at.
        if (pass.filter === undefined || !wasAtEnd) await this.#hasHole(pass, fresh, taken.through);
        wasAtEnd = taken.isAtEnd;
        yield pass.batch(fresh, taken.through);
      }
    } finally {
      signal.removeEventListener("abort", interrupt);
      offRemoved();
      run.close();
    }
  }

  async #open(pass: Pass): Promise<ConsumerRun> {
    const { life, filter, at } = pass;
    try {
      const { manager } = this.#topics;
      return await asked(this.#connection, () =>
        ConsumerRun.open(this.#connection, manager, life, at.sequence, filter),
      );
    } catch (error) {
      throw failureFromJetstream(life.topic, error);
    }
  }

  /** The topic's life and bounds; waits for a new leader that has not applied all it has. */
  async #inspect(topic: string, after: Position | "earliest"): Promise<Inspected> {
    for (let waitedMs = 0; ; waitedMs += lagRetryMs) {
      const inspected = await this.#topics.inspect(topic);
      const { life, bounds } = inspected;
      const isPastEnd =
        after !== "earliest" &&
        after.epoch === life.epoch &&
        comparePositions(after, bounds.end) > 0;
      if (!isPastEnd || life.replicas === 1 || waitedMs >= lagMsMax) return inspected;
      await sleep(this.#connection.clock, lagRetryMs);
    }
  }

  /** Throws `position_gone` when the topic was made anew since the pass began. */
  async #sameLife(pass: Pass): Promise<Bounds> {
    const { life, bounds } = await this.#topics.inspect(pass.life.topic);
    if (life.epoch !== pass.life.epoch) checkPosition(life.topic, pass.at, bounds);
    return bounds;
  }

  /** Whether numbers are missing up to `through`. Throws `position_gone` when they were trimmed. */
  async #hasHole(pass: Pass, entries: readonly StoredEntry[], through: number): Promise<boolean> {
    const from = pass.at.sequence;
    if (pass.filter === undefined && from + entries.length === through) return false;
    const bounds = await this.#sameLife(pass);
    // Before its first batch a read from the oldest kept may begin wherever that is by now.
    if (!pass.isFree) checkPosition(pass.life.topic, pass.at, { ...bounds, end: pass.at });
    return true;
  }

  /** Whether the leader has an entry in one of the holes. */
  async #isBehind(pass: Pass, entries: readonly StoredEntry[], through: number): Promise<boolean> {
    const { life, filter } = pass;
    let expected = pass.at.sequence + 1;
    for (const { sequence } of [...entries, { sequence: through + 1 }]) {
      if (sequence > through + 1) break;
      // Between two entries of a key there is nothing to ask: a replica applies in order.
      const isHole = filter === undefined ? sequence > expected : sequence === through + 1;
      if (isHole) {
        const next = await nextOnLeader(this.#connection, life, expected, filter);
        if (next !== undefined && next < sequence && next <= through) return true;
      }
      expected = sequence + 1;
    }
    return false;
  }

  /** Whether the topic has passed `until` and nothing up to there is left to come. */
  async #isSpent(pass: Pass, until: Position): Promise<boolean> {
    const last = entryOfPosition(until);
    const bounds = await this.#sameLife(pass);
    if (bounds.end.sequence < last) return false;
    const { life, filter, at } = pass;
    const next = await nextOnLeader(this.#connection, life, at.sequence + 1, filter);
    if (next !== undefined && next <= last) return false;
    await this.#hasHole(pass, [], last);
    return true;
  }

  /** What became of the topic when a run ended by itself. */
  async #reason(pass: Pass, trouble: string): Promise<Error> {
    try {
      await this.#sameLife(pass);
    } catch (error) {
      return failureFromJetstream(pass.life.topic, error);
    }
    return jetstreamUnavailable(pass.life.topic, trouble);
  }
}
