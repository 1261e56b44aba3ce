/** Calls of the collector whose records wait for a schema: their order, bounds and ends. */

import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { openCaller } from "../core/access/caller.ts";
import { Turns } from "../core/budget/turn.ts";
import { systemClock as clock } from "../core/clock.ts";
import { Failure, type Issue } from "../core/failure.ts";
import type { RecordChecks } from "../core/schemas.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { CollectRequestSchema } from "../gen/sluice/v1/collector_pb.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import type { Call } from "./call.ts";
import { Collector } from "./collector.ts";
import { InFlight } from "./in-flight.ts";
import { defaultIngestLimits } from "./limits.ts";
import { SchemaGate } from "./schema-gate.ts";
import { TopicRules } from "./topic-rules.ts";

const refused: Issue = { field: "schema_id", code: "invalid", message: "it is odd" };

/** Odd schemas are refused. Checks wait for `release` or `fail`. */
async function setUp() {
  const log = createMemoryLog({ clock });
  await log.create("strict", { ...defaultTopicSettings, layout: "frames", schema: "id" });
  await log.create("open", { ...defaultTopicSettings, layout: "frames" });
  const turn = Promise.withResolvers<void>();
  const schemas: RecordChecks = {
    async check(_rule, records) {
      await turn.promise;
      return records.map(({ schemaId }) => (schemaId % 2 === 0 ? undefined : refused));
    },
  };
  const inFlight = new InFlight(1_000_000);
  const collector = new Collector({
    turns: new Turns(),
    ...{ log, clock, inFlight, limits: { ...defaultIngestLimits, lingerMs: 1 } },
    gate: new SchemaGate({ log, schemas }),
    rules: new TopicRules(),
    newTopics: undefined,
  });
  const ids = async (topic: string): Promise<number[]> => {
    const { end } = await log.bounds(topic);
    const found: number[] = [];
    for await (const { records } of log.read(topic, { after: "earliest", until: end })) {
      found.push(...records.map(({ record }) => record.schemaId));
    }
    return found;
  };
  return {
    ...{ inFlight, ids },
    call: collector.open(openCaller),
    release: () => turn.resolve(),
    fail: (failure: Failure) => turn.reject(failure),
  };
}

function give(call: Call, request: MessageInitShape<typeof CollectRequestSchema>): void {
  // A chunk of the wire, which is reused once the call has taken its message.
  const message = toBinary(CollectRequestSchema, create(CollectRequestSchema, request));
  const chunk = Buffer.concat([Buffer.from("head"), message, Buffer.from("tail")]);
  call.take(chunk, 4, 4 + message.byteLength);
  chunk.fill(0xff);
}

const records = (...ids: number[]) =>
  ids.map((schemaId) => ({ schemaId, value: Buffer.from("v") }));

test("messages go on in their order, those of other topics and without a rule included", async () => {
  const { call, release, ids } = await setUp();
  give(call, { topic: "strict", records: records(2, 3, 4) });
  give(call, { topic: "open", records: records(5, 6) });
  give(call, { records: records(7) });
  give(call, { topic: "strict", records: records(9, 8) });
  setTimeout(release, 20);
  await call.settled();
  const summary = call.summary();
  expect(summary).toMatchObject({ accepted: 6, refused: 2, ack: "durable" });
  expect(summary.refusals.map(({ index }) => index)).toEqual([1, 6]);
  expect(await ids("strict")).toEqual([2, 4, 8]);
  expect(await ids("open")).toEqual([5, 6, 7]);
});

test("queued messages are in flight, and nothing of them remains", async () => {
  const { call, release, inFlight, ids } = await setUp();
  const given = Array.from({ length: 2000 }, (_, n) => 2 * n);
  for (const id of given) give(call, { topic: "strict", records: records(id) });
  expect(inFlight.bytes).toBeGreaterThan(given.length * 64);
  release();
  await call.settled();
  expect(await ids("strict")).toEqual(given);
  expect(inFlight.bytes).toBe(0);
  expect(call.pending).toBe(0);
});

test("a schema that cannot be fetched fails the call, and nothing more of it is taken", async () => {
  const { call, fail, ids, inFlight } = await setUp();
  give(call, { topic: "strict", records: records(2) });
  give(call, { topic: "open", records: records(4) });
  fail(new Failure("unavailable", "The store is not available"));
  await expect(call.settled()).rejects.toThrow("not available");
  expect(() => give(call, { records: records(2) })).toThrow("not available");
  expect([await ids("strict"), await ids("open"), inFlight.bytes]).toEqual([[], [], 0]);
});

test("only checked records count as received", async () => {
  const { call, release } = await setUp();
  give(call, { topic: "strict", ack: 2, records: records(2, 3) });
  let settled = false;
  const settling = call.settled().then(() => (settled = true));
  await Bun.sleep(20);
  expect(settled).toBe(false);
  release();
  await settling;
  expect(call.summary()).toMatchObject({ accepted: 1, refused: 1, ack: "received" });
});

test("a caller that leaves does not take back what it gave", async () => {
  const { call, release, ids } = await setUp();
  give(call, { topic: "strict", records: records(2) });
  give(call, { records: records(4, 5) });
  call.close();
  release();
  await Bun.sleep(30);
  expect(await ids("strict")).toEqual([2, 4]);
});

test("bytes that are not a message fail the call when their turn comes", async () => {
  const { call, release, ids } = await setUp();
  give(call, { topic: "strict", records: records(2) });
  call.take(Buffer.from([0x0a, 99]), 0, 2);
  release();
  await expect(call.settled()).rejects.toThrow("reaches past its end");
  await Bun.sleep(10);
  expect(await ids("strict")).toEqual([2]);
});

test("a record past its limits is refused at its place", async () => {
  const { call, release, ids } = await setUp();
  const large = { schemaId: 2, value: Buffer.alloc(2_000_000) };
  give(call, { topic: "strict", records: [...records(2, 3), large, ...records(4)] });
  release();
  await call.settled();
  expect(call.summary().refusals.map(({ index, field }) => [index, field])).toEqual([
    [1, "schema_id"],
    [2, "value"],
  ]);
  expect(await ids("strict")).toEqual([2, 4]);
});
