/**
 * What requests say of their producers. Whatever a producer sends again, leaves out, or sends in another
 * order: a record that is acknowledged is stored, once, under the key it was sent with.
 */

import { expect } from "bun:test";
import { Buffer } from "node:buffer";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { openCaller } from "../../src/core/access/caller.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { type CollectRequest, CollectRequestSchema } from "../../src/gen/sluice/v1/collector_pb.ts";
import { Ack } from "../../src/gen/sluice/v1/record_pb.ts";
import { Collector } from "../../src/ingest/collector.ts";
import { InFlight } from "../../src/ingest/in-flight.ts";
import { defaultIngestLimits } from "../../src/ingest/limits.ts";
import { readHead } from "../../src/ingest/request.ts";
import { SchemaGate } from "../../src/ingest/schema-gate.ts";
import { TopicRules } from "../../src/ingest/topic-rules.ts";
import { createMemoryLog } from "../../src/log/memory/memory-log.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";

type Request = MessageInitShape<typeof CollectRequestSchema>;

const recordsMax = 10;
const topic = "produced";

const bytesOf = (request: Request) =>
  Buffer.from(toBinary(CollectRequestSchema, create(CollectRequestSchema, request)));

fuzz(
  "the head of a request is what protobuf has, or it is refused",
  { cases: 20_000 },
  (random) => {
    const request = create(CollectRequestSchema, anyRequest(random));
    const bytes = Buffer.from(toBinary(CollectRequestSchema, request));
    const read = () => readHead(bytes, 0, bytes.byteLength, recordsMax);
    if (mayBeRefused(request)) return expect(read).toThrow(Failure);
    const head = read();
    expect(head?.topic ?? "").toBe(request.topic);
    const { producer } = request;
    expect(head?.producer).toEqual(
      producer && { id: producer.id, epoch: producer.epoch, sequence: Number(producer.sequence) },
    );
  },
);

fuzz("a damaged request is refused, or read to its end", { cases: 20_000 }, (random) => {
  const bytes = Buffer.from(damaged(random, bytesOf(anyRequest(random))));
  try {
    readHead(bytes, 0, bytes.byteLength, recordsMax);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(["invalid", "too_large"]).toContain(error.code);
  }
});

function anyRequest(random: FuzzRandom): Request {
  const records = random.list(recordsMax + 2, () => ({ value: random.bytes(5) }));
  const producer = {
    id: random.text(["a", "é", "\u{1f600}", "x".repeat(60)], 4),
    epoch: random.pick([0, 1, 7, 2 ** 31, 2 ** 32 - 1]),
    sequence: random.pick([0n, 1n, 300n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]),
  };
  return {
    records,
    topic: random.text(["a", "é", ".", " "], 4),
    ...(random.chance(0.7) ? { producer } : {}),
    ack: random.pick([Ack.UNSPECIFIED, Ack.DURABLE, Ack.RECEIVED]),
  };
}

function mayBeRefused({ records, producer }: CollectRequest): boolean {
  if (records.length > recordsMax) return true;
  if (producer === undefined) return false;
  return Buffer.byteLength(producer.id) > 128 || producer.sequence >= 2n ** 53n;
}

interface Sent {
  readonly epoch: number;
  readonly sequence: number;
  readonly count: number;
}

const nameOf = (epoch: number, sequence: number) => `${epoch}-${sequence}`;

fuzz(
  "a producer's record is stored once, in order, and is there once it is acknowledged",
  { cases: 150 },
  async (random) => {
    const { collector, stored } = await open();
    const acknowledged = new Set<string>();
    let epoch = 1;
    let next = 0;
    const history: Sent[] = [];
    for (let step = 2 + random.int(8); step > 0; step--) {
      const retried = random.chance(0.4) ? random.pick([...history, undefined]) : undefined;
      if (retried === undefined && random.chance(0.1)) [epoch, next] = [epoch + 1, 0];
      // The first request of an epoch defines where it begins: a producer waits for its answer.
      const mayOmit = retried === undefined && next > 0;
      const skipped = mayOmit && random.chance(0.1) ? 1 + random.int(3) : 0;
      const sent = retried ?? { epoch, sequence: next + skipped, count: 1 + random.int(4) };
      if (retried === undefined) {
        history.push(sent);
        if (skipped === 0) next += sent.count;
      }
      const names = Array.from({ length: sent.count }, (_, i) =>
        nameOf(sent.epoch, sent.sequence + i),
      );
      const call = collector.open(openCaller);
      try {
        const message = bytesOf({
          topic,
          producer: { id: "p", epoch: sent.epoch, sequence: BigInt(sent.sequence) },
          records: names.map((name) => ({ key: Buffer.from(name), value: Buffer.from(name) })),
        });
        call.take(message, 0, message.byteLength);
        await call.settled();
        expect(call.summary()).toMatchObject({ accepted: sent.count, refused: 0 });
        for (const name of names) acknowledged.add(name);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        // Of an earlier epoch, or after a gap.
        expect(error.code).toBe("conflict");
        expect(sent.epoch < epoch || skipped > 0 || retried !== undefined).toBe(true);
      } finally {
        call.close();
      }
    }
    const found = await stored();
    const names = found.map(({ key }) => key);
    expect(new Set(names).size).toBe(names.length);
    for (const name of acknowledged) expect(names).toContain(name);
    for (const { key, value } of found) expect(value).toBe(key);
    const order = names.map((name) => name.split("-").map(Number));
    const sorted = order.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
    expect(order).toEqual(sorted);
  },
);

async function open() {
  const log = createMemoryLog({ clock });
  await log.create(topic, { ...defaultTopicSettings, layout: "frames" });
  const collector = new Collector({
    log,
    clock,
    turns: new Turns(),
    inFlight: new InFlight(1_000_000),
    limits: { ...defaultIngestLimits, lingerMs: 0 },
    rules: new TopicRules(),
    gate: new SchemaGate({ log, schemas: { check: (_rule, given) => given.map(() => undefined) } }),
    newTopics: undefined,
  });
  const stored = async () => {
    const { end: until } = await log.bounds(topic);
    const found: { readonly key: string; readonly value: string }[] = [];
    for await (const { records } of log.read(topic, { after: "earliest", until })) {
      for (const { record } of records) {
        found.push({ key: record.key, value: Buffer.from(record.value).toString() });
      }
    }
    return found;
  };
  return { collector, stored };
}
