import { expect, test } from "bun:test";
import { openCaller } from "../core/access/caller.ts";
import { Turns } from "../core/budget/turn.ts";
import { systemClock as clock } from "../core/clock.ts";
import { encodeFrame, encodeFrameInTurns } from "../core/frame.ts";
import { jsonType } from "../core/record.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import { InFlight } from "./in-flight.ts";
import { Ingest } from "./ingest.ts";
import { defaultIngestLimits } from "./limits.ts";
import { SchemaGate } from "./schema-gate.ts";
import { TopicRules } from "./topic-rules.ts";

/** Each look at its clock is 2 ms later; rounds of its loop are counted. */
function busyTurns() {
  let nowMs = 0;
  const state = { rounds: 0 };
  const turns = new Turns({
    elapsedMs: () => (nowMs += 2),
    later: (callback) =>
      void setImmediate(() => {
        state.rounds++;
        callback();
      }),
  });
  return { turns, state };
}

function setUp() {
  const log = createMemoryLog({ clock });
  const { turns, state } = busyTurns();
  const schemas = { check: (_rule: unknown, all: readonly unknown[]) => all.map(() => undefined) };
  const inFlight = new InFlight(64 * 1024 * 1024);
  const ingest = new Ingest({
    ...{ log, clock, turns, limits: defaultIngestLimits },
    gate: new SchemaGate({ log, schemas }),
    inFlight,
    rules: new TopicRules(),
    newTopics: defaultTopicSettings,
  });
  return { log, ingest, state, inFlight };
}

const incoming = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    value: new TextEncoder().encode(String(i)),
    key: "k",
    contentType: jsonType,
  }));

test("many records are checked and encoded in turns; they keep their order and their indexes", async () => {
  const { log, ingest, state } = setUp();
  const given = incoming(10_000);
  const tooLarge = { value: new Uint8Array(2 * 1024 * 1024), key: "k", contentType: jsonType };
  const records = given.map((one, i) => (i % 3000 === 2999 ? tooLarge : one));
  const { accepted, refused } = await ingest.append("t", records, openCaller);
  expect(accepted).toBe(9997);
  expect(refused.map(({ index }) => index)).toEqual([2999, 5999, 8999]);
  // Twenty looks at the clock for the check, twenty for the encoding; a slice has three of them.
  expect(state.rounds).toBeGreaterThan(8);
  const { end } = await log.bounds("t");
  const values: string[] = [];
  for await (const { records } of log.read("t", { after: "earliest", until: end })) {
    for (const { record } of records) values.push(new TextDecoder().decode(record.value));
  }
  expect(values).toEqual(given.flatMap((_, i) => (i % 3000 === 2999 ? [] : [String(i)])));
});

test("few records do not wait for a turn", async () => {
  const { ingest, state } = setUp();
  await ingest.append("t", incoming(10), openCaller);
  expect(state.rounds).toBe(0);
});

test("records with options each are admitted together, or none of them is", async () => {
  const { log, ingest, inFlight } = setUp();
  const checked = await ingest.check("t", incoming(50), openCaller);
  const others = inFlight.bytesMax - 1000;
  inFlight.add(others);
  const appendAll = () => ingest.appendEach(checked, (i) => ({ dedupId: `d${i}` }));
  await expect(appendAll()).rejects.toMatchObject({ code: "overloaded" });
  await expect(log.bounds("t")).rejects.toMatchObject({ code: "not_found" });
  expect(inFlight.bytes).toBe(others);
  inFlight.release(others);
  await appendAll();
  await appendAll();
  expect(inFlight.bytes).toBe(0);
  const { end } = await log.bounds("t");
  let count = 0;
  for await (const { records } of log.read("t", { after: "earliest", until: end })) {
    count += records.length;
  }
  expect(count).toBe(50);
});

test("a Frame that is encoded in turns is the same", async () => {
  const records = incoming(1234).map((one, i) => ({ ...one, schemaId: i, timeNs: BigInt(i) }));
  const { turns } = busyTurns();
  expect(await encodeFrameInTurns(records, turns.open())).toEqual(encodeFrame(records));
});
