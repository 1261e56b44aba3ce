import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { slowCollector } from "../../test/support/slow-collector.ts";
import { openCaller } from "../core/access/caller.ts";
import { Failure } from "../core/failure.ts";
import { encodeFrame } from "../core/frame.ts";
import { comparePositions } from "../core/position.ts";
import { jsonType } from "../core/record.ts";
import { EncodedTopic } from "./encoded.ts";
import { defaultIngestLimits } from "./limits.ts";
import { Author } from "./topic-rules.ts";

const name = "encoded";
/** A call that waited for the linger would outlast the test. */
const limits = { ...defaultIngestLimits, lingerMs: 600_000 };

async function rig() {
  const { memory, appends, state, collector } = await slowCollector(name, limits);
  return { memory, appends, state, topic: new EncodedTopic(collector, name, new Author("tests")) };
}

function encoded(count: number): Buffer {
  const one = { value: Buffer.from("1"), key: "k", contentType: jsonType, schemaId: 0, timeNs: 1n };
  return Buffer.from(encodeFrame(Array.from({ length: count }, () => one)));
}

test("a call is settled once all of it is durable, and has the last position", async () => {
  const { memory, topic } = await rig();
  const call = topic.open(openCaller);
  await call.settled();
  expect(call.position).toBeUndefined();
  const bytes = encoded(3);
  call.add(bytes, 0, bytes.byteLength, 3);
  // Copied: the caller may reuse its buffer.
  bytes.fill(0);
  const large = encoded(9000);
  call.add(large, 0, large.byteLength, 9000);
  await call.settled();
  const { end } = await memory.bounds(name);
  expect(comparePositions(call.position ?? end, end)).toBe(0);
  expect(topic.inFlight.bytes).toBe(0);
  let stored = 0;
  for await (const { records } of memory.read(name, { after: "earliest", until: end })) {
    stored += records.filter(({ record }) => record.key === "k").length;
  }
  expect(stored).toBe(9003);
});

test("calls of one moment share an append; a lone one is not kept waiting", async () => {
  const { appends, topic } = await rig();
  const bytes = encoded(1);
  const save = async () => {
    const call = topic.open(openCaller);
    call.add(bytes, 0, bytes.byteLength, 1);
    await call.settled();
  };
  await save();
  for (let round = 0; round < 5; round++) {
    // They come one after another, each in another turn, as from connections.
    const calls = Array.from({ length: 20 }, async (_, i) => {
      for (let turn = 0; turn < i % 4; turn++) await new Promise((done) => setImmediate(done));
      await save();
    });
    await Promise.all(calls);
  }
  expect(appends.reduce((sum, count) => sum + count)).toBe(101);
  expect(appends.length).toBeLessThan(20);
});

test("a failed append fails the calls that brought its records", async () => {
  const { state, topic } = await rig();
  const bytes = encoded(2);
  state.failing = new Failure("unavailable", "The log is unavailable");
  const calls = [topic.open(openCaller), topic.open(openCaller)];
  for (const call of calls) call.add(bytes, 0, bytes.byteLength, 2);
  const results = await Promise.allSettled(calls.map((call) => call.settled()));
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await expect(calls[0]?.settled()).rejects.toMatchObject({ code: "unavailable" });
  state.failing = undefined;
  const after = topic.open(openCaller);
  after.add(bytes, 0, bytes.byteLength, 2);
  after.expedite();
  await after.settled();
  expect(after.position).toBeDefined();
  expect(topic.inFlight.bytes).toBe(0);
});
