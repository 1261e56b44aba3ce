// A topic's schema rule that is changed while two nodes take records for it, in both logs.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type Answer, ask } from "../../support/http.ts";
import { type NatsServer, natsSkipReason, startNats } from "../../support/nats.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { registerSchema, type TestSchema, watchProto } from "./schemas.ts";

const skipReason = natsSkipReason();

describe("changing a schema rule on PostgreSQL", () => changes(undefined));
describe.skipIf(skipReason !== undefined)("changing a schema rule on JetStream", () =>
  changes(startNats),
);

/** By this time every node follows a change. */
const knownMs = 1000;

function changes(startBroker: typeof startNats | undefined): void {
  let database: TestDatabase;
  let nats: NatsServer | undefined;
  let nodes: readonly GatewayProcess[] = [];
  let watch: TestSchema;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase();
    nats = await startBroker?.();
    const broker: Record<string, string> = nats === undefined ? {} : { NATS_URL: nats.url };
    const env = { DATABASE_URL: database.url, ...broker };
    nodes = await Promise.all([startGateway({ env }), startGateway({ env })]);
    watch = await registerSchema(url(""), "watch-value", watchProto());
  }, 90_000);

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    for (const node of nodes) expect(node.errors()).toEqual([]);
    await nats?.stop();
    await database.drop();
  }, 60_000);

  const url = (path: string, node = 0): string => `${nodes[node]?.url}${path}`;
  const put = (topic: string, body: object, node = 0): Promise<Answer> =>
    ask("PUT", url(`/v1/topics/${topic}`, node), { body: JSON.stringify(body) });
  const preview = (topic: string, body: object): Promise<Answer> =>
    ask("POST", url(`/v1/topics/${topic}/preview`), { body: JSON.stringify(body) });
  const good = () => watch.encode("acme.v1.Watch", { id: "watch-1", bpm: 61 });
  const tooFast = () => watch.encode("acme.v1.Watch", { id: "watch-1", bpm: 900 });
  const send = (topic: string, body: Uint8Array<ArrayBuffer>, node = 0, id?: number) =>
    ask("POST", url(`/v1/topics/${topic}/records`, node), {
      body,
      headers: {
        "content-type": "application/protobuf",
        ...(id === undefined ? {} : { "sluice-schema-id": String(id) }),
      },
    });
  const publish = async (topic: string, node: number) => {
    const baseUrl = nodes[node]?.grpcUrl ?? "";
    const client = createClient(CollectorService, createGrpcTransport({ baseUrl }));
    return await client.publish({ topic, records: [{ value: good() }] });
  };

  test("two nodes that change one topic at the same time change both settings", async () => {
    const topics = Array.from({ length: 10 }, (_, i) => `both-${i}`);
    const found = await Promise.all(
      topics.map(async (topic) => {
        await put(topic, {});
        const answers = await Promise.all([
          put(topic, { schema: "validated" }, 0),
          put(topic, { retention_ms: 7_200_000 }, 1),
        ]);
        const { json } = await ask("GET", url(`/v1/topics/${topic}`));
        return [...answers.map(({ status }) => status), json.schema, json.retention_ms];
      }),
    );
    expect(found).toEqual(topics.map(() => [200, 200, "validated", 7_200_000]));
  });

  test("a stricter rule counts within a second on every node and in every protocol", async () => {
    expect((await put("stricter", {})).json.schema).toBe("none");
    const socket = await openWs(`${nodes[1]?.wsUrl}/v1/ws`);
    // Every way has sent something, so that both nodes know the rule as it was.
    for (const node of [0, 1]) {
      expect((await send("stricter", good(), node)).status).toBe(200);
      expect((await publish("stricter", node)).accepted).toBe(1n);
    }
    const over = async (ref: string) => {
      socket.say({ op: "publish", topic: "stricter", ref, events: [{ data: { n: 1 } }] });
      return await socket.nextThat((message) => message.ref === ref);
    };
    expect(await over("before")).toMatchObject({ accepted: 1 });

    const startedMs = performance.now();
    const changed = await put("stricter", { schema: "id" });
    expect([changed.status, changed.json.schema]).toEqual([200, "id"]);
    // The node that changed it knows it before it answers.
    expect((await send("stricter", good(), 0)).status).toBe(400);
    expect((await publish("stricter", 0)).refused).toBe(1n);
    await until(
      "the other node to refuse",
      10_000,
      async () => (await send("stricter", good(), 1)).status === 400,
    );
    expect(performance.now() - startedMs).toBeLessThan(knownMs);
    expect((await publish("stricter", 1)).refused).toBe(1n);
    expect((await over("after")).refused).toHaveLength(1);
    socket.cut();
    expect((await send("stricter", tooFast(), 1, watch.id)).status).toBe(200);
    const logged = nodes[0]?.log() ?? "";
    expect(logged).toContain('"change topic"');
    expect(logged).toContain('"schema":"id"');
  }, 60_000);

  test("a looser rule counts at once on every node", async () => {
    await put("looser", { schema: "validated" });
    for (const node of [0, 1]) {
      expect((await send("looser", tooFast(), node, watch.id)).status).toBe(400);
    }
    await put("looser", { schema: "id" }, 1);
    for (const node of [0, 1]) {
      expect((await send("looser", tooFast(), node, watch.id)).status).toBe(200);
    }
    await put("looser", { schema: "none" });
    for (const node of [0, 1]) expect((await send("looser", tooFast(), node)).status).toBe(200);
  });

  test("what is there stays, is read by the schema it names, and shows what would be refused", async () => {
    await send("kept", good(), 0, watch.id);
    await send("kept", tooFast(), 0, watch.id);
    await send("kept", good());
    const before = await ask("GET", url("/v1/topics/kept/records?decode=json"));

    const byId = (await preview("kept", { schema: "id" })).json;
    expect(byId).toMatchObject({ changes: ["schema"], checked: 3, refused: 1 });
    expect(byId.newest_refusal).toMatchObject({
      position: before.json.events[2].position,
      field: "schema_id",
      message: expect.stringContaining("names no schema"),
    });
    const whole = (await preview("kept", { schema: "validated", retention_ms: 7_200_000 })).json;
    expect(whole).toMatchObject({ changes: ["retention_ms", "schema"], checked: 3, refused: 2 });
    expect((await preview("kept", { schema: "none" })).json).toEqual({
      ...{ changes: [], checked: 0, refused: 0, newest_refusal: null },
    });
    expect((await ask("GET", url("/v1/topics/kept"))).json.schema).toBe("none");
    expect((await preview("absent", { schema: "id" })).status).toBe(404);
    expect((await preview("emitters", { schema: "id" })).status).toBe(403);

    await put("kept", { schema: "validated" });
    const after = await ask("GET", url("/v1/topics/kept/records?decode=json", 1));
    expect(after.json.events).toEqual(before.json.events);
  });

  test("the layout cannot change: the answer says what to do instead, and nothing is changed", async () => {
    await put("laid-out", {});
    for (const answer of [
      await put("laid-out", { layout: "frames", schema: "id" }, 1),
      await preview("laid-out", { layout: "frames", schema: "id" }),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([409, "conflict"]);
      expect(answer.json.errors).toEqual([
        {
          field: "/layout",
          code: "conflict",
          message:
            'Cannot change the layout of topic "laid-out" from records to frames: its records are stored in it. Create another topic with this layout, and copy the records to it by POST /v1/topics/laid-out/copies',
        },
      ]);
    }
    expect((await ask("GET", url("/v1/topics/laid-out"))).json.schema).toBe("none");
  });

  test("a topic that is created again under another rule has that one on both nodes", async () => {
    for (const node of [0, 1]) expect((await send("again", good(), node)).status).toBe(200);
    await ask("DELETE", url("/v1/topics/again"));
    expect((await put("again", { schema: "id" })).status).toBe(201);
    await until(
      "the other node to refuse",
      10_000,
      async () => (await send("again", good(), 1)).status === 400,
    );
    expect((await send("again", good(), 0)).status).toBe(400);
  });
}
