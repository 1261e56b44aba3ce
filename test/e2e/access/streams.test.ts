// Messages of sockets ask for their own grants, and what is open ends with its caller's credential, at
// a position from which another credential continues without a gap.

import { afterAll, describe, expect, test } from "bun:test";
import { startGateway } from "../../support/gateway.ts";
import { asAdmin, bearer, closed, createKey, revokeKey } from "../../support/keys.ts";
import { readSse } from "../../support/sse.ts";
import { until, within } from "../../support/until.ts";
import { openWs, type WsClient } from "../../support/ws.ts";

const gateway = await startGateway({ env: { ...closed, SLUICE_GUESTS: "0" } });
afterAll(() => gateway.stop(), 30_000);
const { url, wsUrl } = gateway;

/** From the revocation to the end of what it ends. */
const endMsMax = 1000;

async function append(path: string, ...events: unknown[]): Promise<void> {
  const init = { method: "POST", headers: asAdmin, body: JSON.stringify(events) };
  expect((await fetch(url + path, init)).status).toBe(200);
}

async function put(path: string, body: unknown): Promise<void> {
  const response = await fetch(url + path, {
    method: "PUT",
    headers: asAdmin,
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}

await put("/log/web-1", { source: "external" });
await put("/log/db-1", { source: "external" });
await put("/v1/topics/orders", {});
await put("/v1/topics/secret", {});
await put("/v1/ack-rules/watched", {
  topics: ["orders"],
  output: "watched-acks",
  deadline_ms: 60_000,
});
await append("/log/web-1", { n: 0 });

async function ticket(key: string, action: string, target: string): Promise<string> {
  const response = await fetch(`${url}/v1/tickets`, {
    method: "POST",
    headers: { ...bearer(key), "content-type": "application/json" },
    body: JSON.stringify({ action, target }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { readonly ticket: string }).ticket;
}

const publisher = await createKey(
  gateway,
  ...["read topic:orders", "append topic:orders", "read emitter:web-1", "append emitter:web-1"],
);
const socket = await openWs(`${wsUrl}/v1/ws`, undefined, bearer(publisher.key));

describe("messages of a socket", () => {
  afterAll(() => socket.socket.close());

  async function ask(message: object): Promise<unknown> {
    socket.say(message);
    const { op, problem } = await socket.nextThat((one) => one.op !== "events");
    return op === "error" ? [problem.code, problem.detail] : op;
  }

  test.each<readonly [message: object, answer: unknown]>([
    [{ op: "subscribe", topic: "orders" }, "subscribed"],
    [{ op: "subscribe", emitter: "web-1" }, "subscribed"],
    [{ op: "unsubscribe", emitter: "web-1" }, "unsubscribed"],
    // The same stream by its topic and key.
    [{ op: "subscribe", topic: "emitters", key: "web-1" }, "subscribed"],
    [{ op: "publish", topic: "orders", events: [{ n: 1 }] }, "accepted"],
    [{ op: "publish", emitter: "web-1", events: [{ n: 1 }] }, "accepted"],
    [{ op: "ping" }, "pong"],
  ])("%j is answered", async (message, answer) => {
    expect(await ask(message)).toBe(answer);
  });

  const lacks = (grant: string) => [
    "forbidden",
    expect.stringContaining(`lacks the grant "${grant}"`),
  ];

  test.each<readonly [message: object, grant: string]>([
    [{ op: "subscribe", topic: "secret" }, "read topic:secret"],
    [{ op: "subscribe", topic: "nowhere" }, "read topic:nowhere"],
    [{ op: "subscribe", topic: "secret", key: "a", decode: "json" }, "read topic:secret"],
    [{ op: "subscribe", emitter: "db-1" }, "read emitter:db-1"],
    [{ op: "subscribe", emitter: "no-1" }, "read emitter:no-1"],
    [{ op: "subscribe", topic: "emitters", key: "db-1" }, "read emitter:db-1"],
    [{ op: "subscribe", topic: "emitters" }, "read emitter:*"],
    [{ op: "subscribe", topic: "measurements", key: "cpu" }, "read series:cpu"],
    [{ op: "subscribe", topic: "lifecycle", key: "m" }, "read app:*"],
    [{ op: "publish", topic: "secret", events: [{}] }, "append topic:secret"],
    [{ op: "publish", topic: "nowhere", events: [{}] }, "append topic:nowhere"],
    [{ op: "publish", emitter: "db-1", events: [{}] }, "append emitter:db-1"],
    [{ op: "publish", emitter: "no-1", events: [{}] }, "append emitter:no-1"],
    [{ op: "publish", topic: "lifecycle", events: [{}] }, "append app:*"],
  ])("%j is refused", async (message, grant) => {
    expect(await ask(message)).toEqual(lacks(grant));
  });
});

const { key } = await createKey(gateway, "read topic:orders", "read emitter:web-1");

describe("a ticket", () => {
  test("opens one stream, once, and is not in the log", async () => {
    const text = await ticket(key, "read", "emitter:web-1");
    const reader = readSse(`${url}/sse/log/web-1?after=earliest&ticket=${text}`);
    expect((await reader.take(1))[0]?.data).toBe('{"n":0}');
    await reader.close();
    expect((await fetch(`${url}/sse/log/web-1?ticket=${text}`)).status).toBe(401);
    expect(gateway.log()).not.toContain(text);
  });

  test("opens a socket for what it names and nothing else", async () => {
    const text = await ticket(key, "read", "topic:orders");
    const socket = await openWs(`${wsUrl}/v1/ws?ticket=${text}`);
    socket.say({ op: "subscribe", topic: "orders" });
    expect((await socket.next()).op).toBe("subscribed");
    socket.say({ op: "subscribe", emitter: "web-1" });
    expect((await socket.next()).problem.code).toBe("forbidden");
    socket.socket.close();
  });

  test("is no parameter of other addresses", async () => {
    const text = await ticket(key, "read", "topic:orders");
    const response = await fetch(`${url}/v1/topics/orders?ticket=${text}`);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain(text);
  });
});

/** Milliseconds until the stream or socket has ended. */
async function endedAfter<Value>(revoke: () => Promise<void>, end: Promise<Value>): Promise<Value> {
  const value = within("the end", endMsMax + 4000, end);
  await revoke();
  const since = performance.now();
  const ended = await value;
  expect(performance.now() - since).toBeLessThan(endMsMax);
  return ended;
}

describe("once its key is revoked", () => {
  test.each([
    ["/sse/log/web-1", "read emitter:web-1"],
    ["/sse/topics/emitters?key=web-1&heartbeat=comment", "read emitter:web-1"],
    ["/v1/topics/orders/sse?decode=json", "read topic:orders"],
    ["/sse/series/cpu", "read series:cpu"],
    ["/sse/messages/m1", "read app:*"],
    ["/sse/apps/shop/messages", "read app:shop"],
    ["/sse/ack-rules/watched/overdue", "read rule:watched"],
    ["/time", "read node:tryout"],
    ["/magic", "read node:tryout"],
  ])("%s ends with an error", async (path, grant) => {
    const made = await createKey(gateway, grant, "read topic:*");
    const reader = readSse(url + path, bearer(made.key));
    expect(await reader.status).toBe(200);
    const events = await endedAfter(() => revokeKey(gateway, made), reader.rest());
    const last = events.at(-1);
    expect(last?.event).toBe("error");
    expect(JSON.parse(last?.data ?? "{}")).toMatchObject({ code: "unauthenticated", status: 401 });
    const hasPosition = !["/time", "/magic"].includes(path);
    if (hasPosition) expect(last?.id).toMatch(/^[0-9a-z]+-/);
  });

  test("another key continues where a stream ended, without a gap", async () => {
    const seen: string[] = [];
    let lastId: string | undefined;
    for (let round = 0; round < 5; round++) {
      const made = await createKey(gateway, "read topic:orders");
      const start: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
      const reader = readSse(`${url}/sse/topics/orders`, { ...bearer(made.key), ...start });
      expect(await reader.status).toBe(200);
      const appending = Promise.all(
        Array.from({ length: 10 }, (_, i) => append("/v1/topics/orders/records", `${round}-${i}`)),
      );
      const events = await endedAfter(() => revokeKey(gateway, made), reader.rest());
      await appending;
      seen.push(...events.filter(({ event }) => event === "message").map(({ data }) => data));
      lastId = events.at(-1)?.id;
    }
    const made = await createKey(gateway, "read topic:orders");
    const reader = readSse(`${url}/sse/topics/orders`, {
      ...bearer(made.key),
      "last-event-id": lastId ?? "",
    });
    const missing = 50 - seen.length;
    seen.push(...(await reader.take(missing)).map(({ data }) => data));
    await reader.close();
    const expected = Array.from({ length: 50 }, (_, i) => `"${Math.floor(i / 10)}-${i % 10}"`);
    expect(seen.toSorted()).toEqual(expected.toSorted());
  });

  test("a socket of many closes each subscription with its position", async () => {
    const made = await createKey(
      gateway,
      "read topic:orders",
      "read emitter:web-1",
      "append topic:orders",
    );
    const messages: { op: string; problem?: { code: string }; position?: string }[] = [];
    const socket: WsClient = await openWs(
      `${wsUrl}/v1/ws`,
      (message) => void messages.push(message),
      bearer(made.key),
    );
    socket.say({ op: "subscribe", topic: "orders" });
    socket.say({ op: "subscribe", emitter: "web-1" });
    socket.say({ op: "subscribe", topic: "orders", key: "a", decode: "json" });
    socket.say({ op: "publish", topic: "orders", events: [{ last: true }] });
    await until("the publish", 5000, () => messages.some(({ op }) => op === "accepted"));
    const { code, reason } = await endedAfter(() => revokeKey(gateway, made), socket.closed);
    expect([code, reason]).toEqual([4001, "unauthenticated"]);
    const ends = messages.filter(({ op }) => op === "closed");
    expect(ends).toHaveLength(3);
    for (const { problem, position } of ends) {
      expect(problem?.code).toBe("unauthenticated");
      expect(position).toMatch(/^[0-9a-z]+-/);
    }
  });

  test.each([
    ["/ws/apps/shop/messages", "read app:shop"],
    ["/ws/messages/m1", "read app:*"],
    ["/ws/ack-rules/watched/overdue", "read rule:watched"],
    ["/echo", "read node:tryout"],
  ])("the socket %s closes with 4001", async (path, grant) => {
    const made = await createKey(gateway, grant, "read topic:*");
    const socket = await openWs(wsUrl + path, undefined, bearer(made.key));
    const { code, reason } = await endedAfter(() => revokeKey(gateway, made), socket.closed);
    expect([code, reason]).toEqual([4001, expect.stringMatching(/^unauthenticated/)]);
  });

  test("an answer that was begun is finished", async () => {
    const made = await createKey(gateway, "read topic:orders");
    const page = await fetch(`${url}/v1/topics/orders/records?limit=50`, {
      headers: bearer(made.key),
    });
    await revokeKey(gateway, made);
    expect(((await page.json()) as { events: unknown[] }).events).toHaveLength(50);
  });
});
