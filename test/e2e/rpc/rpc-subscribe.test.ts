/** `ConsumerService.Subscribe` in every protocol, on both ports of a real gateway. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { until, within } from "../../support/until.ts";
import { type Consumer, consumerOf, endOf, take, valuesOf, ways } from "./rpc.ts";

const heartbeatMs = 1000;

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: String(heartbeatMs) } });
}, 60_000);

afterAll(async () => {
  await gateway.stop();
});

let topics = 0;

/** A new topic with `{"n":1}` to `{"n":count}`, with the keys "odd" and "even". */
async function topicOf(count: number): Promise<string> {
  const topic = `rpc-${++topics}`;
  await ask("PUT", `${gateway.url}/v1/topics/${topic}`);
  for (let n = 1; n <= count; n++) await append(topic, n);
  return topic;
}

async function append(topic: string, n: number): Promise<string> {
  const key = n % 2 === 0 ? "even" : "odd";
  const { json } = await post(`${gateway.url}/v1/topics/${topic}/records?key=${key}`, { n });
  return json.position;
}

const numbered = (...numbers: number[]) => numbers.map((n) => `{"n":${n}}`);

describe.each(Object.entries(ways))("%s", (_name, transport) => {
  let consumer: Consumer;

  beforeAll(() => {
    consumer = consumerOf(transport(gateway));
  });

  test("from the oldest, a tail, a position, a key", async () => {
    const topic = await topicOf(4);
    const earliest = { case: "earliest", value: true } as const;
    expect((await take(consumer, { topic, start: earliest }, 4)).values).toEqual(
      numbered(1, 2, 3, 4),
    );
    const tail = await take(consumer, { topic, start: { case: "tail", value: 3 } }, 3);
    expect(tail.values).toEqual(numbered(2, 3, 4));
    const fifth = await append(topic, 5);
    const after = await take(
      consumer,
      { topic, start: { case: "after", value: tail.position } },
      1,
    );
    expect(after).toEqual({ values: numbered(5), position: fifth });
    const key = new TextEncoder().encode("even");
    expect((await take(consumer, { topic, key, start: earliest }, 2)).values).toEqual(
      numbered(2, 4),
    );
  });

  test("live: the first message has the position, and no record after it is missed", async () => {
    const topic = await topicOf(2);
    const stop = new AbortController();
    const stream = consumer.subscribe({ topic }, { signal: stop.signal })[Symbol.asyncIterator]();
    const first = await stream.next();
    expect(first.value?.records).toEqual([]);
    const third = await append(topic, 3);
    const second = await stream.next();
    expect(valuesOf(second.value)).toEqual(numbered(3));
    expect(second.value.position).toBe(third);
    stop.abort();
    const missed = { topic, start: { case: "after", value: first.value.position } } as const;
    expect((await take(consumer, missed, 1)).values).toEqual(numbered(3));
  });

  test("while no records arrive, messages carry the position", async () => {
    const topic = await topicOf(1);
    const key = new TextEncoder().encode("nobody");
    const stop = new AbortController();
    const stream = consumer.subscribe({ topic, key }, stop)[Symbol.asyncIterator]();
    const start = (await stream.next()).value;
    const position = await append(topic, 2);
    const heartbeat = (await within("a heartbeat", 5 * heartbeatMs, stream.next())).value;
    expect([start.records, heartbeat.records]).toEqual([[], []]);
    expect(heartbeat.position).toBe(position);
    stop.abort();
  });

  test("an invalid request gets a status that says why", async () => {
    const topic = await topicOf(1);
    expect(await endOf(consumer.subscribe({ topic: "nobody" }))).toMatchObject({
      code: "NotFound",
      reason: "NOT_FOUND",
    });
    expect(await endOf(consumer.subscribe({ topic: "a b" }))).toMatchObject({
      code: "InvalidArgument",
      reason: "INVALID",
      message: expect.stringContaining(`Cannot use topic "a b"`),
    });
    const key = new Uint8Array([0xff]);
    expect(await endOf(consumer.subscribe({ topic, key }))).toMatchObject({
      code: "InvalidArgument",
      message: expect.stringContaining("UTF-8"),
    });
    expect(
      await endOf(consumer.subscribe({ topic, start: { case: "tail", value: 1001 } })),
    ).toMatchObject({ code: "InvalidArgument", message: expect.stringContaining("1000") });
    expect(
      await endOf(consumer.subscribe({ topic, start: { case: "after", value: "7x" } })),
    ).toMatchObject({ code: "InvalidArgument", reason: "INVALID_POSITION" });
  });

  test("an expired position gets an error with one where reading can start", async () => {
    const topic = await topicOf(2);
    const { position } = await take(consumer, { topic, start: { case: "tail", value: 2 } }, 2);
    await ask("DELETE", `${gateway.url}/v1/topics/${topic}`);
    await ask("PUT", `${gateway.url}/v1/topics/${topic}`);
    await append(topic, 7);
    const ended = await endOf(
      consumer.subscribe({ topic, start: { case: "after", value: position } }),
    );
    expect(ended).toMatchObject({ code: "OutOfRange", reason: "POSITION_GONE" });
    const again = { case: "after", value: ended.position ?? "" } as const;
    expect((await take(consumer, { topic, start: again }, 1)).values).toEqual(numbered(7));
  });

  test("a deadline ends a subscription, and one that is cancelled is removed", async () => {
    const topic = await topicOf(1);
    expect(await endOf(consumer.subscribe({ topic }, { timeoutMs: 300 }))).toMatchObject({
      code: "DeadlineExceeded",
    });
    await until("the end of all others", 5000, async () => (await subscriptions()) === 0);
    const stop = new AbortController();
    const stream = consumer.subscribe({ topic }, { signal: stop.signal })[Symbol.asyncIterator]();
    await stream.next();
    await until("a subscription", 5000, async () => (await subscriptions()) === 1);
    const next = endOf(stream.next());
    stop.abort();
    expect(await next).toMatchObject({ code: "Canceled" });
    await until("its end", 5000, async () => (await subscriptions()) === 0);
  });
});

async function subscriptions(): Promise<number> {
  return (await ask("GET", `${gateway.url}/status`)).json.hub.subscriptions;
}

test("the gateway enforces the deadline", async () => {
  const topic = await topicOf(1);
  const body = new Uint8Array(5 + 2 + topic.length);
  body.set([0, 0, 0, 0, 2 + topic.length, 0x0a, topic.length, ...new TextEncoder().encode(topic)]);
  const answer = await ask("POST", `${gateway.url}/sluice.v1.ConsumerService/Subscribe`, {
    headers: { "content-type": "application/connect+proto", "connect-timeout-ms": "300" },
    body,
    msMax: 5000,
  });
  expect(answer.text).toContain(`"code":"deadline_exceeded"`);
});

test("the end of an emitter ends its stream", async () => {
  const { json } = await ask("PUT", `${gateway.url}/log`, { body: `{"source":"external"}` });
  await post(`${gateway.url}/log/${json.id}`, { n: 1 });
  const consumer = consumerOf(ways["gRPC on the RPC port"](gateway));
  const key = new TextEncoder().encode(json.id);
  const start = { case: "earliest", value: true } as const;
  const ended = endOf(consumer.subscribe({ topic: "emitters", key, start }));
  await ask("DELETE", `${gateway.url}/log/${json.id}`);
  expect(await within("its end", 10_000, ended)).toMatchObject({ code: "OK" });
});

test("a draining node reports where to resume, on both ports", async () => {
  const leaving = await startGateway();
  await post(`${leaving.url}/v1/topics/t/records`, { n: 1 });
  const ends = Object.values(ways).map(async (transport) => {
    const stream = consumerOf(transport(leaving)).subscribe({ topic: "t" });
    const iterator = stream[Symbol.asyncIterator]();
    const { position } = (await iterator.next()).value;
    return { position, ended: endOf({ [Symbol.asyncIterator]: () => iterator }) };
  });
  const joined = await Promise.all(ends);
  expect(await leaving.stop()).toBe(0);
  for (const { position, ended } of joined) {
    expect(await ended).toMatchObject({ code: "Unavailable", reason: "SHUTTING_DOWN", position });
  }
}, 60_000);
