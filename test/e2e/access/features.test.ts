// Names in bodies, lists and streams: what callers with narrow keys get of measurements, lifecycles,
// ack rules and the registry.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { call, type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { until } from "../../support/until.ts";

let gateway: ClosedGateway;
beforeAll(async () => {
  gateway = await startClosedGateway();
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  // One test takes the right of a rule's creator away.
  expect(gateway.errors().filter((line) => !line.includes("ack rule stopped"))).toEqual([]);
}, 30_000);

const measurement = (tag: string) => ({ time: `${Date.now()}000000`, tag, values: [1] });
const event = (app: string, message: string) => ({
  app_id: app,
  message_id: message,
  event: "SENT",
});

async function statusOf(
  ...given: Parameters<typeof call> extends [unknown, ...infer Rest] ? Rest : never
) {
  return (await call(gateway, ...given)).status;
}

test("measurements: a tag that may not be written is refused by its index, and not listed", async () => {
  const writer = await gateway.key("append series:plant.*");
  const both = [measurement("plant.1"), measurement("secret.1")];
  expect(await call(gateway, "POST /save", writer, both)).toMatchObject({
    status: 207,
    body: { accepted: 1, refused: [{ index: 1, field: "tag", code: "forbidden" }] },
  });
  expect(await call(gateway, "POST /save", writer, measurement("secret.1"))).toMatchObject({
    status: 403,
    body: { code: "forbidden", errors: [{ field: "tag" }] },
  });
  expect(await statusOf("POST /save", undefined, measurement("plant.1"))).toBe(401);
  expect(
    await statusOf("POST /save", await gateway.key("read series:*"), measurement("plant.1")),
  ).toBe(403);
  expect(await statusOf("POST /save", await gateway.key("append *"), measurement("secret.1"))).toBe(
    204,
  );

  const reader = await gateway.key("read series:plant.1, read series:plant.2");
  await until("the series is listed", 10_000, async () => {
    const { body } = await call(gateway, "GET /v1/series", reader);
    return JSON.stringify(body).includes("plant.1");
  });
  expect(JSON.stringify((await call(gateway, "GET /v1/series", reader)).body)).not.toContain(
    "secret",
  );
  expect(await statusOf("GET /v1/series/plant.1", reader)).toBe(200);
  // A tag that exists and one that does not are refused alike.
  const refused = await call(gateway, "GET /v1/series/secret.1", reader);
  const unknown = await call(gateway, "GET /v1/series/secret.2", reader);
  expect(refused.status).toBe(403);
  expect(JSON.stringify(refused.body)).toBe(
    JSON.stringify(unknown.body).replaceAll("secret.2", "secret.1"),
  );
  expect(await statusOf("GET /v1/series", writer)).toBe(403);
  expect(await statusOf("GET /v1/series")).toBe(401);
});

test("line protocol: refusals are in InfluxDB's form, and probes are public", async () => {
  const writer = await gateway.key("append series:cpu*");
  const partly = await call(gateway, "POST /api/v2/write", writer, "cpu value=1\nmem value=2\n");
  expect(partly).toMatchObject({ status: 400, body: { code: "invalid" } });
  expect(JSON.stringify(partly.body)).toContain("partial write (1 lines accepted): line 2:");
  expect(await call(gateway, "POST /api/v2/write", writer, "mem value=2\n")).toMatchObject({
    status: 403,
    body: { code: "forbidden" },
  });
  const wrong = await call(gateway, "POST /api/v2/write", "slk_3kf82hs0_wrong", "cpu value=1\n");
  expect(wrong).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  expect(wrong.headers.get("www-authenticate")).toContain("Bearer");
  expect(await call(gateway, "POST /write", undefined, "cpu value=1\n")).toMatchObject({
    status: 401,
    body: { error: expect.stringContaining("append series:") },
  });
  expect(await statusOf(`POST /write?u=any&p=${writer}`, undefined, "cpu value=1\n")).toBe(204);
  expect(await statusOf("GET /ping")).toBe(204);
  expect(await statusOf("GET /health")).toBe(200);
});

test("lifecycles: events are taken and shown by their app", async () => {
  const shop = await gateway.key("append app:shop, read app:shop");
  const all = await gateway.key("append app:*, read app:*");
  expect(await statusOf("POST /api/event", shop, event("shop", "m-1"))).toBe(200);
  expect(await statusOf("POST /api/event", shop, event("bank", "m-1"))).toBe(403);
  expect(await statusOf("POST /api/create_event", undefined, event("shop", "m-1"))).toBe(401);
  expect(
    await call(gateway, "POST /api/event/bulk", shop, {
      events: [event("bank", "m-1"), event("shop", "m-2")],
    }),
  ).toMatchObject({
    status: 207,
    body: { accepted: 1, refused: [{ index: 0, field: "app_id", code: "forbidden" }] },
  });
  expect(await statusOf("GET /api/create_event", shop)).toBe(403);
  expect(await statusOf("GET /api/test_socket?message_id=x", shop)).toBe(403);
  expect(await statusOf("GET /api/create_event", await gateway.key("append app:sample"))).toBe(200);
  expect(await statusOf("POST /api/event", all, event("bank", "m-1"))).toBe(200);

  const apps = async (key: string) => {
    const { body } = await call(gateway, "GET /v1/messages/m-1", key);
    return (body as { lifecycles: { app_id: string }[] }).lifecycles.map((one) => one.app_id);
  };
  expect(await apps(all)).toEqual(["bank", "shop"]);
  expect(await apps(shop)).toEqual(["shop"]);
  await until("the rows", 10_000, async () => {
    const { body } = await call(gateway, "GET /v1/messages?app_id=bank", all);
    return (body as { lifecycles: unknown[] }).lifecycles.length > 0;
  });
  for (const address of ["GET /v1/messages", "GET /v1/messages?id_prefix=m-", "GET /v1/apps"]) {
    const { body } = await call(gateway, address, shop);
    expect(JSON.stringify(body)).toContain("shop");
    expect(JSON.stringify(body)).not.toContain("bank");
  }
  for (const address of [
    "GET /v1/messages?app_id=bank",
    "GET /v1/messages?app_id=none",
    "GET /v1/apps/bank",
    "GET /v1/apps/none",
    "GET /v1/funnel?app_id=bank",
    "GET /v1/apps/bank/missing",
    "GET /v1/apps/bank/states",
    "GET /sse/apps/bank/messages",
  ]) {
    expect([address, await statusOf(address, shop)]).toEqual([address, 403]);
    expect([address, await statusOf(address)]).toEqual([address, 401]);
  }
  expect(await statusOf("PUT /v1/apps/shop", shop, { expected: [] })).toBe(403);
  const manager = await gateway.key("manage app:shop");
  expect(await statusOf("PUT /v1/apps/shop", manager, { expected: [] })).toBe(200);
  expect(await statusOf("GET /v1/messages/m-1", manager)).toBe(403);
  expect(await statusOf("GET /api/q/stats", shop)).toBe(403);
});

test("a message's stream has the events of the apps that may be read, and ends with the key", async () => {
  const shop = await gateway.key("read app:shop");
  const writer = await gateway.key("append app:*");
  const response = await fetch(`${gateway.url}/sse/messages/m-live`, {
    headers: { authorization: `Bearer ${shop}` },
  });
  expect(response.status).toBe(200);
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk);
  })();
  for (const app of ["bank", "shop", "bank"]) {
    expect(await statusOf("POST /api/event", writer, event(app, "m-live"))).toBe(200);
  }
  await until("the event", 10_000, () => text.includes('"app_id":"shop"'));
  expect(text).not.toContain("bank");
  const revokedMs = Date.now();
  await gateway.revoke(shop);
  await reading;
  expect(Date.now() - revokedMs).toBeLessThan(1500);
  expect(text).toContain("event:error");
  expect(text).toContain('"code":"unauthenticated"');
  expect(text).toMatch(/event:error\nid:[0-9a-z]+-[0-9a-z-]+\n/);
  expect(text).not.toContain("bank");
});

test("an ack rule stops with its creator's key, says why, and goes on with another's", async () => {
  const grants = "manage rule:orders, read rule:orders, read topic:in.*, append topic:out.*";
  const creator = await gateway.key(grants);
  const other = await gateway.key(grants);
  const writer = await gateway.key("append topic:in.*, read topic:out.*, read topic:in.*");
  const rule = { topics: ["in.a", "in.b"], output: "out.ack", deadline_ms: 60_000 };
  const narrow = await gateway.key("manage rule:orders, read topic:in.a, append topic:out.*");
  expect(await statusOf("PUT /v1/ack-rules/orders", narrow, rule)).toBe(403);
  expect(await statusOf("PUT /v1/ack-rules/orders", creator, rule)).toBe(201);
  const send = async (id: string) => {
    for (const topic of ["in.a", "in.b"]) {
      expect(await statusOf(`POST /v1/topics/${topic}/records`, writer, { message_id: id })).toBe(
        200,
      );
    }
  };
  const acked = async () => {
    const { body } = await call(gateway, "GET /v1/topics/out.ack/records", writer);
    return (body as { events: { key: string }[] }).events.map(({ key }) => key);
  };
  const stopped = async () => {
    const { body } = await call(gateway, "GET /v1/ack-rules/orders", other);
    return (body as { stopped?: string }).stopped;
  };
  await send("one");
  await until("the first ack", 20_000, async () => (await acked()).length === 1);
  await gateway.revoke(creator);
  const why = await until("the rule says why", 10_000, stopped);
  expect(why).toContain("was revoked or has expired");
  await send("two");
  expect(await statusOf("PUT /v1/ack-rules/orders", other, rule)).toBe(200);
  await until("both acks", 20_000, async () => (await acked()).length === 2);
  expect(await acked()).toEqual(["one", "two"]);
  expect(await stopped()).toBeUndefined();
  // Its ids are those of its topics.
  const blind = await gateway.key("read rule:*");
  for (const path of ["stats", "overdue", "messages/one"]) {
    expect(await statusOf(`GET /v1/ack-rules/orders/${path}`, blind)).toBe(403);
    expect(await statusOf(`GET /v1/ack-rules/orders/${path}`, other)).toBe(200);
    expect(await statusOf(`GET /v1/ack-rules/none/${path}`, writer)).toBe(403);
  }
});

test("relations: those of topics that may be read", async () => {
  expect(await statusOf("GET /v1/relations")).toBe(401);
  expect(await statusOf("GET /v1/relations", await gateway.key("read app:*"))).toBe(403);
  const reader = await gateway.key("read topic:a");
  expect(await call(gateway, "GET /v1/relations", reader)).toMatchObject({
    body: { relations: [] },
  });
  expect(await statusOf("GET /v1/relations/none/refusals", reader)).toBe(404);
  expect(await statusOf("GET /v1/relations/none/refusals")).toBe(401);
});

test("registry: Confluent's errors, private caching, and schemas by id", async () => {
  const text = 'syntax = "proto3"; package acme; message Watch { string id = 1; }';
  const schema = { schemaType: "PROTOBUF", schema: text };
  const producer = await gateway.key("append subject:watch-value");
  const registered = await call(gateway, "POST /subjects/watch-value/versions", producer, schema);
  expect(registered).toMatchObject({ status: 200, body: { version: 1, schema: text } });
  const { id } = registered.body as { id: number };
  expect(await call(gateway, "GET /subjects", producer)).toMatchObject({
    status: 403,
    body: { error_code: 40301, message: expect.any(String) },
  });
  expect(await call(gateway, "GET /subjects")).toMatchObject({
    status: 401,
    body: { error_code: 401 },
  });
  const wrong = await call(gateway, "GET /schemas/ids/1", "slk_3kf82hs0_wrong");
  expect(wrong).toMatchObject({ status: 401, body: { error_code: 401 } });
  expect(wrong.headers.get("www-authenticate")).toContain("Basic");
  expect(await statusOf("GET /schemas/types")).toBe(200);

  const reader = await gateway.key("read subject:watch-value");
  const other = await gateway.key("read subject:other");
  const set = await call(gateway, `GET /v1/schemas/${id}`, reader);
  expect([set.status, set.headers.get("cache-control")]).toEqual([
    200,
    "private, max-age=31536000, immutable",
  ]);
  for (const path of [`/schemas/ids/${id}`, `/v1/schemas/${id}`, `/schemas/ids/${id}/versions`]) {
    expect([path, await statusOf(`GET ${path}`, reader)]).toEqual([path, 200]);
    const hidden = await call(gateway, `GET ${path}`, other);
    const none = await call(gateway, `GET ${path.replace(`/${id}`, "/999")}`, other);
    expect([path, hidden.status, none.status]).toEqual([path, 404, 404]);
    expect(JSON.stringify(hidden.body)).toBe(
      JSON.stringify(none.body).replaceAll("999", String(id)),
    );
  }
  expect((await call(gateway, "GET /subjects", other)).body).toEqual([]);
  expect(await statusOf("GET /config", reader)).toBe(403);
  expect(await statusOf("GET /config", await gateway.key("read subject:*"))).toBe(200);
  expect(await statusOf("PUT /mode/watch-value", reader, { mode: "READONLY" })).toBe(403);
  expect(await statusOf("DELETE /subjects/watch-value", producer)).toBe(403);
  expect(
    await statusOf("DELETE /subjects/watch-value", await gateway.key("manage subject:watch-*")),
  ).toBe(200);
});
