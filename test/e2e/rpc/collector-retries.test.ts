/**
 * Lost acknowledgements. Connections are cut at random points of requests and answers, and idempotent
 * producers resend what was not acknowledged. Every record must be in the log once and in order.
 * SLUICE_TEST_SEED repeats a run, except for its timing.
 */

import { describe, expect, test } from "bun:test";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { type Random, seededRandom } from "../../support/random.ts";
import { within } from "../../support/until.ts";
import { kinds, skipReason } from "./collector-broker.ts";
import { type CuttingProxy, startCuttingProxy } from "./collector-cuts.ts";
import { type Producer, producerOf, record, texts } from "./collector.ts";

const seed = Number(process.env["SLUICE_TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const cutsMin = 1000;
const batchMax = 20;
/** Number of batches that are sent before the first of them is acknowledged. */
const aheadMax = 4;
const timeoutMs = 180_000;
const callMsMax = 20_000;

if (skipReason !== undefined) {
  test.skip(`lost acks on JetStream (skipped: ${skipReason})`, () => {});
}

describe.each(kinds)("lost acks on $name", ({ start }) => {
  test(
    `${cutsMin} cuts: every record once and in order`,
    async () => {
      await using rig = await start();
      const topic = `retries-${seed}`;
      const random = seededRandom(seed);
      const { url, grpcUrl } = rig.gateway;
      await using rpc = await startCuttingProxy(grpcUrl, random);
      await using http = await startCuttingProxy(url, random);
      const cuts = () => rpc.cuts + http.cuts;
      const course = { topic, random, isOver: () => cuts() >= cutsMin };
      const retrying = [
        ...[0, 1, 2].map(() => new Retrying(publishing, grpcTo(rpc), aheadMax, course)),
        ...[0, 1].map(() => new Retrying(streaming, grpcTo(rpc), aheadMax, course)),
        // Over HTTP/1.1 each call has its own connection, so the order of calls is not defined.
        new Retrying(publishing, connectTo(http), 1, course),
      ];
      await Promise.all(retrying.map((each, p) => each.run(p)));
      rpc.heal();
      http.heal();
      await Promise.all(retrying.map((each, p) => each.finish(p)));

      const stored = await texts(url, topic);
      for (const [p, { acknowledged, surprises }] of retrying.entries()) {
        expect({ seed, p, surprises }).toEqual({ seed, p, surprises: [] });
        const own = stored.filter((text) => text.startsWith(`${p}-`));
        const misplaced = own.findIndex((text, i) => text !== `${p}-${i}`);
        expect({
          seed,
          p,
          misplaced,
          near: own.slice(Math.max(0, misplaced - 2), 5),
        }).toMatchObject({
          misplaced: -1,
        });
        expect({ seed, p, stored: own.length }).toEqual({ seed, p, stored: acknowledged });
        expect(acknowledged).toBeGreaterThan(100);
      }
      expect(stored.length).toBe(retrying.reduce((sum, { acknowledged }) => sum + acknowledged, 0));
      expect(cuts()).toBeGreaterThanOrEqual(cutsMin);
    },
    timeoutMs,
  );
});

function grpcTo({ url }: CuttingProxy): Transport {
  return createGrpcTransport({ baseUrl: url });
}

/** JSON in both directions, over HTTP/1.1. */
function connectTo({ url }: CuttingProxy): Transport {
  return createConnectTransport({ baseUrl: url, httpVersion: "1.1", useBinaryFormat: false });
}

interface Course {
  readonly topic: string;
  readonly random: Random;
  isOver(): boolean;
}

interface Batch {
  readonly first: number;
  readonly count: number;
}

/** Sends the batches in order; resolves with the number of acknowledged records. */
type Send = (
  producer: Producer,
  topic: string,
  p: number,
  batches: readonly Batch[],
) => Promise<{ readonly acknowledged: number; readonly error: unknown }>;

class Retrying {
  /** Sequence of the first record that is not acknowledged. */
  acknowledged = 0;
  readonly surprises: string[] = [];
  readonly #send: Send;
  readonly #producer: Producer;
  readonly #course: Course;
  readonly #aheadMax: number;
  /** Sequence after the last record that was sent. */
  #sent = 0;

  constructor(send: Send, transport: Transport, aheadMax: number, course: Course) {
    this.#send = send;
    this.#aheadMax = aheadMax;
    this.#producer = producerOf(transport);
    this.#course = course;
  }

  async run(p: number): Promise<void> {
    const { random, isOver } = this.#course;
    while (!isOver() && this.surprises.length === 0) {
      // A new producer may begin at any sequence, so its first batch must be stored before others go.
      const ahead = this.acknowledged === 0 ? 1 : 1 + random.int(this.#aheadMax);
      const counts = Array.from({ length: ahead }, () => 1 + random.int(batchMax));
      await this.#attempt(p, counts);
    }
  }

  /** Resends over a network that works again, until all that was sent is acknowledged. */
  async finish(p: number): Promise<void> {
    for (let tries = 0; this.acknowledged < this.#sent && tries < 10; tries++) {
      await this.#attempt(p, [this.#sent - this.acknowledged]);
    }
  }

  async #attempt(p: number, counts: readonly number[]): Promise<void> {
    let first = this.acknowledged;
    const batches = counts.map((count) => {
      first += count;
      return { first: first - count, count };
    });
    this.#sent = Math.max(this.#sent, first);
    const sending = this.#send(this.#producer, this.#course.topic, p, batches);
    const { acknowledged, error } = await within("an answer or an end", callMsMax, sending);
    this.acknowledged += acknowledged;
    if (error === undefined) return;
    const { code, message } = ConnectError.from(error);
    // A broken connection has many codes, but never those that refuse the records.
    const isAboutRecords = [Code.AlreadyExists, Code.InvalidArgument, Code.OutOfRange].includes(
      code,
    );
    if (isAboutRecords) this.surprises.push(`${Code[code]} ${message}`);
  }
}

/** One call a batch, all at the same time. */
async function publishing(
  producer: Producer,
  topic: string,
  p: number,
  batches: readonly Batch[],
): ReturnType<Send> {
  const answers = await Promise.allSettled(
    batches.map((batch) => producer.publish(requestOf(topic, p, batch))),
  );
  let acknowledged = 0;
  for (const [i, answer] of answers.entries()) {
    if (answer.status === "rejected") return { acknowledged, error: answer.reason };
    acknowledged += batches[i]?.count ?? 0;
  }
  return { acknowledged, error: undefined };
}

/** One stream, which reports progress as records become durable. */
async function streaming(
  producer: Producer,
  topic: string,
  p: number,
  batches: readonly Batch[],
): ReturnType<Send> {
  let acknowledged = 0;
  async function* requests() {
    for (const batch of batches) yield requestOf(topic, p, batch);
  }
  try {
    for await (const { accepted } of producer.ingest(requests())) acknowledged = Number(accepted);
  } catch (error) {
    return { acknowledged, error };
  }
  return { acknowledged, error: undefined };
}

function requestOf(topic: string, p: number, { first, count }: Batch) {
  return {
    topic,
    producer: { id: `producer-${p}`, epoch: 1, sequence: BigInt(first) },
    records: Array.from({ length: count }, (_, i) => record(`${p}-${first + i}`)),
  };
}
