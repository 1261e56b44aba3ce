import { expect, test } from "bun:test";
import { openCaller } from "../core/access/caller.ts";
import { Turns } from "../core/budget/turn.ts";
import { systemClock as clock } from "../core/clock.ts";
import { Failure, type Issue } from "../core/failure.ts";
import type { RecordChecks, SchemaRecord } from "../core/schemas.ts";
import { defaultTopicSettings, type SchemaRule } from "../core/topic.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import { InFlight } from "./in-flight.ts";
import { Ingest } from "./ingest.ts";
import { defaultIngestLimits } from "./limits.ts";
import { SchemaGate } from "./schema-gate.ts";
import { TopicRules } from "./topic-rules.ts";

const bad: Issue = { field: "schema_id", code: "invalid", message: "it is missing" };
/** Refuses records without a schema; id 9 takes time, and id 8 cannot be fetched. */
const schemas: RecordChecks = {
  check(_rule, records) {
    if (records.some(({ schemaId }) => schemaId === 8)) {
      return Promise.reject(new Failure("unavailable", "The store is not available"));
    }
    const issues = records.map(({ schemaId }) => (schemaId === 0 ? bad : undefined));
    const slow = records.some(({ schemaId }) => schemaId === 9);
    return slow ? new Promise((resolve) => setTimeout(() => resolve(issues), 20)) : issues;
  },
};

function setUp(topicsMax?: number) {
  const log = createMemoryLog({ clock });
  let described = 0;
  const counted = {
    describe: (topic: string) => {
      described++;
      return log.describe(topic);
    },
  };
  const gate = new SchemaGate({ log: counted, schemas }, topicsMax);
  const make = (topic: string, schema: SchemaRule) =>
    log.create(topic, { ...defaultTopicSettings, schema });
  const inFlight = new InFlight(10_000);
  const ingest = new Ingest({
    ...{ log, clock, gate, limits: defaultIngestLimits, inFlight, turns: new Turns() },
    rules: new TopicRules(),
    newTopics: defaultTopicSettings,
  });
  return { log, gate, make, ingest, inFlight, described: () => described };
}

const record = (schemaId = 0): SchemaRecord => ({
  value: new Uint8Array(100),
  contentType: "application/octet-stream",
  schemaId,
});

test("a topic's rule is fetched once, however many wait for it", async () => {
  const { gate, make, described } = setUp();
  await make("open", "none");
  const topic = gate.topic("open");
  expect(topic.isOpen).toBe(false);
  expect(await Promise.all([topic.check([record()]), topic.check([record()])])).toEqual([
    [undefined],
    [undefined],
  ]);
  expect(topic.isOpen).toBe(true);
  await topic.check([record()]);
  expect(described()).toBe(1);
});

test("a topic with a rule is never open, and has its schemas checked", async () => {
  const { gate, make } = setUp();
  await make("strict", "validated");
  const topic = gate.topic("strict");
  expect(await topic.check([record(1), record()])).toEqual([undefined, bad]);
  expect(topic.isOpen).toBe(false);
  // Cached now: no turn passes.
  expect(topic.check([record(1)])).toEqual([undefined]);
});

test("an append to another incarnation has the rule fetched again", async () => {
  const { gate, log, make } = setUp();
  await make("t", "none");
  const topic = gate.topic("t");
  await topic.check([record()]);
  const before = await log.bounds("t");
  topic.appended(before.end);
  expect(topic.isOpen).toBe(true);
  await log.remove("t");
  await make("t", "id");
  topic.appended((await log.bounds("t")).end);
  expect(topic.isOpen).toBe(false);
  expect(await topic.check([record()])).toEqual([bad]);
  // A late answer about the earlier incarnation changes nothing in the end.
  topic.appended(before.end);
  expect(await topic.check([record()])).toEqual([bad]);
});

test("what the rule of an earlier incarnation refuses is judged by the present one's", async () => {
  const { gate, log, make } = setUp();
  await make("t", "id");
  const topic = gate.topic("t");
  expect(await topic.check([record()])).toEqual([bad]);
  await log.remove("t");
  expect(await topic.check([record()])).toEqual([undefined]);
  await make("t", "id");
  expect(await topic.check([record()])).toEqual([bad]);
  await log.remove("t");
  await make("t", "none");
  expect(await topic.check([record()])).toEqual([undefined]);
  expect(topic.isOpen).toBe(true);
});

test("a topic that does not exist yet is described until it does", async () => {
  const { gate, make } = setUp();
  const topic = gate.topic("new");
  expect(await topic.check([record()])).toEqual([undefined]);
  expect(topic.isOpen).toBe(false);
  await make("new", "id");
  expect(await topic.check([record()])).toEqual([bad]);
});

test("an unavailable log lets nothing through, and is queried again", async () => {
  let away = true;
  const log = createMemoryLog({ clock });
  await log.create("t", defaultTopicSettings);
  const describe = (topic: string) =>
    away
      ? Promise.reject(new Failure("unavailable", "The log is unavailable"))
      : log.describe(topic);
  const topic = new SchemaGate({ log: { describe }, schemas }).topic("t");
  await expect(Promise.resolve(topic.check([record()]))).rejects.toThrow("unavailable");
  expect(topic.isOpen).toBe(false);
  away = false;
  expect(await topic.check([record()])).toEqual([undefined]);
});

test("it keeps a bounded number of topics, and an evicted gate stays valid", async () => {
  const { gate, make } = setUp(2);
  for (const name of ["a", "b", "c"]) await make(name, "id");
  const first = gate.topic("a");
  expect(gate.topic("a")).toBe(first);
  gate.topic("b");
  gate.topic("c");
  expect(gate.topic("a")).not.toBe(first);
  expect(await first.check([record()])).toEqual([bad]);
});

test("a rule that was changed counts once it is forgotten; other topics keep theirs", async () => {
  const { gate, log, make, described } = setUp();
  await make("t", "none");
  await make("other", "none");
  const [topic, other] = [gate.topic("t"), gate.topic("other")];
  await Promise.all([topic.check([record()]), other.check([record()])]);
  await log.change("t", { schema: "id" });
  expect(topic.isOpen).toBe(true);
  gate.forget("t");
  expect([topic.isOpen, other.isOpen]).toEqual([false, true]);
  expect(await topic.check([record()])).toEqual([bad]);
  gate.forgetAll();
  expect(other.isOpen).toBe(false);
  const before = described();
  await other.check([record()]);
  expect(described()).toBe(before + 1);
});

test("a rule that was loosened counts at the first refusal, without being forgotten", async () => {
  const { gate, log, make } = setUp();
  await make("t", "id");
  const topic = gate.topic("t");
  expect(await topic.check([record()])).toEqual([bad]);
  await log.change("t", { schema: "none" });
  expect(await topic.check([record()])).toEqual([undefined]);
});

test("an answer that was on its way while its rule was forgotten is not believed", async () => {
  const log = createMemoryLog({ clock });
  await log.create("t", defaultTopicSettings);
  const answers: (() => void)[] = [];
  const describe = async (name: string) => {
    const info = await log.describe(name);
    await new Promise<void>((resolve) => answers.push(resolve));
    return info;
  };
  const gate = new SchemaGate({ log: { describe }, schemas });
  const checked = gate.topic("t").check([record()]);
  await Bun.sleep(1);
  await log.change("t", { schema: "id" });
  gate.forget("t");
  answers.shift()?.();
  await Bun.sleep(1);
  answers.shift()?.();
  expect(await checked).toEqual([bad]);
});

test("an evicted gate forgets its rule with any other", async () => {
  const { gate, log, make } = setUp(1);
  await make("a", "none");
  await make("b", "none");
  const first = gate.topic("a");
  await first.check([record()]);
  gate.topic("b");
  expect(first.isOpen).toBe(true);
  await log.change("a", { schema: "id" });
  gate.forget("a");
  expect(first.isOpen).toBe(false);
  expect(await first.check([record()])).toEqual([bad]);
});

test("an append refuses by index what either check refuses, and takes the rest", async () => {
  const { ingest, log, make } = setUp();
  await make("t", "id");
  const large = { ...record(1), value: new Uint8Array(2_000_000) };
  const parse: Issue = { field: "body", code: "invalid", message: "Cannot parse JSON" };
  const result = await ingest.append(
    "t",
    [record(1), large, record(), parse, record(2), record()],
    openCaller,
  );
  expect(result.accepted).toBe(2);
  expect(result.refused.map(({ index, field }) => [index, field])).toEqual([
    [1, "value"],
    [2, "schema_id"],
    [3, "body"],
    [5, "schema_id"],
  ]);
  expect((await log.bounds("t")).end.sequence).toBe(2);
});

test("what waits for a schema counts as in flight, and is released when it cannot be fetched", async () => {
  const { ingest, inFlight, make } = setUp();
  await make("t", "id");
  const waiting = ingest.append(
    "t",
    Array.from({ length: 50 }, () => record(9)),
    openCaller,
  );
  await Promise.resolve();
  expect(inFlight.bytes).toBeGreaterThan(5000);
  const many = Array.from({ length: 50 }, () => record(9));
  await expect(ingest.append("t", many, openCaller)).rejects.toThrow("not yet durable");
  expect((await waiting).accepted).toBe(50);
  await expect(ingest.append("t", [record(8)], openCaller)).rejects.toThrow("not available");
  expect(inFlight.bytes).toBe(0);
});
