// Schema rules of topics, as producers see them: every endpoint refuses by index the records that break
// the rule, and accepts the others of the batch.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { create, createMutableRegistry } from "@bufbuild/protobuf";
import {
  HeaderSchemaIdSerializer,
  PrefixSchemaIdSerializer,
  ProtobufDeserializer,
  ProtobufSerializer,
  SchemaRegistryClient,
  SerdeType,
} from "@confluentinc/schemaregistry";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { HealthCheckRequestSchema } from "../../../src/gen/grpc/health/v1/health_pb.ts";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { ConsumerService } from "../../../src/gen/sluice/v1/consumer_pb.ts";
import { Ack } from "../../../src/gen/sluice/v1/record_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres, withPostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { ways } from "../rpc/rpc.ts";
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

let topics = 0;
/** Creates a topic with the rule on the first node. */
async function topicOf(schema: string, url = gateway.url): Promise<string> {
  const name = `gate-${++topics}`;
  const made = await ask("PUT", `${url}/v1/topics/${name}`, { body: JSON.stringify({ schema }) });
  expect([made.status, made.json.schema]).toEqual([201, schema]);
  return name;
}

const good = (n: number) => watch.encode("acme.v1.Watch", { id: `watch-${n}`, bpm: 60 + n });
const tooFast = () => watch.encode("acme.v1.Watch", { id: "watch-x", bpm: 1000 });
const absent = 999_999;
const rule =
  'Cannot take the record as "acme.v1.Watch" of schema 1: bpm must be greater than or equal to 20 and less than or equal to 250 [uint32.gte_lte]';

const bytes = (schemaId?: number) => ({
  "content-type": "application/protobuf",
  ...(schemaId === undefined ? {} : { "sluice-schema-id": String(schemaId) }),
});
const records = (topic: string, node = gateway) => `${node.url}/v1/topics/${topic}/records`;
const send = (topic: string, body: Uint8Array<ArrayBuffer>, schemaId?: number, node = gateway) =>
  ask("POST", records(topic, node), { body, headers: bytes(schemaId) });
/** Field and code of each refusal. */
const refusals = (answer: { json: { errors: { field: string; code: string }[] } }) =>
  answer.json.errors.map(({ field, code }) => [field, code]);

describe("a topic's rule", () => {
  test("is a setting: shown, and kept by a request that leaves it out", async () => {
    const topic = await topicOf("validated");
    const address = `${other.url}/v1/topics/${topic}`;
    expect((await ask("GET", address)).json.schema).toBe("validated");
    const again = await ask("PUT", address, { body: '{"schema":"validated"}' });
    expect(again.status).toBe(200);
    const kept = await ask("PUT", address, { body: "{}" });
    expect([kept.status, kept.json.schema]).toEqual([200, "validated"]);
    const wrong = await ask("PUT", `${address}-2`, { body: '{"schema":"strict"}' });
    expect([wrong.status, wrong.json.errors[0].field]).toEqual([400, "/schema"]);
  });

  test("id: each record must name an existing schema, whatever its bytes are", async () => {
    const topic = await topicOf("id");
    expect((await send(topic, tooFast(), watch.id)).status).toBe(200);
    expect((await send(topic, framed(watch.id, [0], new Uint8Array([9])))).status).toBe(200);
    const nameless = await send(topic, good(1));
    expect([nameless.status, ...refusals(nameless)]).toEqual([400, ["schema_id", "invalid"]]);
    expect(nameless.json.detail).toContain("names no schema");
    const unknown = await send(topic, good(1), absent);
    expect(unknown.json.detail).toContain("there is no such schema in the registry");
    expect(refusals(await send(topic, framed(absent, [0], good(1))))).toEqual([
      ["schema_id", "invalid"],
    ]);
    expect((await send(topic, framed(watch.id, [0], good(1)), absent)).json.detail).toContain(
      `names schema ${watch.id}, expected the same`,
    );
    expect((await ask("GET", records(topic))).json.events).toHaveLength(2);
  });

  test("none: every record is accepted", async () => {
    const topic = await topicOf("none");
    for (const id of [undefined, watch.id, absent]) {
      expect((await send(topic, tooFast(), id)).status).toBe(200);
    }
  });
});

describe("validated, over HTTP", () => {
  test("bytes under Sluice-Schema-Id", async () => {
    const topic = await topicOf("validated");
    expect((await send(topic, good(1), watch.id)).json).toMatchObject({ accepted: 1, refused: [] });
    const refused = await send(topic, tooFast(), watch.id);
    expect(refused.status).toBe(400);
    expect(refused.json.errors).toEqual([
      {
        index: 0,
        field: "bpm",
        code: "invalid",
        message: rule.replace("schema 1", `schema ${watch.id}`),
      },
    ]);
    const torn = await send(topic, good(1).subarray(0, 5), watch.id);
    expect(refusals(torn)).toEqual([["id", "invalid"]]);
    for (const id of ["0", "-1", "x", "3000000000", ""]) {
      const headers = { ...bytes(), "sluice-schema-id": id };
      const wrong = await ask("POST", records(topic), { body: good(1), headers });
      expect([id, wrong.status, wrong.json.errors?.[0].field]).toEqual([
        ...[id, 400, "sluice-schema-id"],
      ]);
    }
    expect((await ask("GET", records(topic))).json.events).toHaveLength(1);
  });

  test("Confluent's frame also names the message", async () => {
    const topic = await topicOf("validated");
    const strap = watch.encode("acme.v1.Strap", { colour: "red" });
    const hole = watch.encode("acme.v1.Strap.Hole", { at: 7 });
    for (const value of [
      framed(watch.id, [0], good(1)),
      framed(watch.id, [1], strap),
      framed(watch.id, [1, 0], hole),
    ]) {
      expect((await send(topic, value)).status).toBe(200);
    }
    expect((await send(topic, framed(watch.id, [5], strap))).json.detail).toContain(
      "index 5 is one of 2",
    );
    // A strap is not a watch.
    expect(refusals(await send(topic, framed(watch.id, [0], strap)))).toEqual([["id", "invalid"]]);
  });

  test("protobuf JSON; an invalid line refuses only that line", async () => {
    const topic = await topicOf("validated");
    const lines = [
      { id: "watch-1", bpm: 60, steps: "9007199254740993" },
      { id: "watch-2", bpm: 1000 },
      { id: "watch-3", bpm: 63, colour: "red" },
      { id: "watch-4", bpm: 64 },
    ].map((line) => JSON.stringify(line));
    const answer = await post(records(topic), `${lines.join("\n")}\nnonsense\n`, {
      "content-type": "application/x-ndjson",
      "sluice-schema-id": String(watch.id),
    });
    expect([answer.status, answer.json.accepted]).toEqual([207, 2]);
    const { refused } = answer.json;
    expect(refused.map(({ index, field }: never) => [index, field])).toEqual([
      ...[
        [1, "bpm"],
        [2, "value"],
        [4, "body"],
      ],
    ]);
    expect(refused[1].message).toContain(
      'has the member "colour", expected a field of "acme.v1.Watch"',
    );
    const nameless = await post(records(topic), { id: "watch-1", bpm: 60 });
    expect(refusals(nameless)).toEqual([["schema_id", "invalid"]]);
  });
});

describe("validated JSON is read exactly, and no more leniently than by readers of other languages", () => {
  const exactProto = `syntax = "proto3"; package exact;
    import "buf/validate/validate.proto"; import "google/protobuf/timestamp.proto";
    message N {
      int64 most = 1 [(buf.validate.field).int64.lte = 9007199254740992];
      optional int64 above = 2 [(buf.validate.field).int64.gt = 9007199254740992];
      int64 free = 3; uint64 large = 4; google.protobuf.Timestamp at = 5;
    }`;
  let topic: string;
  let id: number;
  beforeAll(async () => {
    ({ id } = await registerSchema(gateway.url, "exact", exactProto));
    topic = await topicOf("validated");
  });

  test.each([
    ['{"most":9007199254740993}', /most must be less than or equal to 9007199254740992/],
    ['{"most":"9007199254740993"}', /most must be less than or equal to 9007199254740992/],
    ['{"above":9007199254740993}', undefined],
    ['{"free":9223372036854775807}', undefined],
    ['{"free":-9223372036854775808}', undefined],
    ['{"free":9223372036854775808}', /free is 9223372036854775808, expected a whole number from/],
    ['{"large":18446744073709551615}', undefined],
    ['{"free":"1e3"}', undefined],
    ['{"free":"0x1F"}', /free is "0x1F", expected a whole number from/],
    ['{"free":" 7 "}', /free is " 7 ", expected a whole number from/],
    ['{"at":"2024-02-29T00:00:00Z"}', undefined],
    ['{"at":"2023-02-29T00:00:00Z"}', /at is "2023-02-29T00:00:00Z", expected an RFC 3339 time/],
    ['{"at":"2024-01-01T24:00:00Z"}', /at is "2024-01-01T24:00:00Z", expected an RFC 3339 time/],
    ['{"free":1,"free":2}', /has the name "free" twice/],
  ])("%s", async (json, refusal) => {
    const answer = await post(records(topic), json, { "sluice-schema-id": String(id) });
    if (refusal === undefined) expect(answer.json).toMatchObject({ accepted: 1, refused: [] });
    else expect([answer.status, answer.json.detail]).toEqual([400, expect.stringMatching(refusal)]);
  });
});

describe("a rule with nested loops", () => {
  const proto = `syntax = "proto3"; package loops; import "buf/validate/validate.proto";
    message L { repeated int32 a = 1; option (buf.validate.message).cel = { id: "cubic", message: "no",
      expression: "this.a.all(a, this.a.all(b, this.a.all(c, a + b + c >= 0)))" }; }`;

  test("refuses records that take too long, and delays nobody", async () => {
    const topic = await topicOf("validated");
    const loops = await registerSchema(gateway.url, "loops", proto);
    const of = (size: number) =>
      loops.encode("loops.L", { a: Array.from({ length: size }, () => 1) });
    expect((await send(topic, of(10), loops.id)).status).toBe(200);
    const slowest = { ms: 0 };
    const attack = Array.from({ length: 20 }, async () => await send(topic, of(500), loops.id));
    const done = Promise.all(attack).then((answers) => answers.map(({ status }) => status));
    const probe = async () => {
      for (let open = true; open;) {
        const startMs = performance.now();
        await ask("GET", `${gateway.url}/livez`);
        slowest.ms = Math.max(slowest.ms, performance.now() - startMs);
        open = await Promise.race([done.then(() => false), Bun.sleep(5).then(() => true)]);
      }
    };
    await probe();
    expect(await done).toEqual(Array(20).fill(400));
    // Without the bound, each of them takes minutes.
    expect(slowest.ms).toBeLessThan(2000);
    const refused = await send(topic, of(500), loops.id);
    expect(refused.json.detail).toContain(
      "it cannot be checked against its rules: they take more than 50000 steps",
    );
  });

  test("refuses a schema whose rules take too long for any record, or are too long", async () => {
    const list = `[${Array.from({ length: 300 }, (_, n) => n).join(",")}]`;
    const endless = `${list}.all(a, ${list}.all(b, a + b >= 0))`;
    const long = `${"true && ".repeat(600)}true`;
    for (const [expression, reason] of [
      [endless, "has rules that take more than 50000 steps for an empty message"],
      [long, "has a rule with an expression of 4804 characters, expected at most 4000"],
    ] as const) {
      const text = proto.replace(/expression: "[^"]*"/, `expression: "${expression}"`);
      await expect(registerSchema(gateway.url, "endless", text)).rejects.toThrow(reason);
    }
  });
});

describe("validated, on a WebSocket", () => {
  test("publishes are checked and keep their order", async () => {
    const topic = await topicOf("validated");
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    const events = (...bpm: number[]) => bpm.map((one) => ({ id: "watch", bpm: one }));
    const publish = { op: "publish", topic, schema_id: watch.id };
    ws.say({ ...publish, ref: "mixed", events: events(60, 1000, 61) });
    const mixed = await ws.nextThat(({ ref }) => ref === "mixed");
    expect(mixed).toMatchObject({ accepted: 2, refused: [{ index: 1, field: "bpm" }] });
    ws.say({ op: "publish", topic, ref: "nameless", events: events(60) });
    const nameless = await ws.nextThat(({ ref }) => ref === "nameless");
    expect(nameless).toMatchObject({ accepted: 0, refused: [{ index: 0, field: "schema_id" }] });
    // Only the first must wait for a schema that this node has not cached.
    const next = await registerSchema(other.url, "watch-value", watchProto("int32 battery = 9;"));
    ws.say({ ...publish, ref: 0, schema_id: next.id, events: events(70) });
    for (let n = 1; n < 20; n++) ws.say({ ...publish, ref: n, events: events(70 + n) });
    await ws.nextThat(({ ref }) => ref === 19);
    const page = await ask("GET", records(topic));
    const bpm = page.json.events.map(({ data }: { data: { bpm: number } }) => data.bpm);
    expect(bpm).toEqual([60, 61, ...Array.from({ length: 20 }, (_, n) => 70 + n)]);
    ws.socket.close();
  });
});

describe("validated, over RPC", () => {
  for (const [name, way] of Object.entries(ways)) {
    test(name, async () => {
      const topic = await topicOf("validated");
      const collector = createClient(CollectorService, way(gateway));
      const published = await collector.publish({
        topic,
        records: [
          { value: good(0), schemaId: watch.id },
          { value: tooFast(), schemaId: watch.id },
          { value: good(1) },
          { value: framed(watch.id, [0], good(2)) },
          { value: good(3), schemaId: absent },
          { value: good(4), headers: { __value_schema_id: framed(watch.id, [0]) } },
          {
            value: good(5),
            headers: { __value_schema_id: guidFrame(watch.guid) },
          },
        ],
      });
      expect(published).toMatchObject({ accepted: 4n, refused: 3n });
      expect(published.refusals.map(({ index }) => index)).toEqual([1n, 2n, 4n]);
      expect(published.refusals[0]?.message).toStartWith("bpm: Cannot take the record as");
      expect(published.position).not.toBe("");
      const page = await ask("GET", records(topic));
      expect(page.json.events).toHaveLength(4);
    });
  }

  test("refusals of a stream are counted from its start, and its messages stay in order", async () => {
    const topic = await topicOf("validated");
    const grpc = createClient(CollectorService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
    const fresh = await registerSchema(gateway.url, "fresh", watchProto("int32 fresh = 9;"));
    const sent = async function* () {
      // The first waits for its schema.
      yield { topic, records: [{ value: good(0), schemaId: fresh.id }] };
      for (let n = 1; n < 300; n++) {
        const value =
          n % 10 === 0 ? tooFast() : watch.encode("acme.v1.Watch", { id: `n${n}--`, bpm: 99 });
        yield { records: [{ value, schemaId: watch.id }] };
      }
    };
    const summary = await grpc.collect(sent());
    expect(summary).toMatchObject({ accepted: 271n, refused: 29n, ack: Ack.DURABLE });
    expect(summary.refusals.map(({ index }) => Number(index))).toEqual(
      Array.from({ length: 29 }, (_, n) => (n + 1) * 10),
    );
    const page = await ask("GET", `${records(topic)}?limit=1000&decode=json`);
    const ids = page.json.events.map(({ data }: { data: { id: string } }) => data.id);
    const expected = Array.from({ length: 300 }, (_, n) => n).filter((n) => n % 10 !== 0);
    expect(ids).toEqual(["watch-0", ...expected.map((n) => `n${n}--`)]);
  });

  test("another topic in the same stream has its own rule and keeps its turn", async () => {
    const [checked, open] = [await topicOf("validated"), await topicOf("none")];
    const grpc = createClient(CollectorService, createGrpcTransport({ baseUrl: other.grpcUrl }));
    const sent = async function* () {
      for (let n = 0; n < 50; n++) {
        yield { topic: checked, records: [{ value: tooFast(), schemaId: watch.id }] };
        yield { topic: open, records: [{ value: tooFast(), schemaId: watch.id }] };
      }
    };
    const summary = await grpc.collect(sent());
    expect(summary).toMatchObject({ accepted: 50n, refused: 50n });
    expect(summary.refusals.map(({ index }) => Number(index) % 2)).toEqual(Array(50).fill(0));
    expect((await ask("GET", records(open))).json.events).toHaveLength(50);
  });

  test("running acks contain refusals, and never report unchecked records as received", async () => {
    const topic = await topicOf("validated");
    const grpc = createClient(CollectorService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
    const refused = Promise.withResolvers<void>();
    const sent = async function* () {
      yield { topic, records: [{ value: good(1), schemaId: watch.id }] };
      yield { records: [{ value: tooFast(), schemaId: watch.id }] };
      await refused.promise;
    };
    const seen: number[] = [];
    for await (const answer of grpc.ingest(sent())) {
      seen.push(...answer.refusals.map(({ index }) => Number(index)));
      if (seen.length > 0) refused.resolve();
    }
    expect(seen).toEqual([1]);
    const received = await grpc.publish({
      ...{ topic, ack: Ack.RECEIVED },
      records: [{ value: good(1), schemaId: watch.id }, { value: good(2) }],
    });
    expect(received).toMatchObject({ accepted: 1n, refused: 1n, ack: Ack.RECEIVED });
  });

  test("refused records of an idempotent producer leave gaps, and its retry adds nothing", async () => {
    const topic = await topicOf("validated");
    const grpc = createClient(CollectorService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
    const request = {
      topic,
      producer: { id: "watch-7", epoch: 1, sequence: 0n },
      records: [good(0), tooFast(), good(2), good(3)].map((value) => ({
        value,
        schemaId: watch.id,
      })),
    };
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await grpc.publish(request)).toMatchObject({ accepted: 3n, refused: 1n });
    }
    await grpc.publish({
      ...request,
      producer: { ...request.producer, sequence: 4n },
      records: [{ value: good(4), schemaId: watch.id }],
    });
    const { events } = (await ask("GET", `${records(topic)}?decode=json`)).json;
    expect(events.map(({ data }: { data: { bpm: number } }) => data.bpm)).toEqual([60, 62, 63, 64]);
  });
});

test("records of Confluent's serializers are accepted, and its deserializer reads them back", async () => {
  const topic = await topicOf("validated");
  const transport = createGrpcTransport({ baseUrl: gateway.grpcUrl });
  const collector = createClient(CollectorService, transport);
  const message = create(HealthCheckRequestSchema, { service: "all" });
  const client = () => new SchemaRegistryClient({ baseURLs: [gateway.url], maxRetries: 0 });
  for (const schemaIdSerializer of [PrefixSchemaIdSerializer, HeaderSchemaIdSerializer]) {
    const serializer = new ProtobufSerializer(client(), SerdeType.VALUE, {
      ...{ autoRegisterSchemas: true, schemaIdSerializer },
      registry: createMutableRegistry(HealthCheckRequestSchema),
    });
    const headers: Record<string, Buffer> = {};
    const value = await serializer.serialize(topic, message, headers);
    expect(await collector.publish({ topic, records: [{ value, headers }] })).toMatchObject({
      ...{ accepted: 1n, refused: 0n },
    });
  }
  const page = await ask("GET", `${records(topic)}?decode=json`);
  expect(page.json.events.map(({ data }: { data: unknown }) => data)).toEqual([
    ...[{ service: "all" }, { service: "all" }],
  ]);
  const deserializer = new ProtobufDeserializer(client(), SerdeType.VALUE, {});
  const stop = new AbortController();
  const consumer = createClient(ConsumerService, transport);
  const start = { case: "earliest", value: true } as const;
  let read = 0;
  for await (const { records } of consumer.subscribe({ topic, start }, { signal: stop.signal })) {
    for (const { record } of records) {
      const headers = Object.fromEntries(
        Object.entries(record?.headers ?? {}).map(([name, value]) => [name, Buffer.from(value)]),
      );
      const value = Buffer.from(record?.value ?? []);
      expect(await deserializer.deserialize(topic, value, headers)).toEqual(message);
      read++;
    }
    if (read === 2) break;
  }
  stop.abort();
});

test("a recreated topic has its new rule on every node, from its second append on", async () => {
  const topic = await topicOf("none");
  for (const node of [gateway, other]) {
    expect((await send(topic, good(1), undefined, node)).status).toBe(200);
  }
  await ask("DELETE", `${gateway.url}/v1/topics/${topic}`);
  const body = '{"schema":"id"}';
  expect((await ask("PUT", `${gateway.url}/v1/topics/${topic}`, { body })).status).toBe(201);
  await send(topic, good(1), watch.id, other);
  expect((await send(topic, good(1), undefined, other)).status).toBe(400);
});

test("a permanently deleted schema is refused from then on", async () => {
  const topic = await topicOf("id");
  const doomed = await registerSchema(gateway.url, "doomed", watchProto("int32 doomed = 9;"));
  for (const node of [gateway, other]) {
    expect((await send(topic, good(1), doomed.id, node)).status).toBe(200);
  }
  for (const query of ["", "?permanent=true"]) {
    expect((await ask("DELETE", `${gateway.url}/subjects/doomed${query}`)).status).toBe(200);
  }
  for (const node of [gateway, other]) {
    await until("the schema is refused", 5000, async () => {
      return (await send(topic, good(1), doomed.id, node)).status === 400;
    });
  }
});

const skipReason = natsSkipReason();
test.skipIf(skipReason !== undefined)(
  `while the registry is down, records whose schema is not cached are refused${skipReason === undefined ? "" : ` (${skipReason})`}`,
  async () => {
    await withPostgres(async (url, server) => {
      const nats = await startNats();
      const node = await startGateway({ env: { DATABASE_URL: url, NATS_URL: nats.url } });
      try {
        const known = await registerSchema(node.url, "known", watchProto());
        const registered = await post(`${node.url}/subjects/fresh/versions`, {
          ...{ schemaType: "PROTOBUF", schema: watchProto("int32 fresh = 9;") },
        });
        const fresh = registered.json;
        const topic = await topicOf("validated", node.url);
        expect((await send(topic, good(1), known.id, node)).status).toBe(200);
        await server.kill9();
        try {
          // A cached schema needs no registry, and the log is another server.
          expect((await send(topic, good(2), known.id, node)).status).toBe(200);
          const refused = await send(topic, good(3), fresh.id, node);
          expect([refused.status, refused.json.code]).toEqual([503, "unavailable"]);
          expect(refused.headers.get("retry-after")).not.toBeNull();
          const grpc = createClient(
            CollectorService,
            createGrpcTransport({ baseUrl: node.grpcUrl }),
          );
          const request = { topic, records: [{ value: good(3), schemaId: fresh.id }] };
          await expect(grpc.publish(request)).rejects.toThrow("[unavailable]");
        } finally {
          await server.start();
        }
        const back = await until("PostgreSQL is back", 20_000, async () => {
          const answer = await send(topic, good(4), fresh.id, node);
          return answer.status === 200 && answer;
        });
        expect(back.json.accepted).toBe(1);
        expect((await ask("GET", records(topic, node))).json.events).toHaveLength(3);
      } finally {
        await node.stop();
        await nats.stop();
      }
    });
  },
  60_000,
);

function guidFrame(guid: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([1, ...Uint8Array.fromHex(guid.replaceAll("-", "")), 0]);
}
