// Records decoded to JSON by their schemas: pages, server-sent events and WebSockets with `decode=json`.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres, withPostgres } from "../../support/postgres.ts";
import { openSse } from "../../support/sse-socket.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { framed, registerSchema, type TestSchema, watchProto } from "./schemas.ts";

let database: TestDatabase;
let gateway: GatewayProcess;
let other: GatewayProcess;
let watch: TestSchema;
beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  const env = { DATABASE_URL: database.url };
  [gateway, other] = await Promise.all([startGateway({ env }), startGateway({ env })]);
  watch = await registerSchema(gateway.url, "watch-value", watchProto());
}, 90_000);
afterAll(async () => {
  await Promise.all([gateway.stop(), other.stop()]);
  for (const node of [gateway, other]) expect(node.errors()).toEqual([]);
  await database.drop();
}, 30_000);

const steps = "9007199254740993";
const absent = 999_999;
const records = (topic: string, node = gateway) => `${node.url}/v1/topics/${topic}/records`;
const encode = (bpm: number) => watch.encode("acme.v1.Watch", { id: "watch", bpm, steps });
const collect = (node: GatewayProcess) =>
  createClient(CollectorService, createGrpcTransport({ baseUrl: node.grpcUrl }));

/** Publishes one record of each kind; returns their JSON without position, time and key. */
async function fill(topic: string) {
  await collect(gateway).publish({
    topic,
    records: [
      { value: encode(61), schemaId: watch.id },
      { value: framed(watch.id, [1, 0], watch.encode("acme.v1.Strap.Hole", { at: 7 })) },
      { value: encode(62), headers: { __value_schema_id: framed(watch.id, [0]) } },
      { value: encode(63).subarray(0, 4), schemaId: watch.id },
      { value: encode(64), schemaId: absent },
      { value: framed(watch.id, [9], encode(65)) },
      { value: new Uint8Array([0xff, 1]) },
    ],
  });
  const headers = { "sluice-schema-id": String(watch.id) };
  await post(records(topic), `{"id":"watch","steps":${steps}}`, headers);
  await post(records(topic), `{"no": "schema",\n "steps":${steps}}`);
  const schema = { id: watch.id, name: "acme.v1.Watch" };
  const error = (field: string) => ({
    ...{ field, code: "invalid", message: expect.any(String) },
  });
  const base64 = (bytes: Uint8Array) => ({ base64: bytes.toBase64() });
  return [
    { schema, data: { id: "watch", bpm: 61, steps } },
    { schema: { ...schema, name: "acme.v1.Strap.Hole" }, data: { at: 7 } },
    { schema, data: { id: "watch", bpm: 62, steps } },
    { schema, data: base64(encode(63).subarray(0, 4)), error: error("id") },
    { schema: { id: absent }, data: base64(encode(64)), error: error("schema_id") },
    {
      schema: { id: watch.id },
      data: base64(framed(watch.id, [9], encode(65))),
      error: error("schema_id"),
    },
    { data: { base64: "/wE=" } },
    { schema, data: { id: "watch", steps: Number(steps) } },
    { data: { no: "schema", steps: Number(steps) } },
  ];
}

/** The members beside position, time and key. */
const content = ({ schema, data, error }: Record<string, unknown>) => ({
  ...(schema === undefined ? {} : { schema }),
  data,
  ...(error === undefined ? {} : { error }),
});

test("a page, a stream and a socket return the same records, on any node", async () => {
  const expected = await fill("kinds");
  for (const node of [gateway, other]) {
    const page = await ask("GET", `${records("kinds", node)}?decode=json`);
    expect(page.json.events.map(content)).toEqual(expected);
    // A value that is JSON already is passed on unchanged.
    expect(page.text).toContain(`"data":{"id":"watch","steps":${steps}}`);

    const sse = await openSse(`${node.url}/v1/topics/kinds/sse?after=earliest&decode=json`);
    const events = await sse.take(expected.length);
    expect(events.map(({ data }) => JSON.parse(data))).toEqual(expected);
    expect(events.map(({ id }) => id)).toEqual(
      page.json.events.map(({ position }: { position: string }) => position),
    );
    sse.close();

    const ws = await openWs(`${node.wsUrl}/v1/ws`);
    ws.say({ op: "subscribe", topic: "kinds", after: "earliest", decode: "json" });
    const got: unknown[] = [];
    while (got.length < expected.length) {
      const message = await ws.nextThat(({ op }) => op === "events");
      got.push(...message.events.map(content));
    }
    expect(got).toEqual(expected);
    ws.socket.close();
  }
  const plain = await ask("GET", `${records("kinds")}?limit=1&after=earliest`);
  expect(Object.keys(plain.json.events[0])).toEqual(["position", "time", "data"]);
});

test("an invalid `decode` is refused, and the error names it", async () => {
  await post(records("asked"), "{}");
  for (const path of ["records", "sse"]) {
    const answer = await ask("GET", `${gateway.url}/v1/topics/asked/${path}?decode=xml`);
    expect([answer.status, answer.json.errors[0].field]).toEqual([400, "decode"]);
  }
  const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
  ws.say({ op: "subscribe", topic: "asked", decode: "xml" });
  expect((await ws.next()).problem.errors[0].field).toBe("/decode");
  ws.socket.close();
});

test("live readers with and without decoding see all in order, while new schemas appear", async () => {
  const topic = "live";
  await post(records(topic), "{}");
  const address = `${other.url}/v1/topics/${topic}/sse`;
  const streams = await Promise.all([
    openSse(`${address}?decode=json`),
    openSse(address),
    openSse(`${address}?decode=json`),
    openSse(`${address}?decode=json&key=absent`),
  ]);
  const ws = await openWs(`${other.wsUrl}/v1/ws`);
  ws.say({ op: "subscribe", topic, decode: "json" });
  await ws.nextThat(({ op }) => op === "subscribed");
  const producer = collect(gateway);
  const total = 400;
  for (let n = 0; n < total; n += 40) {
    // Each is a schema that the other node must fetch before it can continue.
    const fresh = await registerSchema(gateway.url, "live", watchProto(`int32 n${n} = ${n + 9};`));
    const value = (at: number) =>
      fresh.encode("acme.v1.Watch", { id: "live", steps: String(at), [`n${n}`]: at });
    await producer.publish({
      topic,
      records: Array.from({ length: 40 }, (_, i) => ({ value: value(n + i), schemaId: fresh.id })),
    });
  }
  const [decoded, plain, also] = await Promise.all(
    streams.slice(0, 3).map((stream) => stream.take(total, 15_000)),
  );
  const numbers = (events: readonly { data: string }[] = []) =>
    events.map(({ data }) => Number(JSON.parse(data).data.steps ?? 0));
  const expected = Array.from({ length: total }, (_, n) => n);
  expect(numbers(decoded)).toEqual(expected);
  expect(numbers(also)).toEqual(expected);
  expect(plain?.map(({ id }) => id)).toEqual(decoded?.map(({ id }) => id) ?? []);
  const [last] = JSON.parse(`[${decoded?.at(-1)?.data}]`);
  expect(last.data).toEqual({ id: "live", steps: "399", n360: 399 });

  const received: number[] = [];
  while (received.length < total) {
    const message = await ws.nextThat(({ op }) => op === "events");
    received.push(
      ...message.events.map((one: { data: { steps: string } }) => Number(one.data.steps ?? 0)),
    );
  }
  expect(received).toEqual(expected);
  for (const stream of streams) stream.close();
  ws.socket.close();
}, 30_000);

test("a stream that was cut resumes after its last record", async () => {
  const topic = "cut";
  for (let n = 0; n < 10; n++) {
    await collect(gateway).publish({
      ...{ topic, records: [{ value: encode(30 + n), schemaId: watch.id }] },
    });
  }
  const address = `${gateway.url}/v1/topics/${topic}/sse?decode=json`;
  const first = await openSse(`${address}&tail=10`);
  const some = await first.take(4);
  first.close();
  const second = await openSse(address, { headers: { "last-event-id": some.at(-1)?.id ?? "" } });
  const rest = await second.take(6);
  second.close();
  expect([...some, ...rest].map(({ data }) => JSON.parse(data).data.bpm)).toEqual(
    Array.from({ length: 10 }, (_, n) => 30 + n),
  );
});

test("the end of an emitter comes after its events, decoded or not", async () => {
  await ask("PUT", `${gateway.url}/log/brief`, { body: '{"source":"external"}' });
  await post(`${gateway.url}/log/brief`, { last: "words" });
  await ask("DELETE", `${gateway.url}/log/brief`);
  const sse = await openSse(
    `${gateway.url}/v1/topics/emitters/sse?key=brief&after=earliest&decode=json`,
  );
  const events = await sse.take(2);
  expect(events.map(({ event }) => event)).toEqual(["message", "end"]);
  expect(JSON.parse(events[0]?.data ?? "")).toEqual({ data: { last: "words" } });
  await sse.ended;
});

const skipReason = natsSkipReason();
test.skipIf(skipReason !== undefined)(
  `while the registry is down, readers get an error and the position to resume from${skipReason === undefined ? "" : ` (${skipReason})`}`,
  async () => {
    await withPostgres(async (url, server) => {
      const nats = await startNats();
      const node = await startGateway({ env: { DATABASE_URL: url, NATS_URL: nats.url } });
      try {
        const known = await registerSchema(node.url, "known", watchProto());
        const registered = await post(`${node.url}/subjects/fresh/versions`, {
          ...{ schemaType: "PROTOBUF", schema: watchProto("int32 fresh = 9;") },
        });
        const publish = (schemaId: number) =>
          collect(node).publish({ topic: "outage", records: [{ value: encode(60), schemaId }] });
        await publish(known.id);
        const address = `${node.url}/v1/topics/outage/sse?decode=json`;
        const sse = await openSse(`${address}&after=earliest`);
        const before = await sse.take(1);
        await server.kill9();
        try {
          await publish(known.id);
          await publish(registered.json.id);
          const second = await sse.take(2);
          expect(second.map(({ event }) => event)).toEqual(["message", "error"]);
          expect(JSON.parse(second[1]?.data ?? "").code).toBe("unavailable");
          expect(second[1]?.id).toBe(second[0]?.id ?? "");
          await sse.ended;
          const page = await ask("GET", `${records("outage", node)}?decode=json`);
          expect([page.status, page.json.code]).toEqual([503, "unavailable"]);
          const ws = await openWs(`${node.wsUrl}/v1/ws`);
          const after = before[0]?.id;
          ws.say({ op: "subscribe", topic: "outage", after, decode: "json" });
          const closed = await ws.nextThat(({ op }) => op === "closed");
          expect(closed).toMatchObject({ position: after, problem: { code: "unavailable" } });
          ws.socket.close();
        } finally {
          await server.start();
        }
        const back = await until("PostgreSQL is back", 20_000, async () => {
          const page = await ask("GET", `${records("outage", node)}?decode=json`);
          return page.status === 200 && page;
        });
        expect(back.json.events.map(({ error }: { error: unknown }) => error)).toEqual([
          ...[undefined, undefined, undefined],
        ]);
      } finally {
        await node.stop();
        await nats.stop();
      }
    });
  },
  60_000,
);

test("floats have the digits of other languages, and a negative zero keeps its sign", async () => {
  const schema = await registerSchema(
    gateway.url,
    "floats",
    `syntax = "proto3"; package floats; import "google/protobuf/wrappers.proto";
     message F { float a = 1; repeated float list = 2; map<string, float> by = 3; double d = 4;
       google.protobuf.FloatValue boxed = 5; F inner = 6; }`,
  );
  const value = schema.encode("floats.F", {
    ...{ a: 0.1, list: [-0, 16777216, 3.4028235e38, 1e-45], by: { x: 161.4 }, d: -0 },
    ...{ boxed: 33.3, inner: { a: 1e10 } },
  });
  await collect(gateway).publish({ topic: "floats", records: [{ value, schemaId: schema.id }] });
  const page = await ask("GET", `${records("floats")}?decode=json`);
  expect(page.text).toContain(
    '"data":{"a":0.1,"list":[-0,16777216,3.4028235e+38,1e-45],"by":{"x":161.4},"d":-0,"boxed":33.3,"inner":{"a":10000000000}}',
  );
});
