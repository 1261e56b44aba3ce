/** Appends to streams. */

import type { Msg } from "@nats-io/transport-node";
import type { Batch } from "../../core/batch.ts";
import { Failure } from "../../core/failure.ts";
import type { Appended, AppendOptions } from "../../core/log.ts";
import { AppendLines } from "./append-line.ts";
import type { Connection } from "./connection.ts";
import { entriesFromBatch, type Entry, positionInEntry } from "./entry.ts";
import { isStorageFull, jetstreamUnavailable } from "./failures.ts";
import { LeaderWait } from "./leader-wait.ts";
import { ProducerAppender } from "./producer-append.ts";
import { parseStreamAnswer } from "./stream-answer.ts";
import { tokenFromText } from "./subject.ts";
import type { KnownIncarnation, Topics } from "./topics.ts";

const retryAfterMs = 250;

interface Bounds {
  readonly inFlightBytesMax: number;
  readonly inFlightEntriesMax: number;
}

/** Where an entry is in the stream. */
interface Place {
  readonly sequence: number;
  readonly isDuplicate: boolean;
}

/**
 * `unheard`: no stream took it. `unanswered`: it may be stored, and has an id. `underway`: another call is
 * storing it under the same id.
 */
type Outcome = Place | "unheard" | "unanswered" | "underway";

/** What the attempts of one call share. */
interface Publishing {
  /** The dedup id, as a header can have it. */
  readonly id: string | undefined;
  readonly wait: LeaderWait;
  /** One entry is stored. */
  readonly onStored: () => void;
}

/**
 * Every entry of a call is published at once and acknowledged individually.
 *
 * 1. An entry that no stream took (an election, a restart) is published again, with all that follow
 *    it: they were not stored either. Where one of those was stored, the order is lost and the call
 *    fails. Appends that came later and keep an order with it wait: `append-line.ts`.
 * 2. Under a dedup id each entry has an id, so that the stream itself finds those it has already. One
 *    whose answer was lost with a leader is therefore published again as well, and one that another
 *    call is storing at this moment until that has ended.
 * 3. Appends of an idempotent producer go another way: `producer-append.ts`.
 *
 * JetStream's batches were measured and not used (one server, records of 190 bytes). An atomic batch
 * takes about 3 ms whatever its size, because its file store stages and syncs each, against 0.3 ms for
 * 20 entries here. A fast-ingest batch takes a third of the CPU but returns only its last position,
 * and entries of other nodes may lie between its own.
 */
export class Appender {
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #bounds: Bounds;
  readonly #producers: ProducerAppender;
  readonly #lines: AppendLines;
  readonly #idle = new Set<() => void>();
  #entries = 0;
  #bytes = 0;

  constructor(connection: Connection, topics: Topics, bounds: Bounds) {
    this.#connection = connection;
    this.#topics = topics;
    this.#bounds = bounds;
    this.#producers = new ProducerAppender(connection, topics);
    this.#lines = new AppendLines(connection, topics);
  }

  async append(topic: string, batch: Batch, options: AppendOptions = {}): Promise<Appended> {
    // Counted before anything is awaited, because a waiting call keeps its records in memory. Records
    // may be one entry each; a frame is one, unless the layout says otherwise.
    let count = batch.isDecoded ? batch.count : 1;
    const admitted = this.#admit(batch, count);
    try {
      const ready = this.#connection.ready();
      if (ready !== true) await ready;
      if (options.producer !== undefined) {
        return await this.#producers.append(topic, batch, options.producer);
      }
      const found = this.#topics.incarnation(topic);
      const known = found instanceof Promise ? await found : found;
      const { root, layout } = known.incarnation;
      const entries = entriesFromBatch(root, layout, batch, {
        bytesMax: this.#connection.payloadBytesMax,
        nowNs: this.#connection.clock.nowNs(),
      });
      if (entries.length > count) {
        this.#entries += entries.length - count;
        count = entries.length;
      }
      const places = await this.#publish(topic, entries, options);
      const epoch = await this.#epoch(topic, known, places);
      return appendedInEntries(epoch, entries, places);
    } finally {
      this.#release(admitted, count);
    }
  }

  /** Resolves once nothing is in flight. */
  drained(): Promise<void> {
    if (this.#entries === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.add(resolve));
  }

  #admit(batch: Batch, count: number): number {
    const bytes = batch.bytesHeld;
    const isOver =
      this.#bytes + bytes > this.#bounds.inFlightBytesMax ||
      this.#entries + count > this.#bounds.inFlightEntriesMax;
    // A call larger than the bound is admitted when it is alone.
    if (isOver && this.#entries > 0) {
      const message = "Cannot append: too much is on its way to the log already";
      throw new Failure("overloaded", message, { retryAfterMs });
    }
    this.#bytes += bytes;
    this.#entries += count;
    return bytes;
  }

  #release(bytes: number, entries: number): void {
    this.#bytes -= bytes;
    this.#entries -= entries;
    if (this.#entries > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  /** Publishes until every entry is stored, in order. Throws `not_found`, `unavailable`. */
  async #publish(
    topic: string,
    entries: readonly Entry[],
    { dedupId, isIndependent = false }: AppendOptions,
  ): Promise<readonly Place[]> {
    const id = dedupId === undefined ? undefined : tokenFromText(dedupId);
    const wait = new LeaderWait(this.#connection, this.#topics, topic);
    const line = isIndependent ? undefined : this.#lines.enter(topic, wait, id !== undefined);
    const publish = (from: number) =>
      this.#publishFrom(from, topic, entries, { id, wait, onStored: () => line?.stored() });
    try {
      let outcomes = await (line === undefined ? publish(0) : line.publish(() => publish(0)));
      for (;;) {
        const open = outcomes.findIndex((outcome) => typeof outcome === "string");
        if (open < 0) return inOrder(topic, outcomes);
        // Only the last entries may be published again: after a stored one the order would be lost.
        const lost = outcomes.findIndex((outcome) => lostOutcomes.has(outcome));
        if (lost >= 0 && outcomes.slice(lost).some((outcome) => typeof outcome !== "string")) {
          throw orderLost(topic);
        }
        const isLined = lost >= 0 && line !== undefined;
        if (!isLined) await wait.next();
        const again = await (isLined ? line.publish(() => publish(open)) : publish(open));
        outcomes = [...outcomes.slice(0, open), ...again];
      }
    } finally {
      line?.end();
    }
  }

  #publishFrom(
    from: number,
    topic: string,
    entries: readonly Entry[],
    { id, wait, onStored }: Publishing,
  ): Promise<Outcome[]> {
    const isRepeatable = id !== undefined;
    const answerMs = wait.answerMs(isRepeatable);
    return new Promise((resolve, reject) => {
      const outcomes: Outcome[] = [];
      let left = entries.length - from;
      let failure: Failure | undefined;
      for (const [i, entry] of entries.entries()) {
        if (i < from) continue;
        const headers =
          id === undefined ? entry.headers : `${entry.headers}Nats-Msg-Id: ${id}:${i}\r\n`;
        outcomes.push("unheard");
        const onAnswer = (reply: Msg | Failure) => {
          const outcome = this.#outcome(topic, reply, isRepeatable);
          if (outcome instanceof Failure) failure ??= outcome;
          else outcomes[i - from] = outcome;
          if (typeof outcome !== "string" && !(outcome instanceof Failure)) onStored();
          if (--left === 0) {
            if (failure === undefined) resolve(outcomes);
            else reject(failure);
          }
          return true;
        };
        this.#connection.requests.send(entry.subject, entry.payload, headers, onAnswer, answerMs);
      }
    });
  }

  /**
   * The epoch of what was just stored. A recreated stream returns sequences that this node has seen
   * before. Its removal is also announced, but that may come late.
   */
  async #epoch(topic: string, known: KnownIncarnation, places: readonly Place[]): Promise<number> {
    const fresh = places.filter((place) => !place.isDuplicate);
    const first = fresh[0]?.sequence;
    const last = fresh.at(-1)?.sequence;
    if (first === undefined || last === undefined) return known.incarnation.epoch;
    if (first > known.lastSequence) {
      known.lastSequence = last;
      return known.incarnation.epoch;
    }
    const { incarnation } = await this.#topics.confirm(topic);
    return incarnation.epoch;
  }

  #outcome(topic: string, reply: Msg | Failure, isRepeatable: boolean): Outcome | Failure {
    if (reply instanceof Failure) return isRepeatable ? "unanswered" : reply;
    const answer = parseStreamAnswer(topic, reply);
    if (answer === undefined) return "unheard";
    if ("sequence" in answer) return answer;
    if (isStorageFull(answer.errorCode)) this.#topics.full();
    return answer.errorCode === duplicateInProcess ? "underway" : answer.failure;
  }
}

const duplicateInProcess = 10158;
const lostOutcomes: ReadonlySet<Outcome> = new Set(["unheard", "unanswered"]);

/**
 * The places of a call whose entries are all stored. An answer that was lost may have been that of an
 * entry after one that was lost itself, which this call has then stored too late: it fails. Where
 * earlier calls stored all, the order is no longer this one's to refuse.
 */
function inOrder(topic: string, outcomes: readonly Outcome[]): readonly Place[] {
  const places = outcomes.filter((outcome) => typeof outcome !== "string");
  const isRising = places.every(
    ({ sequence }, i) => i === 0 || sequence > (places[i - 1]?.sequence ?? 0),
  );
  if (!isRising && places.some(({ isDuplicate }) => !isDuplicate)) throw orderLost(topic);
  return places;
}

function orderLost(topic: string): Failure {
  return jetstreamUnavailable(topic, "its leader changed inside an append");
}

function appendedInEntries(
  epoch: number,
  entries: readonly Entry[],
  places: readonly Place[],
): Appended {
  const at = (index: number) => {
    let entry = 0;
    let offset = index;
    for (const { count } of entries) {
      if (offset < count) break;
      offset -= count;
      entry++;
    }
    return positionInEntry(epoch, places[entry]?.sequence ?? 0, offset, entries[entry]?.count ?? 1);
  };
  const atEntry = (index: number) => {
    return { epoch, sequence: places[index]?.sequence ?? 0, index: 0 };
  };
  return {
    first: at(0),
    last: atEntry(entries.length - 1),
    at: entries.every((entry) => entry.count === 1) ? atEntry : at,
    // Of several calls under one id exactly one stores the first entry: that one is not a duplicate.
    duplicate: places[0]?.isDuplicate ?? false,
  };
}
