/** What a socket of the client watches: every target, filters with their counts, details, and new sessions. */

import { afterAll, expect, test } from "bun:test";
import {
  createClient,
  type Passed,
  SluiceError,
  type SluiceEvent,
  type Subscription,
} from "../../../src/client/index.ts";
import { startGateway } from "../../support/gateway.ts";
import { adminKey, asAdmin, closed, createKey, revokeKey } from "../../support/keys.ts";
import { pause } from "../../support/until.ts";
import { startProxy } from "./client-proxy.ts";

const gateway = await startGateway({ env: { ...closed, SLUICE_GUESTS: "0" } });
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);
const { url } = gateway;
const admin = createClient({ url, token: adminKey, reconnectMs: 20 });

async function call(method: string, path: string, body: unknown): Promise<void> {
  const init = { method, headers: asAdmin, body: JSON.stringify(body) };
  expect((await fetch(url + path, init)).ok).toBe(true);
}

async function taken<Data>(subscription: Subscription<Data>): Promise<SluiceEvent<Data>> {
  const { value } = await subscription.next();
  if (value === undefined) throw new Error("It ended");
  return value;
}

test("a series, a message, an app and a rule, on one socket", async () => {
  await call("PUT", "/v1/topics/orders", {});
  await call("PUT", "/v1/topics/paid", {});
  await call("PUT", "/v1/ack-rules/slow", {
    topics: ["orders", "paid"],
    output: "slow-acks",
    deadline_ms: 500,
  });
  await using socket = admin.socket();
  const series = socket.subscribe<{ values: number[] }>({ series: "tag" });
  const message = socket.subscribe<{ event: string }>({ message: "m-1" });
  const app = socket.subscribe<{ event: string }>({ app: "shop" });
  const rule = socket.subscribe<{ state: string }>({ rule: "slow" });
  await Promise.all([series, message, app, rule].map((one) => one.ready()));
  const time = BigInt(Date.now()) * 1_000_000n + 7n;
  const saved = `{"time":${time},"tag":"tag","values":[1.5]}`;
  await fetch(`${url}/save`, { method: "POST", headers: asAdmin, body: saved });
  await call("POST", "/api/event", { app_id: "shop", message_id: "m-1", event: "SENT" });
  await admin.publish({ topic: "orders" }, [{ message_id: "o-1" }]);
  expect((await taken(series)).text).toBe(saved);
  expect((await taken(message)).data.event).toBe("SENT");
  expect((await taken(app)).data.event).toBe("SENT");
  expect((await taken(rule)).data.state).toBe("overdue");
  expect(() => socket.subscribe({ topic: "orders", app: "shop" })).toThrow("Cannot use the target");
}, 20_000);

test("a filter: received and passed over are all that was appended, through cuts", async () => {
  await using proxy = await startProxy(gateway.url);
  const client = createClient({ url: proxy.url, token: adminKey, reconnectMs: 10 });
  await using socket = client.socket();
  const counts: Passed[] = [];
  const filtered = socket.subscribe<{ n: number }>(
    { topic: "numbers" },
    { from: "earliest", where: "value.n % 10 == 0", onPassed: (passed) => counts.push(passed) },
  );
  await admin.publish({ topic: "numbers" }, [{ n: 0 }]);
  const received: number[] = [];
  const reading = (async () => {
    for await (const { data } of filtered) received.push(data.n);
  })();
  for (let from = 1; from <= 2000; from += 100) {
    const numbers = Array.from({ length: 100 }, (_, i) => ({ n: from + i }));
    await admin.publish({ topic: "numbers" }, numbers);
    if (from % 400 === 1) proxy.cut();
  }
  const passedOver = () => counts.reduce((all, { passed }) => all + passed, 0);
  const startedMs = performance.now();
  while (received.length + passedOver() < 2001) {
    if (performance.now() - startedMs > 15_000) break;
    await pause(50);
  }
  expect(received).toEqual(Array.from({ length: 201 }, (_, i) => i * 10));
  expect(passedOver()).toBe(1800);
  expect(counts.at(-1)).toMatchObject({ undecodable: 0, failed: 0 });
  await filtered.return();
  await reading;
}, 30_000);

test("details, and values that are cut", async () => {
  const body = `{"n":9007199254740993,"text":"long enough"}`;
  await admin.publish({ topic: "large", key: "k" }, body);
  await admin.publish({ topic: "large" }, new Uint8Array(20).fill(255), {
    contentType: "image/png",
  });
  await using socket = admin.socket();
  const cut = socket.subscribe(
    { topic: "large" },
    { from: "earliest", details: true, valueBytes: 10 },
  );
  const first = await taken(cut);
  expect(first).toMatchObject({ isCut: true, text: `{"n":90071`, data: undefined, key: "k" });
  expect(first.details).toEqual({
    received: expect.stringMatching(/Z$/),
    headers: {},
    contentType: "application/json",
    size: body.length,
  });
  expect((await taken(cut)).bytes).toEqual(new Uint8Array(10).fill(255));
  await cut.return();
  const whole = socket.subscribe({ topic: "large" }, { from: "earliest", details: true });
  expect(await taken(whole)).toMatchObject({ isCut: false, text: body, details: { size: 43 } });
});

test("a session that ends: the subscription fails at its position, and another goes on from there", async () => {
  const topic = "tail";
  const first = await createKey(gateway, "read topic:tail");
  const second = await createKey(gateway, "read topic:tail");
  await admin.publish({ topic }, [{ n: 0 }]);
  let sent = 1;
  const stop = new AbortController();
  const producing = (async () => {
    while (!stop.signal.aborted) {
      const batch = Array.from({ length: 20 }, () => ({ n: sent++ }));
      await Promise.all([admin.publish({ topic }, batch), pause(20)]);
    }
  })();
  const received: number[] = [];
  const read = async (key: string, from: string, until: () => boolean) => {
    const socket = createClient({ url, token: key, reconnectMs: 20 }).socket();
    const tail = socket.subscribe<{ n: number }>(
      { topic },
      { from: from === "earliest" ? from : { after: from } },
    );
    try {
      for await (const { data } of tail) {
        received.push(data.n);
        if (until()) break;
      }
      return { position: tail.position ?? "", error: undefined };
    } catch (error) {
      return { position: tail.position ?? "", error };
    } finally {
      socket.close();
    }
  };
  const watching = read(first.key, "earliest", () => false);
  await pause(700);
  await revokeKey(gateway, first);
  const { position, error } = await watching;
  expect(error).toBeInstanceOf(SluiceError);
  expect(error).toMatchObject({ code: "unauthenticated" });
  await pause(300);
  stop.abort();
  await producing;
  await read(second.key, position, () => received.at(-1) === sent - 1);
  expect(received).toEqual(Array.from({ length: sent }, (_, n) => n));
}, 20_000);
