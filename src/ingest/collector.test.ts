/** Calls of the collector on a log: their answers, and the order in which records are stored. */

import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { openCaller } from "../core/access/caller.ts";
import { Turns } from "../core/budget/turn.ts";
import { sleep, systemClock as clock } from "../core/clock.ts";
import type { RecordContract } from "../core/record-contract.ts";
import type { LogRecord } from "../core/record.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { CollectRequestSchema } from "../gen/sluice/v1/collector_pb.ts";
import { Ack } from "../gen/sluice/v1/record_pb.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import type { Call } from "./call.ts";
import { Collector } from "./collector.ts";
import { InFlight } from "./in-flight.ts";
import { defaultIngestLimits } from "./limits.ts";
import { SchemaGate } from "./schema-gate.ts";
import { Author, TopicRules } from "./topic-rules.ts";

const limits = { ...defaultIngestLimits, recordBytesMax: 100, lingerMs: 1 };

function setUp(newTopics = true, rules = new TopicRules()) {
  const log = createMemoryLog({ clock });
  const inFlight = new InFlight(1_000_000);
  const collector = new Collector({
    turns: new Turns(),
    ...{ log, clock, inFlight, limits, rules },
    gate: new SchemaGate({ log, schemas: { check: (_rule, given) => given.map(() => undefined) } }),
    newTopics: newTopics ? defaultTopicSettings : undefined,
  });
  const stored = async (topic: string): Promise<string[]> => {
    const { end: until } = await log.bounds(topic);
    const found: string[] = [];
    for await (const { records } of log.read(topic, { after: "earliest", until })) {
      found.push(...records.map(({ record }) => Buffer.from(record.value).toString()));
    }
    return found;
  };
  return { log, collector, inFlight, stored };
}

function give(call: Call, request: MessageInitShape<typeof CollectRequestSchema>): void {
  const message = Buffer.from(
    toBinary(CollectRequestSchema, create(CollectRequestSchema, request)),
  );
  call.take(message, 0, message.byteLength);
}

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const record = (text: string) => ({ value: Buffer.from(text) });

test("a topic that its first records create has them in their order", async () => {
  const { collector, stored, log } = setUp();
  const create = log.create.bind(log);
  // Creating it takes long: other frames come meanwhile, and find it created.
  log.create = async (...given) => {
    const made = await create(...given);
    await sleep(clock, 30);
    return made;
  };
  const call = collector.open(openCaller);
  const expected = Array.from({ length: 20 }, (_, i) => `${i}`);
  for (const text of expected) {
    give(call, { topic: "new", records: [record(text)] });
    await sleep(clock, 3);
  }
  await call.settled();
  call.close();
  expect(await stored("new")).toEqual(expected);
});

test("the position is of the topic named last, whichever is stored later", async () => {
  const { collector, log } = setUp();
  await log.create("one", { ...defaultTopicSettings, layout: "frames" });
  await log.create("two", { ...defaultTopicSettings, layout: "frames" });
  // Positions of "one" are further on.
  for (const _ of [1, 2, 3]) await log.append("one", [{ ...plain, value: Buffer.from("x") }]);
  const call = collector.open(openCaller);
  give(call, { topic: "one", records: [record("a")] });
  give(call, { topic: "two", records: [record("b")] });
  await call.settled();
  const { end } = await log.bounds("two");
  expect(call.summary()).toMatchObject({ accepted: 2, position: end });
  call.close();
});

const plain = { key: "", contentType: "text/plain", schemaId: 0, timeNs: 0n };

test("refusals count from the start of the call, and each is in one summary only", async () => {
  const { collector, stored } = setUp();
  const call = collector.open(openCaller);
  const long = record("x".repeat(101));
  give(call, { topic: "t", records: [record("a"), long] });
  give(call, { records: [long, record("b")] });
  await call.settled();
  const first = call.summary();
  expect(first).toMatchObject({ accepted: 2, refused: 2 });
  expect(first.refusals.map(({ index, code, field }) => [index, code, field])).toEqual([
    [1, "too_large", "value"],
    [2, "too_large", "value"],
  ]);
  expect(call.summary()).toMatchObject({ accepted: 2, refused: 2, refusals: [] });
  expect(await stored("t")).toEqual(["a", "b"]);
  call.close();
});

test("the first hundred of many refusals are listed, and all are counted", async () => {
  const { collector } = setUp();
  const call = collector.open(openCaller);
  const long = record("x".repeat(101));
  give(call, { topic: "t", records: Array.from({ length: 250 }, () => long) });
  await call.settled();
  const { refused, refusals } = call.summary();
  expect([refused, refusals.length, refusals.at(-1)?.index]).toEqual([250, 100, 99]);
  call.close();
});

test("a caller that answers as it goes is also notified of refusals", async () => {
  const { collector } = setUp();
  const call = collector.open(openCaller);
  const { promise, resolve } = Promise.withResolvers<number>();
  call.progress = () => call.answerable > 0 && resolve(call.answerable);
  give(call, { topic: "t", records: [record("x".repeat(101))] });
  expect(await promise).toBe(1);
  call.close();
});

test("ack = received is answered before anything is stored, and everything is stored", async () => {
  const { collector, stored, inFlight } = setUp();
  const call = collector.open(openCaller);
  give(call, { topic: "t", ack: Ack.RECEIVED, records: [record("a")] });
  await call.settled();
  expect(call.summary()).toMatchObject({ accepted: 1, ack: "received", position: undefined });
  expect(inFlight.bytes).toBeGreaterThan(0);
  call.close();
  await sleep(clock, 30);
  expect(await stored("t")).toEqual(["a"]);
  expect(inFlight.bytes).toBe(0);
});

test("what a call brought before it was closed is stored", async () => {
  const { collector, stored } = setUp();
  const call = collector.open(openCaller);
  give(call, { topic: "t", records: [record("a")] });
  call.close();
  await sleep(clock, 30);
  expect(await stored("t")).toEqual(["a"]);
});

test("where appends may not create topics, records of an unknown topic are not_found", async () => {
  const { collector, inFlight } = setUp(false);
  const call = collector.open(openCaller);
  give(call, { topic: "nowhere", records: [record("a")] });
  await expect(call.settled()).rejects.toMatchObject({ code: "not_found" });
  expect(call.failure).toMatchObject({ code: "not_found" });
  expect(() => give(call, { records: [record("b")] })).toThrow("nowhere");
  expect(inFlight.bytes).toBe(0);
  call.close();
});

test("a topic that cannot be named leaves the call where it was", async () => {
  const { collector, stored } = setUp();
  const call = collector.open(openCaller);
  give(call, { topic: "t", records: [record("a")] });
  // Until then its rule is not known, and what follows waits.
  await call.settled();
  expect(() => give(call, { topic: "no/name", records: [record("b")] })).toThrow(
    `"no/name": expected 1 to 200 characters`,
  );
  give(call, { records: [record("c")] });
  await call.settled();
  expect(await stored("t")).toEqual(["a", "c"]);
  call.close();
});

test("refused records leave gaps in a producer's sequence that the log takes", async () => {
  const { collector, stored } = setUp();
  const producer = { id: "p", epoch: 1, sequence: 0n };
  const long = record("x".repeat(101));
  for (const _ of ["first", "again"]) {
    const call = collector.open(openCaller);
    give(call, { topic: "t", producer, records: [record("0"), long, record("2")] });
    await call.settled();
    expect(call.summary()).toMatchObject({ accepted: 2, refused: 1 });
    call.close();
  }
  const next = collector.open(openCaller);
  give(next, { topic: "t", producer: { ...producer, sequence: 3n }, records: [record("3")] });
  await next.settled();
  next.close();
  expect(await stored("t")).toEqual(["0", "2", "3"]);
});

/** Texts of a key and, unless it is "?", a time; others are refused. */
const form: RecordContract = ({ value, timeNs }) => {
  const [key = "", time] = Buffer.from(value).toString().split(" ");
  if (time === undefined) return { field: "body", code: "invalid", message: "it has no time" };
  return { key, contentType: "text/plain", timeNs: time === "?" ? timeNs : BigInt(time) };
};

function rulesWithForm(): TopicRules {
  const rules = new TopicRules();
  rules.declare("formed", {
    owner: new Author("former"),
    contains: { kind: "series", isKey: true },
    contract: form,
  });
  return rules;
}

test("records of a topic with a contract are stored as it derives them, the first as the later ones", async () => {
  const { collector, log } = setUp(true, rulesWithForm());
  const call = collector.open(openCaller);
  const headers = { by: Buffer.from("me") };
  const whole = { key: Buffer.from("c"), contentType: "text/plain", timeNs: 3n };
  for (let round = 0; round < 2; round++) {
    const records = [
      { ...record("a 1"), headers },
      record("none"),
      { ...record("b ?"), timeNs: 2n },
      { ...record("c 3"), ...whole },
      record("x".repeat(101)),
    ];
    give(call, { topic: "formed", records });
    await call.settled();
  }
  expect(call.summary()).toMatchObject({
    accepted: 6,
    refusals: [
      { index: 1, field: "body" },
      { index: 4, code: "too_large" },
      { index: 6, field: "body" },
      { index: 9, code: "too_large" },
    ],
  });
  call.close();
  const { end: until } = await log.bounds("formed");
  const found: LogRecord[] = [];
  for await (const { records } of log.read("formed", { after: "earliest", until })) {
    found.push(...records.map((stored) => stored.record));
  }
  const one = { contentType: "text/plain", schemaId: 0 };
  const expected = [
    { ...one, value: Buffer.from("a 1"), key: "a", timeNs: 1n, headers },
    { ...one, value: Buffer.from("b ?"), key: "b", timeNs: 2n },
    { ...one, value: Buffer.from("c 3"), key: "c", timeNs: 3n },
  ];
  const plain = (records: readonly LogRecord[]) =>
    records.map(({ value, headers: given, ...rest }) => {
      const by = given?.["by"];
      return { ...rest, value: textOf(value), by: by && textOf(by) };
    });
  expect(plain(found)).toEqual(plain([...expected, ...expected]));
});

test("a contract's refusals also leave gaps in a producer's sequence", async () => {
  const { collector, stored } = setUp(true, rulesWithForm());
  const producer = { id: "p", epoch: 1, sequence: 0n };
  for (const _ of ["first", "again"]) {
    const call = collector.open(openCaller);
    const records = [record("a 1"), record("none"), record("b 2")];
    give(call, { topic: "formed", producer, records });
    await call.settled();
    expect(call.summary()).toMatchObject({ accepted: 2, refused: 1 });
    call.close();
  }
  expect(await stored("formed")).toEqual(["a 1", "b 2"]);
});
