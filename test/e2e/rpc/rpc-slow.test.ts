/**
 * Subscribers that stop reading. Each is closed with the reason and its position, and gets the rest when
 * it resumes there. Other subscribers are not slowed down, and the gateway's memory stays bounded.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { pause, until, within } from "../../support/until.ts";
import { type Consumer, consumerOf, endOf, take, valuesOf, ways } from "./rpc.ts";

const mega = 1024 * 1024;
const stallMs = 3000;
/** More in total than sockets, streams and libraries buffer. */
const records = 120;
const pad = "x".repeat(256 * 1024);

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_STALL_MS: String(stallMs) } });
}, 60_000);

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
});

async function append(topic: string): Promise<void> {
  for (let n = 0; n < records; n++) {
    await post(`${gateway.url}/v1/topics/${topic}/records`, { n, pad });
  }
}

const numberOf = (value: string) => Number(/^\{"n":(\d+)/.exec(value)?.[1]);
const all = Array.from({ length: records }, (_, n) => n);
const earliest = { case: "earliest", value: true } as const;

async function subscriptions(): Promise<number> {
  return (await ask("GET", `${gateway.url}/status`)).json.hub.subscriptions;
}

for (const way of ["gRPC on the RPC port", "Connect over h2c"] as const) {
  test(`${way}: closed with its position, it resumes from there`, async () => {
    const topic = way.replaceAll(" ", "-");
    await append(topic);
    const consumer = consumerOf(ways[way](gateway));
    const stream = consumer.subscribe({ topic, start: earliest })[Symbol.asyncIterator]();
    await stream.next();
    // The first message arrives before the subscriber is a member of the hub.
    await until("its place in the hub", 10_000, async () => (await subscriptions()) === 1);
    await until("its end in the hub", 25_000, async () => (await subscriptions()) === 0);
    const numbers: number[] = [];
    const rest = async () => {
      for (;;) {
        const next = await stream.next();
        if (next.done === true) return;
        numbers.push(...valuesOf(next.value).map(numberOf));
      }
    };
    const ended = await within("its end", 25_000, endOf(rest()));
    expect(ended).toMatchObject({ code: "Aborted", reason: "SLOW_SUBSCRIBER" });
    expect(numbers.length).toBeLessThan(records);
    const after = { case: "after", value: ended.position ?? "" } as const;
    const { values } = await take(consumer, { topic, start: after }, records - numbers.length);
    expect([...numbers, ...values.map(numberOf)]).toEqual(all);
  }, 60_000);
}

test("forty such subscribers neither slow down one that reads nor fill the memory", async () => {
  const topic = "crowd";
  await ask("PUT", `${gateway.url}/v1/topics/${topic}`);
  const before = await memoryBytes();
  const silent = Object.values(ways).flatMap((transport) =>
    Array.from({ length: 7 }, () => opened(consumerOf(transport(gateway)), topic)),
  );
  await Promise.all(silent);
  const reader = take(consumerOf(ways["gRPC on the RPC port"](gateway)), { topic }, records);
  await until("all of them", 5000, async () => (await subscriptions()) === silent.length + 1);
  await append(topic);
  const { values } = await within("all records", 15_000, reader);
  expect(values.map(numberOf)).toEqual(all);
  // A copy for each subscriber would take 1.3 GB.
  expect(((await memoryBytes()) - before) / mega).toBeLessThan(350);
}, 60_000);

/** Reads its first message and nothing else. */
async function opened(consumer: Consumer, topic: string): Promise<unknown> {
  const stream = consumer.subscribe({ topic })[Symbol.asyncIterator]();
  await stream.next();
  return stream;
}

async function memoryBytes(): Promise<number> {
  await pause(100);
  return (await ask("GET", `${gateway.url}/status`)).json.memory_bytes;
}
