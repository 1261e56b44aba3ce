/** Appends of idempotent producers: one at a time each, and each after what is known to be its last. */
import type { Msg } from "@nats-io/transport-node";
import type { Batch } from "../../core/batch.ts";
import { BoundedMap } from "../../core/bounded-map.ts";
import { sleep } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { Appended, ProducerRun } from "../../core/log.ts";
import type { Position } from "../../core/position.ts";
import { appendedAfter, appendedBefore } from "../answers.ts";
import { stateAfter, storedOf } from "../producers.ts";
import type { Connection } from "./connection.ts";
import { entriesFromBatch, positionInEntry } from "./entry.ts";
import { failureFromCode, isWrongLastSequence, jetstreamUnavailable } from "./failures.ts";
import {
  findProducer,
  producerHeaders,
  producerSubject,
  type StoredProducer,
} from "./producers.ts";
import type { TopicIncarnation } from "./stream.ts";
import type { Topics } from "./topics.ts";

/** After this an append that met an election, or other nodes of the same producer, gives up. */
const appendMsMax = 8_000;
const retryMs = 100;
/** Those of producers that were heard of longest ago are asked for again. */
const knownMax = 100_000;

export class RunAppender {
  readonly #connection: Connection;
  readonly #topics: Topics;
  /** By epoch of the topic and subject. */
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
        // Told to whoever called that one.
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
    const { clock } = this.#connection;
    const deadlineMs = clock.nowMs() + appendMsMax;
    for (;;) {
      const { life } = await this.#topics.life(topic);
      if (life.layout !== "frames") throw needsFrames(topic);
      const key = `${life.epoch} ${producerSubject(life, run)}`;
      let state = this.#known.get(key);
      // What this node remembers may be behind what another has stored since.
      if (state === undefined || run.first > state.sequence + 1) {
        state = await findProducer(this.#connection, life, run);
      }
      const stored = storedOf(topic, run, state);
      if (stored === batch.count) {
        return appendedBefore({ epoch: life.epoch, sequence: state?.entry ?? 0, index: 0 });
      }
      // Nothing is known of it while the answer is out.
      this.#known.delete(key);
      const entry = await this.#publish(life, batch.skip(stored), run, state);
      if (typeof entry === "number") {
        this.#known.set(key, { ...stateAfter(run), entry });
        return appendedAfter(stored, answer(life.epoch, entry, batch.count - stored));
      }
      if (clock.nowMs() > deadlineMs) throw jetstreamUnavailable(topic, "it has no leader");
      if (entry === "unheard") {
        await this.#topics.confirm(topic);
        await sleep(clock, retryMs);
      }
    }
  }

  /** The stored entry's sequence, or why there is none yet. */
  #publish(
    life: TopicIncarnation,
    batch: Batch,
    run: ProducerRun,
    state: StoredProducer | undefined,
  ): Promise<number | "unheard" | "overtaken"> {
    const { payloadBytesMax: bytesMax, clock, requests } = this.#connection;
    const given = { bytesMax, nowNs: clock.nowNs() };
    const [entry, ...others] = entriesFromBatch(life.root, life.layout, batch, given);
    if (entry === undefined || others.length > 0) throw tooLarge(run, bytesMax);
    const headers = entry.headers + producerHeaders(run, state);
    return new Promise((resolve, reject) => {
      requests.send(producerSubject(life, run), entry.payload, headers, (reply) => {
        if (reply instanceof Failure) reject(reply);
        else settle(life.topic, reply, resolve, reject);
        return true;
      });
    });
  }
}

function settle(
  topic: string,
  reply: Msg,
  resolve: (outcome: number | "unheard" | "overtaken") => void,
  reject: (failure: Failure) => void,
): void {
  // The server's "no responders" has no body.
  if (reply.data.byteLength === 0) return resolve("unheard");
  const { seq, error } = reply.json<Ack>();
  if (error === undefined) resolve(seq ?? 0);
  else if (isWrongLastSequence(error.err_code ?? 0)) resolve("overtaken");
  else reject(failureFromCode(topic, error.err_code ?? 0, error.description ?? "it refused"));
}

interface Ack {
  readonly seq?: number;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

function answer(epoch: number, sequence: number, count: number): Appended {
  const at = (index: number): Position => positionInEntry(epoch, sequence, index, count);
  return { first: at(0), last: at(count - 1), at, duplicate: false };
}

function needsFrames(topic: string): Failure {
  const message = `Cannot append of a producer to topic "${topic}": its layout is records, expected frames`;
  return new Failure("invalid", message);
}

function tooLarge(run: ProducerRun, bytesMax: number): Failure {
  const message = `Cannot append of producer "${run.id}": expected at most ${bytesMax} bytes at once`;
  return new Failure("too_large", message);
}
