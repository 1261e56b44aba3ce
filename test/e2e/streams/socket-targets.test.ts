// What `subscribe` of `/v1/ws` watches besides topics and emitters: each as its own stream shows it, with
// its own access, and with positions from which another connection goes on.

import { afterAll, describe, expect, test } from "bun:test";
import { startGateway } from "../../support/gateway.ts";
import { asAdmin, bearer, closed, createKey, revokeKey } from "../../support/keys.ts";
import { openWs, type WsClient } from "../../support/ws.ts";

const gateway = await startGateway({ env: { ...closed, SLUICE_GUESTS: "0" } });
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);
const { url, wsUrl } = gateway;

async function call(method: string, path: string, body: unknown): Promise<void> {
  const init = { method, headers: asAdmin, body: JSON.stringify(body) };
  const response = await fetch(url + path, init);
  expect([response.ok, await response.text()]).toEqual([true, expect.any(String)]);
}

const timeNs = (BigInt(Date.now()) * 1_000_000n + 1n).toString();
const measure = (tag: string, value: number) =>
  fetch(`${url}/save`, {
    method: "POST",
    headers: asAdmin,
    body: `{"time":${timeNs},"tag":"${tag}","values":[${value}]}`,
  });
const happen = (app_id: string, message_id: string, event: string) =>
  call("POST", "/api/event", { app_id, message_id, event });

await call("PUT", "/v1/topics/orders", {});
await call("PUT", "/v1/topics/paid", {});
await call("PUT", "/v1/ack-rules/paid-orders", {
  topics: ["orders", "paid"],
  output: "paid-orders-acks",
  deadline_ms: 1000,
});
await call("PUT", "/v1/ack-rules/patient", { topics: ["orders"], output: "patient-acks" });

const open = (key: string) => openWs(`${wsUrl}/v1/ws`, undefined, bearer(key));
const reader = await createKey(
  gateway,
  ...["read series:*", "read app:*", "read rule:*", "read topic:*"],
);

async function subscribed(socket: WsClient, target: object, start: object = {}): Promise<string> {
  socket.say({ op: "subscribe", ref: "s", ...target, ...start });
  const answer = await socket.nextThat(({ ref }) => ref === "s");
  expect(answer).toEqual({ op: "subscribed", position: expect.any(String), ref: "s", ...target });
  return answer.position;
}

/** Messages of a target until so many events have come, with the last position. */
async function take(socket: WsClient, target: object, count: number) {
  const events: { readonly data: unknown; readonly key: string }[] = [];
  let position = "";
  while (events.length < count) {
    const message = await socket.nextThat(({ op }) => op === "events", 20_000);
    expect(message).toMatchObject(target);
    expect(Object.keys(message)).toEqual([...["op", ...Object.keys(target), "events", "position"]]);
    events.push(...message.events);
    position = message.position;
  }
  return { data: events.map((event) => event.data), position };
}

describe("watched on one socket", () => {
  test("a series: measurements as they are saved, and what came meanwhile", async () => {
    const socket = await open(reader.key);
    const target = { series: "tag-1" };
    await subscribed(socket, target);
    await measure("tag-2", 1);
    await measure("tag-1", 20.5);
    socket.say({ op: "ping", ref: 1 });
    const { data, position } = await take(socket, target, 1);
    expect(data).toEqual([{ time: Number(timeNs), tag: "tag-1", values: [20.5] }]);
    socket.cut();
    await measure("tag-1", 21);
    const again = await open(reader.key);
    await subscribed(again, target, { after: position });
    const next = await again.nextText();
    expect(next).toContain(`"data":{"time":${timeNs},"tag":"tag-1","values":[21]}`);
    again.say({ op: "unsubscribe", ref: 2, ...target });
    expect(await again.nextThat(({ ref }) => ref === 2)).toEqual({
      op: "unsubscribed",
      ref: 2,
      ...target,
    });
    await measure("tag-1", 22);
    again.say({ op: "ping", ref: 3 });
    expect(await again.next()).toEqual({ op: "pong", ref: 3 });
    again.cut();
  });

  test("a message and an app: lifecycle events, of the app alone", async () => {
    const socket = await open(reader.key);
    await subscribed(socket, { message: "m-1" });
    await happen("shop", "m-2", "CREATED");
    await happen("mail", "m-1", "CREATED");
    const seen = await take(socket, { message: "m-1" }, 1);
    expect(seen.data).toMatchObject([{ app_id: "mail", message_id: "m-1", event: "CREATED" }]);
    const target = { app: "shop" };
    await subscribed(socket, target, { after: "earliest" });
    socket.say({ op: "unsubscribe", message: "m-1" });
    await happen("mail", "m-1", "SENT");
    await happen("shop", "m-2", "SENT");
    const events = await take(socket, target, 2);
    expect(events.data).toMatchObject([
      { app_id: "shop", event: "CREATED" },
      { app_id: "shop", event: "SENT" },
    ]);
    socket.cut();
  });

  test("a rule: what gets overdue under it", async () => {
    const socket = await open(reader.key);
    const target = { rule: "paid-orders" };
    await subscribed(socket, target);
    await call("POST", "/v1/topics/orders/records", [{ message_id: "o-1" }]);
    const overdue = await take(socket, target, 1);
    expect(overdue.data).toMatchObject([
      { rule: "paid-orders", message_id: "o-1", state: "overdue" },
    ]);
    socket.cut();
  }, 30_000);
});

describe("refused", () => {
  test.each<readonly [grant: string, target: object, code: string]>([
    ["read series:tag-2", { series: "tag-1" }, "forbidden"],
    ["read app:mail", { app: "shop" }, "forbidden"],
    ["read series:*", { message: "m-1" }, "forbidden"],
    ["read rule:other", { rule: "paid-orders" }, "forbidden"],
    ["read *", { rule: "no-such-rule" }, "not_found"],
    ["read *", { rule: "patient" }, "not_found"],
    ["read *", { series: "" }, "invalid"],
    ["read *", { app: "" }, "invalid"],
    ["read *", { app: "shop", series: "tag-1" }, "invalid"],
    ["read *", { app: "shop", topic: "orders" }, "invalid"],
    ["read *", {}, "invalid"],
    ["append *", { app: "shop", publish: true }, "invalid"],
  ])("with %s: %j is %s", async (grant, { publish, ...target }: { publish?: true }, code) => {
    const { key } = await createKey(gateway, grant);
    const socket = await open(key);
    const op = publish === true ? { op: "publish", events: [1] } : { op: "subscribe" };
    socket.say({ ...op, ...target, ref: 1 });
    expect(await socket.next()).toMatchObject({ op: "error", ref: 1, problem: { code } });
    socket.cut();
  });

  test("a message shows the events of the apps that its reader may read", async () => {
    const { key } = await createKey(gateway, "read app:shop");
    const socket = await open(key);
    await subscribed(socket, { message: "shared" });
    await happen("mail", "shared", "HIDDEN");
    await happen("shop", "shared", "SHOWN");
    const { data } = await take(socket, { message: "shared" }, 1);
    expect(data).toMatchObject([{ app_id: "shop", event: "SHOWN" }]);
    socket.cut();
  });

  test("twice the same on one socket", async () => {
    const socket = await open(reader.key);
    await subscribed(socket, { series: "tag-1" });
    socket.say({ op: "subscribe", series: "tag-1", ref: 2 });
    expect(await socket.next()).toMatchObject({
      op: "error",
      ref: 2,
      problem: { code: "conflict" },
    });
    socket.cut();
  });
});

test("a key that is revoked ends each with its position, from which another key goes on", async () => {
  const leaver = await createKey(gateway, "read series:*", "read app:*");
  const socket = await open(leaver.key);
  await subscribed(socket, { series: "tag-9" });
  await subscribed(socket, { app: "late" });
  await measure("tag-9", 1);
  await take(socket, { series: "tag-9" }, 1);
  await revokeKey(gateway, leaver);
  const ends = [await socket.next(), await socket.next()];
  for (const end of ends) {
    expect(end).toMatchObject({ op: "closed", problem: { code: "unauthenticated" } });
  }
  expect(await socket.closed).toEqual({ code: 4001, reason: "unauthenticated" });
  await measure("tag-9", 2);
  await happen("late", "l-1", "CREATED");
  const again = await open(reader.key);
  for (const { position, series, app } of ends) {
    const target = series === undefined ? { app } : { series };
    await subscribed(again, target, { after: position });
    expect((await take(again, target, 1)).data).toHaveLength(1);
  }
  again.cut();
});
