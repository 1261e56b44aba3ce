/** Appends to streams. */

import type { Msg } from "@nats-io/transport-node";
import type { Batch } from "../../core/batch.ts";
import { sleep } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Appended, AppendOptions } from "../../core/log.ts";
import type { Connection } from "./connection.ts";
import { entriesFromBatch, type Entry, positionInEntry } from "./entry.ts";
import { isStorageFull, jetstreamUnavailable } from "./failures.ts";
import { ProducerAppender } from "./producer-append.ts";
import { parseStreamAnswer } from "./stream-answer.ts";
import { tokenFromText } from "./subject.ts";
import type { KnownIncarnation, Topics } from "./topics.ts";

/** Time after which a call that met an election or a restart fails. */
const appendMsMax = 8_000;
const retryMs = 100;
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

/** `unheard`: no stream took it. `underway`: another call is storing it under the same id. */
type Outcome = Place | "unheard" | "underway";

/**
 * Every entry of a call is published at once and acknowledged individually.
 *
 * 1. An entry that no stream took (an election, a restart) is published again, with all that follow
 *    it: they were not stored either. Where one of those was stored, the order is lost and the call
 *    fails.
 * 2. Under a dedup id each entry has an id, so that the stream itself finds those it has already. One
 *    that another call is storing at this moment is published again until that has ended.
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
  readonly #idle = new Set<() => void>();
  #entries = 0;
  #bytes = 0;

  constructor(connection: Connection, topics: Topics, bounds: Bounds) {
    this.#connection = connection;
    this.#topics = topics;
    this.#bounds = bounds;
    this.#producers = new ProducerAppender(connection, topics);
  }

  async append(topic: string, batch: Batch, options: AppendOptions = {}): Promise<Appended> {
    // Counted before anything is awaited, because a waiting call keeps its records in memory. A
    // frame is one entry; records may be one each.
    const count = batch.isEncoded ? 1 : batch.count;
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
      const places = await this.#publish(topic, entries, options.dedupId);
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
    dedupId: string | undefined,
  ): Promise<readonly Place[]> {
    const { clock } = this.#connection;
    const id = dedupId === undefined ? undefined : tokenFromText(dedupId);
    const deadlineMs = clock.nowMs() + appendMsMax;
    const outcomes = await this.#publishFrom(0, topic, entries, id);
    for (;;) {
      const open = outcomes.findIndex((outcome) => typeof outcome === "string");
      if (open < 0) return outcomes.filter((outcome) => typeof outcome !== "string");
      // Only the last entries may be published again: after a stored one the order would be lost.
      const rest = outcomes.slice(outcomes.indexOf("unheard"));
      if (outcomes.includes("unheard") && rest.some((outcome) => typeof outcome !== "string")) {
        throw jetstreamUnavailable(topic, "its leader changed inside an append");
      }
      if (clock.nowMs() > deadlineMs) throw jetstreamUnavailable(topic, "it has no leader");
      // The stream was removed, or it has no leader for a moment.
      await this.#topics.confirm(topic);
      await sleep(clock, retryMs);
      outcomes.splice(open, Infinity, ...(await this.#publishFrom(open, topic, entries, id)));
    }
  }

  #publishFrom(
    from: number,
    topic: string,
    entries: readonly Entry[],
    dedupId: string | undefined,
  ): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      const outcomes: Outcome[] = [];
      let left = entries.length - from;
      let failure: Failure | undefined;
      for (const [i, entry] of entries.entries()) {
        if (i < from) continue;
        const headers =
          dedupId === undefined
            ? entry.headers
            : `${entry.headers}Nats-Msg-Id: ${dedupId}:${i}\r\n`;
        outcomes.push("unheard");
        this.#connection.requests.send(entry.subject, entry.payload, headers, (reply) => {
          const outcome = reply instanceof Failure ? reply : this.#outcome(topic, reply);
          if (outcome instanceof Failure) failure ??= outcome;
          else outcomes[i - from] = outcome;
          if (--left === 0) {
            if (failure === undefined) resolve(outcomes);
            else reject(failure);
          }
          return true;
        });
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

  #outcome(topic: string, message: Msg): Outcome | Failure {
    const answer = parseStreamAnswer(topic, message);
    if (answer === undefined) return "unheard";
    if ("sequence" in answer) return answer;
    if (isStorageFull(answer.errorCode)) this.#topics.full();
    return answer.errorCode === duplicateInProcess ? "underway" : answer.failure;
  }
}

const duplicateInProcess = 10158;

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
