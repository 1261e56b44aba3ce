/** Appends for idempotent producers. */

import type { Msg } from "@nats-io/transport-node";
import type { Batch } from "../../core/batch.ts";
import { BoundedMap } from "../../core/budget/bounded-map.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import type { Appended, ProducerRun } from "../../core/log.ts";
import type { Position } from "../../core/position.ts";
import { appendedAfter, appendedBefore } from "../answers.ts";
import { stateAfter, storedOf } from "../producers.ts";
import type { Connection } from "./connection.ts";
import { entriesFromBatch, positionInEntry } from "./entry.ts";
import { isStorageFull, isWrongLastSequence } from "./failures.ts";
import { LeaderWait } from "./leader-wait.ts";
import {
  findProducer,
  producerHeaders,
  producerSubject,
  type StoredProducer,
} from "./producers.ts";
import { parseStreamAnswer } from "./stream-answer.ts";
import type { TopicIncarnation } from "./stream.ts";
import type { Topics } from "./topics.ts";

/** Past it the states of the producers that wrote longest ago are evicted, and fetched again when needed. */
const knownMax = 100_000;

/**
 * Each producer's appends run one after another. Its state in the stream is the condition of the next
 * append: the server refuses that where another node was faster, and it is retried from the newer
 * state.
 */
export class ProducerAppender {
  readonly #connection: Connection;
  readonly #topics: Topics;
  /** By the topic's epoch and the producer's subject. */
  readonly #known = new BoundedMap<string, StoredProducer>(knownMax);
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(connection: Connection, topics: Topics) {
    this.#connection = connection;
    this.#topics = topics;
  }

  /** Throws `conflict`, `invalid` in the layout `records`, and what any append throws. */
  async append(topic: string, batch: Batch, run: ProducerRun): Promise<Appended> {
    const id = `${topic}/${run.id}`;
    const before = this.#last.get(id);
    const appended = (async () => {
      await before?.catch(() => {
        // Reported to the caller of that append.
      });
      return await this.#append(topic, batch, run);
    })();
    this.#last.set(id, appended);
    try {
      return await appended;
    } finally {
      if (this.#last.get(id) === appended) this.#last.delete(id);
    }
  }

  async #append(topic: string, batch: Batch, run: ProducerRun): Promise<Appended> {
    const wait = new LeaderWait(this.#connection, this.#topics, topic);
    for (;;) {
      const { incarnation } = await this.#topics.incarnation(topic);
      if (incarnation.layout !== "frames") throw needsFrames(topic);
      const key = `${incarnation.epoch} ${producerSubject(incarnation, run)}`;
      let state = this.#known.get(key);
      // Another node may have stored more since.
      if (state === undefined || run.first > state.sequence + 1) {
        const found = await this.#find(incarnation, run, wait);
        if (found === "unanswered") {
          await wait.next();
          continue;
        }
        state = found;
      }
      const stored = storedOf(topic, run, state);
      if (stored === batch.count) {
        return appendedBefore({ epoch: incarnation.epoch, sequence: state?.entry ?? 0, index: 0 });
      }
      // Until the answer arrives the state is unknown.
      this.#known.delete(key);
      const entry = await this.#publish(incarnation, batch.skip(stored), run, state, wait);
      if (typeof entry === "number") {
        this.#known.set(key, { ...stateAfter(run), entry });
        return appendedAfter(
          stored,
          appendedInEntry(incarnation.epoch, entry, batch.count - stored),
        );
      }
      if (entry === "overtaken") wait.check();
      else await wait.next();
    }
  }

  async #find(
    incarnation: TopicIncarnation,
    run: ProducerRun,
    wait: LeaderWait,
  ): Promise<StoredProducer | undefined | "unanswered"> {
    try {
      return await findProducer(this.#connection, incarnation, run, wait.answerMs(true));
    } catch (error) {
      if (failureFrom(error).code === "unavailable") return "unanswered";
      throw error;
    }
  }

  /** The stored entry's sequence, or why it is not known to be stored: the producer's state says that. */
  #publish(
    incarnation: TopicIncarnation,
    batch: Batch,
    run: ProducerRun,
    state: StoredProducer | undefined,
    wait: LeaderWait,
  ): Promise<number | "unanswered" | "overtaken"> {
    const { payloadBytesMax: bytesMax, clock, requests } = this.#connection;
    const given = { bytesMax, nowNs: clock.nowNs() };
    const [entry, ...others] = entriesFromBatch(incarnation.root, incarnation.layout, batch, given);
    if (entry === undefined || others.length > 0) throw tooLarge(run, bytesMax);
    const headers = entry.headers + producerHeaders(run, state);
    return new Promise((resolve, reject) => {
      const onAnswer = (reply: Msg | Failure) => {
        const outcome = this.#outcome(incarnation.topic, reply);
        if (outcome instanceof Failure) reject(outcome);
        else resolve(outcome);
        return true;
      };
      const subject = producerSubject(incarnation, run);
      requests.send(subject, entry.payload, headers, onAnswer, wait.answerMs(true));
    });
  }

  #outcome(topic: string, reply: Msg | Failure): number | "unanswered" | "overtaken" | Failure {
    const answer = reply instanceof Failure ? undefined : parseStreamAnswer(topic, reply);
    if (answer === undefined) return "unanswered";
    if ("sequence" in answer) return answer.sequence;
    if (isStorageFull(answer.errorCode)) this.#topics.full();
    return isWrongLastSequence(answer.errorCode) ? "overtaken" : answer.failure;
  }
}

function appendedInEntry(epoch: number, sequence: number, count: number): Appended {
  const at = (index: number): Position => positionInEntry(epoch, sequence, index, count);
  return { first: at(0), last: at(count - 1), at, duplicate: false };
}

function needsFrames(topic: string): Failure {
  const message = `Cannot append for a producer to topic "${topic}": its layout is records, expected frames`;
  return new Failure("invalid", message);
}

function tooLarge(run: ProducerRun, bytesMax: number): Failure {
  const message = `Cannot append for producer "${run.id}": expected at most ${bytesMax} bytes at once`;
  return new Failure("too_large", message);
}
