// Filters of a socket's subscription: what matches comes, what does not is counted, and nothing else is
// missing, also when a subscription pauses.

import { afterAll, describe, expect, test } from "bun:test";
import { startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { openWs, type WsClient } from "../../support/ws.ts";

const gateway = await startGateway({ env: { SLUICE_GUESTS: "0" } });
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);
const { url, wsUrl } = gateway;

async function append(topic: string, from: number, count: number, rare: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({
    n: from + i,
    kind: (from + i) % rare === 0 ? "rare" : "common",
  }));
  const answer = await post(`${url}/v1/topics/${topic}/records`, JSON.stringify(records));
  expect(answer.status).toBe(200);
}

async function subscribe(socket: WsClient, message: object): Promise<void> {
  socket.say({ op: "subscribe", ref: "s", ...message });
  const answer = await socket.nextThat(({ ref }) => ref === "s");
  expect(answer.op).toBe("subscribed");
}

interface Seen {
  readonly numbers: number[];
  passed: number;
  position: string;
}

/** Reads until so many records were received or passed over. */
async function readAll(socket: WsClient, count: number, seen: Seen): Promise<Seen> {
  while (seen.numbers.length + seen.passed < count) {
    const message = await socket.nextThat(({ op }) => op === "events", 10_000);
    expect(message.undecodable + message.failed).toBe(0);
    seen.numbers.push(...message.events.map((event: { data: { n: number } }) => event.data.n));
    seen.passed += message.passed;
    seen.position = message.position;
  }
  return seen;
}

const begin = (): Seen => ({ numbers: [], passed: 0, position: "" });
const where = `value.kind == "rare"`;

test("what matches comes, and with what was passed over it is all that was appended", async () => {
  await append("orders", 1, 1000, 300);
  const socket = await openWs(`${wsUrl}/v1/ws`);
  await subscribe(socket, { topic: "orders", after: "earliest", where });
  const seen = await readAll(socket, 1000, begin());
  expect(seen.numbers).toEqual([300, 600, 900]);
  expect(seen.passed).toBe(997);
  // Nothing of these matches: their number comes all the same, within a second or two.
  await append("orders", 1001, 100, 5000);
  const appendedMs = performance.now();
  const { passed } = await readAll(socket, 1100, seen);
  expect(passed).toBe(1097);
  expect(performance.now() - appendedMs).toBeLessThan(4000);
  const { json } = await ask("GET", `${url}/v1/topics/orders`);
  expect(seen.position).toBe(json.end);
  socket.cut();
});

test("a pause loses nothing and counts nothing twice", async () => {
  const socket = await openWs(`${wsUrl}/v1/ws`);
  await append("ticks", 0, 1, 1);
  await subscribe(socket, { topic: "ticks", after: "earliest", where });
  const seen = await readAll(socket, 1, begin());
  for (let round = 0; round < 3; round++) {
    const from = 1 + round * 400;
    await append("ticks", from, 200, 7);
    if (round === 0) await readAll(socket, 201, seen);
    socket.say({ op: "unsubscribe", topic: "ticks", ref: "u" });
    for (;;) {
      const message = await socket.next();
      if (message.ref === "u") break;
      seen.numbers.push(...message.events.map((event: { data: { n: number } }) => event.data.n));
      seen.passed += message.passed;
      seen.position = message.position;
    }
    await append("ticks", from + 200, 200, 7);
    await subscribe(socket, { topic: "ticks", after: seen.position, where });
  }
  await readAll(socket, 1201, seen);
  const expected = Array.from({ length: 1201 }, (_, n) => n).filter((n) => n % 7 === 0);
  expect(seen.numbers).toEqual(expected);
  expect(seen.passed).toBe(1201 - expected.length);
  socket.cut();
}, 20_000);

describe("beside a filter", () => {
  test("text, details and other targets", async () => {
    const save = (value: number) =>
      post(`${url}/save`, `{"time":${Date.now()}000000,"tag":"t","values":[${value}]}`);
    const socket = await openWs(`${wsUrl}/v1/ws`);
    await subscribe(socket, { series: "t", where: "value.values[0] > 5.0", details: true });
    await save(1);
    await save(9.5);
    const seen = await socket.nextThat(({ op, events }) => op === "events" && events.length > 0);
    expect(seen.events[0]).toMatchObject({ content_type: "application/json", key: "t" });
    expect(seen.events[0].data.values).toEqual([9.5]);
    await subscribe(socket, { topic: "orders", after: "earliest", text: `"n":77,` });
    const found = await socket.nextThat(
      ({ topic, events }) => topic === "orders" && events.length > 0,
    );
    expect(found.events.map((event: { data: { n: number } }) => event.data.n)).toEqual([77]);
    socket.cut();
  });

  test("a record without the field is counted as one without an answer", async () => {
    await post(`${url}/v1/topics/mixed/records`, `[{"other":1},{"kind":"rare","n":1}]`);
    const socket = await openWs(`${wsUrl}/v1/ws`);
    await subscribe(socket, { topic: "mixed", after: "earliest", where });
    expect(await socket.nextThat(({ op }) => op === "events")).toMatchObject({
      ...{ passed: 1, undecodable: 0, failed: 1, failure: expect.any(String) },
      events: [{ data: { n: 1 } }],
    });
    socket.cut();
  });

  test("an expression that is not one is refused by its field", async () => {
    const socket = await openWs(`${wsUrl}/v1/ws`);
    socket.say({ op: "subscribe", topic: "orders", where: "value.kind ==", ref: 1 });
    expect(await socket.next()).toMatchObject({
      op: "error",
      problem: { code: "invalid", errors: [{ field: "where" }] },
    });
    await subscribe(socket, { topic: "orders" });
    socket.cut();
  });
});
