/** What is overdue over all rules and applications, and the ids of one rule, to callers who may read less. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { call, type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { until } from "../../support/until.ts";

let gateway: ClosedGateway;
let admin: string;

beforeAll(async () => {
  gateway = await startClosedGateway();
  admin = await gateway.key("read *, append *, manage *");
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

interface Overdue {
  readonly rule?: string;
  readonly app_id?: string;
  readonly message_id: string;
  readonly missing: readonly string[];
  readonly first_seen: string;
  readonly overdue_since: string;
}

async function get<Body>(path: string, key = admin): Promise<Body> {
  const { status, body } = await call(gateway, `GET ${path}`, key);
  expect([path, status, body]).toEqual([path, 200, expect.anything()]);
  return body as Body;
}

async function send(address: string, body: unknown): Promise<void> {
  const { status } = await call(gateway, address, admin, body);
  expect(status).toBeOneOf([200, 201, 202, 204]);
}

const see = (topic: string, ...ids: string[]) =>
  send(
    `POST /v1/topics/${topic}/records`,
    ids.map((id) => ({ message_id: id })),
  );
const happen = (app_id: string, event: string, ...ids: string[]) =>
  Promise.all(ids.map((message_id) => send("POST /api/event", { app_id, message_id, event })));

async function allOf(query: string, key = admin): Promise<readonly Overdue[]> {
  const all: Overdue[] = [];
  for (let after = ""; ;) {
    const page = await get<{ overdue: Overdue[]; next: string | null }>(
      `/v1/overdue?limit=3${query}${after}`,
      key,
    );
    expect(page.overdue.length).toBeLessThanOrEqual(3);
    all.push(...page.overdue);
    if (page.next === null) return all;
    after = `&after=${page.next}`;
  }
}

const namesOf = (all: readonly Overdue[]) =>
  all.map(({ rule, app_id, message_id }) => `${rule ?? app_id}/${message_id}`).toSorted();

test("what is overdue is listed over all of them, the oldest first, in pages, groups and files", async () => {
  const rule = (topics: string[], name: string) => ({ topics, output: `acks.${name}` });
  await send("PUT /v1/ack-rules/orders", { ...rule(["o.1", "o.2"], "o"), deadline_ms: 300 });
  await send("PUT /v1/ack-rules/parcels", { ...rule(["p.1", "p.2"], "p"), deadline_ms: 900 });
  await send("PUT /v1/ack-rules/endless", rule(["e.1", "e.2"], "e"));
  await send("PUT /v1/ack-rules/sent", {
    events: ["MADE", "SENT"],
    app_id: "shop",
    output: "acks.s",
    deadline_ms: 500,
  });
  await send("PUT /v1/apps/shop", { expected: ["MADE", "SENT"], deadline_ms: 600 });
  await send("PUT /v1/apps/bank", { expected: ["MADE", "PAID"], deadline_ms: 100 });
  await see("p.1", "p-0");
  await see("o.1", "o-0", "=1+1", "o-2");
  await happen("bank", "MADE", "b-0", "b-1");
  await happen("shop", "MADE", "s-0");
  await see("e.1", "e-0");
  await see("o.2", "o-3");
  await see("p.2", "p-1");
  const expected = [
    "bank/b-0",
    "bank/b-1",
    "orders/=1+1",
    "orders/o-0",
    "orders/o-2",
    "orders/o-3",
    "parcels/p-0",
    "parcels/p-1",
    "sent/s-0",
    "shop/s-0",
  ];
  const all = await until("all of them", 15_000, async () => {
    const some = await allOf("");
    return some.length >= expected.length && some;
  });
  expect(namesOf(all)).toEqual(expected);
  const times = all.map(({ first_seen }) => Math.floor(Date.parse(first_seen)));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(all[0]).toMatchObject({ rule: "parcels", message_id: "p-0", missing: ["p.2"] });
  const late = all.find(({ message_id }) => message_id === "o-3");
  expect(late?.missing).toEqual(["o.1"]);
  expect(Date.parse(late?.overdue_since ?? "") - Date.parse(late?.first_seen ?? "")).toBe(300);

  expect(namesOf(await allOf("&missing=o.2"))).toEqual(["orders/=1+1", "orders/o-0", "orders/o-2"]);
  expect(namesOf(await allOf("&app=shop"))).toEqual(["sent/s-0", "shop/s-0"]);
  expect(namesOf(await allOf("&rule=parcels"))).toEqual(["parcels/p-0", "parcels/p-1"]);
  expect(namesOf(await allOf(`&since=${late?.first_seen}`))).toEqual(["orders/o-3", "parcels/p-1"]);
  expect(await allOf("&rule=none")).toEqual([]);

  interface Groups {
    readonly counted: number;
    readonly groups: readonly { readonly count: number; readonly missing?: string[] }[];
  }
  const groups = await get<Groups>("/v1/overdue/groups");
  expect(groups).toMatchObject({ counted: 10, more: false });
  expect(groups.groups.map(({ missing, count }) => [missing?.join(), count])).toEqual([
    ["p.2", 1],
    ["o.2", 3],
    ["PAID", 2],
    ["SENT", 2],
    ["o.1", 1],
    ["p.1", 1],
  ]);
  const byApp = await get<Groups>("/v1/overdue/groups?by=app");
  expect(byApp.groups).toMatchObject([
    { rule: "parcels", count: 2 },
    { rule: "orders", count: 4 },
    { app_id: "bank", count: 2 },
    { app_id: "shop", count: 2 },
  ]);
  const byRule = await get<Groups>("/v1/overdue/groups?by=rule&app=shop");
  expect(byRule.groups.map(({ count }) => count)).toEqual([1, 1]);

  const file = async (format: string) => {
    const headers = { authorization: `Bearer ${admin}` };
    return await fetch(`${gateway.url}/v1/overdue/export?format=${format}`, { headers });
  };
  const lines = (await (await file("ndjson")).text()).trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([...all]);
  const csv = await file("csv");
  expect(csv.headers.get("content-disposition")).toContain("overdue.csv");
  const [header, ...rows] = (await csv.text()).trimEnd().split("\r\n");
  expect(header).toBe("rule,app_id,message_id,missing,first_seen,overdue_since");
  expect(rows.length).toBe(10);
  expect(rows.find((row) => row.includes("1+1"))).toStartWith("orders,,'=1+1,o.2,");

  for (const query of [
    "?after=x",
    "?after=WzEsMl0",
    "?since=yesterday",
    "?rule=a%20b",
    "/groups?by=x",
    "/export?format=x",
  ]) {
    const { status } = await call(gateway, `GET /v1/overdue${query}`, admin);
    expect([query, status]).toEqual([query, 400]);
  }
}, 60_000);

test("a caller finds no trace of what it may not read", async () => {
  const narrow = await gateway.key("read rule:*, read topic:o.*, read app:bank");
  const list = await allOf("", narrow);
  expect(new Set(list.map(({ rule, app_id }) => rule ?? app_id))).toEqual(
    new Set(["orders", "bank"]),
  );
  const groups = await get<{ counted: number }>("/v1/overdue/groups", narrow);
  expect(groups.counted).toBe(6);
  const one = await gateway.key("read app:shop");
  expect(namesOf(await allOf("", one))).toEqual(["shop/s-0"]);
  const none = await gateway.key("read topic:nothing");
  expect(await allOf("", none)).toEqual([]);
  expect((await call(gateway, "GET /v1/overdue", undefined)).status).toBe(401);
  const rules = await get<{ ack_rules: { name: string; counts?: object }[] }>(
    "/v1/ack-rules",
    narrow,
  );
  expect(rules.ack_rules.map(({ name, counts }) => [name, counts])).toEqual([
    ["endless", undefined],
    ["orders", { complete: 0, late: 0, open: 0, overdue: 4, forgotten: 0 }],
    ["parcels", undefined],
    ["sent", undefined],
  ]);
  for (const path of ["messages", "combinations"]) {
    expect((await call(gateway, `GET /v1/ack-rules/parcels/${path}`, narrow)).status).toBe(403);
    expect((await call(gateway, `GET /v1/ack-rules/orders/${path}`, narrow)).status).toBe(200);
  }
});

test("the ids of one rule are listed by state, and counted by where they were seen", async () => {
  await see("e.1", "e/1", "e-2");
  await see("e.2", "e-2");
  await until("one to be complete", 5000, async () => {
    const { messages } = await get<{ messages: object[] }>(
      "/v1/ack-rules/endless/messages?state=complete",
    );
    return messages.length === 1;
  });
  const messagesOf = async (query: string) => {
    const { messages } = await get<{ messages: { message_id: string; state: string }[] }>(
      `/v1/ack-rules/endless/messages?${query}`,
    );
    return messages.map(({ message_id, state }) => [message_id, state]);
  };
  expect(await messagesOf("")).toEqual([
    ["e-0", "open"],
    ["e/1", "open"],
  ]);
  expect(await messagesOf("state=complete")).toEqual([["e-2", "complete"]]);
  expect(await messagesOf("id=e%2F1")).toEqual([["e/1", "open"]]);
  expect(await messagesOf("id=none")).toEqual([]);
  expect(await messagesOf("missing=e.1")).toEqual([]);
  expect(await get("/v1/ack-rules/endless/combinations")).toMatchObject({
    counted: 2,
    combinations: [{ seen: ["e.1"], missing: ["e.2"], open: 2, overdue: 0 }],
  });
  expect(await get("/v1/ack-rules/orders/combinations")).toMatchObject({
    time_left: { from_ms: -300, cells: 24 },
    combinations: [
      { missing: ["o.2"], overdue: 3, oldest: { message_id: expect.any(String) } },
      { missing: ["o.1"], overdue: 1, oldest: { message_id: "o-3" } },
    ],
  });
});

test("a change needs the rights of a creation, and its preview those of a reader", async () => {
  const topics = "read topic:o.1, read topic:o.2, append topic:acks.o*";
  const change = { topics: ["o.1"], output: "acks.o", deadline_ms: 300 };
  const address = "/v1/ack-rules/orders";
  const statusOf = async (grants: string) => {
    const key = await gateway.key(grants);
    const preview = await call(gateway, `POST ${address}/preview`, key, change);
    const made = await call(gateway, `PUT ${address}`, key, change);
    return [preview.status, made.status];
  };
  const narrow = "read rule:orders, manage rule:orders, read topic:o.2, append topic:acks.o*";
  expect(await statusOf(narrow)).toEqual([403, 403]);
  expect(await statusOf(`read rule:orders, ${topics}`)).toEqual([403, 403]);
  expect(await statusOf(`read rule:orders, manage rule:orders, read topic:o.1`)).toEqual([
    403, 403,
  ]);
  // To see what is forgotten, the former topics must be readable as well.
  const blind = "read rule:orders, manage rule:orders, read topic:o.1, append topic:acks.o*";
  const key = await gateway.key(blind);
  expect((await call(gateway, `POST ${address}/preview`, key, change)).status).toBe(403);
  expect(await get(address)).toMatchObject({ topics: ["o.1", "o.2"] });
  expect(await statusOf(`read rule:orders, manage rule:orders, ${topics}`)).toEqual([200, 200]);
  await until("the ids that missed it alone are complete", 10_000, async () => {
    const { complete } = await get<{ complete: number }>(`${address}/stats`);
    return complete === 3;
  });
});
