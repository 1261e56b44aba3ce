// `/v1/registry`: the registry as pages look at it, on a gateway with access control.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { call, type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { until } from "../../support/until.ts";

let gateway: ClosedGateway;
let all: string;
beforeAll(async () => {
  gateway = await startClosedGateway();
  all = await gateway.key("read *, append *, manage *");
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

const watch = `syntax = "proto3";
package acme.v1;

message Watch {
  string id = 1;
  int32 bpm = 2;
  int64 beats = 3;
}
`;
const wider = watch.replace("int64 beats = 3;", "int64 beats = 3;\n  bool worn = 4;");
const broken = watch.replace("int32 bpm", "string bpm");

// oxlint-disable-next-line no-explicit-any -- answers of many shapes, each compared as a whole
type Body = any;

async function ask(address: string, key: string = all, body?: unknown): Promise<Body> {
  const answer = await call(gateway, address, key, body);
  return { status: answer.status, ...(answer.body as object) };
}

async function register(subject: string, text: string, references: unknown[] = []): Promise<Body> {
  const query = new URLSearchParams({ subject }).toString();
  return await ask(`POST /v1/registry/versions?${query}`, all, { text, references });
}

test("a text is checked with every reason, tried, registered, and compared with the next", async () => {
  expect(await register("watch/value", watch)).toMatchObject({ version: 1, existed: false });
  expect(await register("watch/value", watch)).toMatchObject({ version: 1, existed: true });
  const of = "subject=watch%2Fvalue";
  const checked = await ask(`POST /v1/registry/check?${of}`, all, { text: broken });
  expect(checked).toMatchObject({
    status: 200,
    compatible: false,
    compatibility: "BACKWARD",
    existing: null,
    messages: ["acme.v1.Watch"],
    reasons: [
      {
        type: "FIELD_SCALAR_KIND_CHANGED",
        path: "#/Watch/2",
        direction: "BACKWARD",
        version: 1,
      },
    ],
  });
  expect(await register("watch/value", broken)).toMatchObject({
    status: 409,
    code: "incompatible",
    errors: [{ field: "#/Watch/2" }],
  });
  expect(await ask(`POST /v1/registry/check?${of}`, all, { text: "message {" })).toMatchObject({
    status: 400,
    code: "invalid",
    errors: [{ field: "1:1" }, { field: "1:9" }],
  });
  expect(
    await ask(`POST /v1/registry/versions?${of}&dry_run=true`, all, { text: wider }),
  ).toMatchObject({ status: 200, version: 0, id: 0, existed: false });
  expect(await register("watch/value", wider)).toMatchObject({ version: 2 });
  expect(await ask(`POST /v1/registry/check?${of}`, all, { text: wider })).toMatchObject({
    compatible: true,
    existing: { version: 2 },
  });
  const changes = await ask(`GET /v1/registry/changes?${of}&from=1`);
  expect(changes).toMatchObject({ from: 1, to: 2, compatibility: "BACKWARD", more: false });
  expect(changes.changes).toContainEqual({
    type: "FIELD_ADDED",
    path: "#/Watch/4",
    message: expect.any(String),
    direction: "BACKWARD",
    breaks: false,
    forbidden: false,
  });
  const versions = await ask(`GET /v1/registry/versions?${of}&limit=1`);
  expect(versions).toMatchObject({ versions: [{ version: 2 }], next: 2 });
  expect(await ask(`GET /v1/registry/versions?${of}&before=2`)).toMatchObject({
    versions: [{ version: 1 }],
    next: null,
  });
  expect(await ask(`GET /v1/registry/version?${of}&version=1`)).toMatchObject({
    ...{ version: 1, text: watch, is_rendered: false, references: [] },
  });
});

test("subjects are found by a part of their name, a page at a time", async () => {
  for (const name of ["find-A", "find-b", "find-c"]) await register(name, watch);
  const first = await ask("GET /v1/registry/subjects?q=FIND-&limit=2");
  expect(first.subjects.map((one: Body) => one.subject)).toEqual(["find-A", "find-b"]);
  expect(first.subjects[0]).toMatchObject({ versions: 1, latest: { version: 1 }, mode: null });
  const rest = await ask(`GET /v1/registry/subjects?q=FIND-&limit=2&after=${first.next}`);
  expect(rest).toMatchObject({ subjects: [{ subject: "find-c" }], next: null });
  expect(await ask("GET /v1/registry/subjects?q=%25")).toMatchObject({ subjects: [] });
  const put = await ask("PUT /v1/registry/settings?subject=find-b", all, { compatibility: "FULL" });
  expect(put).toMatchObject({ compatibility: "FULL", own_compatibility: "FULL", own_mode: null });
  const removed = await ask("PUT /v1/registry/settings?subject=find-b", all, {
    compatibility: null,
  });
  expect(removed).toMatchObject({ compatibility: "BACKWARD", own_compatibility: null });
  const { id } = await register("find-A", watch);
  const same = await ask(`GET /v1/registry/schemas/${id}?limit=2`);
  expect(same.versions).toEqual([
    { subject: "find-A", version: 1, deleted: false },
    { subject: "find-b", version: 1, deleted: false },
  ]);
  expect(same.next).toBe(2);
  const reader = await gateway.key("read subject:find-b");
  expect((await ask(`GET /v1/registry/schemas/${id}`, reader)).versions).toEqual([
    { subject: "find-b", version: 1, deleted: false },
  ]);
});

test("references lead both ways, and to nothing that may not be read", async () => {
  const base = 'syntax = "proto3"; package g.v1; message Base { string id = 1; }';
  const middle =
    'syntax = "proto3"; package g.v1; import "base.proto"; message Middle { Base base = 1; }';
  const top =
    'syntax = "proto3"; package g.v1; import "middle.proto"; message Top { Middle middle = 1; }';
  await register("g-base", base);
  await register("g-middle", middle, [{ name: "base.proto", subject: "g-base", version: 0 }]);
  await register("g-top", top, [{ name: "middle.proto", subject: "g-middle", version: 1 }]);
  const graph = await ask("GET /v1/registry/references?subject=g-middle");
  const levels = graph.versions.map(({ subject, level }: Body) => [subject, level]);
  expect(levels).toEqual([
    ["g-middle", 0],
    ["g-base", 1],
    ["g-top", -1],
  ]);
  expect(graph.imports).toEqual([
    {
      name: "base.proto",
      from: { subject: "g-middle", version: 1 },
      to: { subject: "g-base", version: 1 },
    },
    {
      name: "middle.proto",
      from: { subject: "g-top", version: 1 },
      to: { subject: "g-middle", version: 1 },
    },
  ]);
  const reader = await gateway.key("read subject:g-middle");
  const seen = await ask("GET /v1/registry/references?subject=g-middle", reader);
  expect(seen.versions).toHaveLength(1);
  expect(seen.imports).toEqual([]);
  expect((await ask("GET /v1/registry/version?subject=g-middle", reader)).references).toEqual([]);

  const refused = await ask("DELETE /v1/registry/versions?subject=g-base");
  expect(refused).toMatchObject({ status: 409, code: "conflict" });
  expect(await ask("DELETE /v1/registry/versions?subject=g-top")).toMatchObject({ versions: [1] });
  const gone = await ask("DELETE /v1/registry/versions?subject=g-top&version=1&permanent=true");
  expect(gone).toMatchObject({ status: 200, versions: [1] });
});

test("a template has every field, and a dry run says what is wrong with a record", async () => {
  const text = `syntax = "proto3"; package t.v1;
    import "buf/validate/validate.proto"; import "google/protobuf/timestamp.proto";
    message Order {
      int64 id = 1 [(buf.validate.field).int64.gt = 0];
      google.protobuf.Timestamp at = 2;
      repeated Line lines = 3;
      oneof pay { string card = 4; string cash = 5; }
      map<string, int32> tags = 6;
      Order before = 7;
      State state = 8;
      message Line { string sku = 1; double price = 2; }
    }
    enum State { NEW = 0; PAID = 1; }`;
  const { id } = await register("t-orders-value", text);
  const made = await ask(`GET /v1/registry/schemas/${id}/template`);
  expect(made).toMatchObject({
    id,
    message: "t.v1.Order",
    messages: ["t.v1.Order", "t.v1.Order.Line"],
  });
  expect(made.template).toEqual({
    id: "0",
    at: "1970-01-01T00:00:00Z",
    lines: [{ sku: "", price: 0 }],
    card: "",
    tags: {},
    state: "NEW",
  });
  const line = await ask(`GET /v1/registry/schemas/${id}/template?message=t.v1.Order.Line`);
  expect(line.template).toEqual({ sku: "", price: 0 });
  expect(await ask(`GET /v1/registry/schemas/${id}/template?message=t.v1.No`)).toMatchObject({
    status: 404,
  });

  await ask("PUT /v1/topics/t-orders", all, { schema: "validated" });
  const append = async (query: string, records: unknown, topic = "t-orders") => {
    const answer = await fetch(`${gateway.url}/v1/topics/${topic}/records${query}`, {
      method: "POST",
      headers: { authorization: `Bearer ${all}`, "sluice-schema-id": String(id) },
      body: JSON.stringify(records),
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  expect(await append("?dry_run=true", made.template)).toMatchObject({
    status: 400,
    errors: [{ index: 0, field: "id" }],
  });
  expect(await append("?dry_run=true", [{ ...made.template, id: "7" }, { nope: 1 }])).toMatchObject(
    {
      ...{ status: 207, accepted: 1, position: null },
      refused: [{ index: 1, field: "value" }],
    },
  );
  expect(await ask("GET /v1/topics/t-orders/records")).toMatchObject({ events: [] });

  // A dry run stores nothing: its topic, which is tried before the other, is not among those below.
  await ask("PUT /v1/topics/t-tried", all, { schema: "validated" });
  expect(await append("?dry_run=true", { ...made.template, id: "7" }, "t-tried")).toMatchObject({
    status: 200,
    accepted: 1,
  });
  expect(await append("", { ...made.template, id: "7" })).toMatchObject({ status: 200 });
  const seen = await until("the use is written", 15_000, async () => {
    const found = await ask(`GET /v1/registry/topics?subject=t-orders-value`);
    return found.topics.length > 0 ? found : undefined;
  });
  expect(seen.topics).toMatchObject([{ topic: "t-orders", id, schemas: 1 }]);
  expect(await ask("GET /v1/topics/t-orders/schemas")).toMatchObject({
    schemas: [{ id, subjects: [{ subject: "t-orders-value", version: 1 }] }],
    next: null,
  });
  // A caller that may not read the topic, or the subject, does not learn of it.
  const noTopic = await gateway.key("read subject:*");
  expect(await ask(`GET /v1/registry/schemas/${id}/topics`, noTopic)).toMatchObject({ topics: [] });
  const noSubject = await gateway.key("read topic:t-orders");
  expect(await ask("GET /v1/topics/t-orders/schemas", noSubject)).toMatchObject({
    schemas: [{ id, subjects: [] }],
  });
  await ask("DELETE /v1/topics/t-orders");
  await until("the use is forgotten", 15_000, async () => {
    const { topics } = await ask(`GET /v1/registry/topics?subject=t-orders-value`);
    return topics.length === 0;
  });
});

test("records of a topic without a rule are noted when somebody reads them decoded", async () => {
  const { id } = await register("free-value", watch);
  const headers = { authorization: `Bearer ${all}`, "sluice-schema-id": String(id) };
  const address = `${gateway.url}/v1/topics/free/records`;
  await fetch(address, { method: "POST", headers, body: '{"id":"a"}' });
  await fetch(`${address}?decode=json`, { headers });
  await until("the use is written", 15_000, async () => {
    const { topics } = await ask(`GET /v1/registry/schemas/${id}/topics`);
    return topics.some((one: Body) => one.topic === "free");
  });
});

test("without the right a subject cannot be told from one that does not exist", async () => {
  await register("secret-value", watch);
  const reader = await gateway.key("read subject:a-*, read topic:a.*");
  const addresses = [
    "GET /v1/registry/versions?subject=NAME",
    "GET /v1/registry/version?subject=NAME",
    "GET /v1/registry/changes?subject=NAME",
    "GET /v1/registry/references?subject=NAME",
    "GET /v1/registry/topics?subject=NAME",
    "GET /v1/registry/settings?subject=NAME",
  ];
  for (const address of addresses) {
    const secret = await ask(address.replace("NAME", "secret-value"), reader);
    const absent = await ask(address.replace("NAME", "absent-value"), reader);
    expect(secret.status).toBe(403);
    expect(JSON.stringify(secret)).toBe(
      JSON.stringify(absent).replaceAll("absent-value", "secret-value"),
    );
  }
  expect(await ask("GET /v1/registry/subjects", reader)).toMatchObject({
    subjects: [],
    next: null,
  });
  expect(await ask("GET /v1/topics/b/schemas", reader)).toMatchObject({ status: 403 });
  const { id } = await register("secret-value", watch);
  expect(await ask(`GET /v1/registry/schemas/${id}`, reader)).toMatchObject({ status: 404 });
  expect(await ask(`GET /v1/registry/schemas/${id}/template`, reader)).toMatchObject({
    status: 404,
  });
  expect(await ask(`GET /v1/registry/schemas/${id}/topics`, reader)).toMatchObject({ status: 404 });
  const writer = await gateway.key("read subject:secret-value");
  expect(
    await ask("POST /v1/registry/versions?subject=secret-value", writer, { text: wider }),
  ).toMatchObject({ status: 403 });
  expect(await ask("DELETE /v1/registry/versions?subject=secret-value", writer)).toMatchObject({
    status: 403,
  });
});
