/** What may be written where, by every protocol: internal topics, internal types of records, ack rules. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import postgres from "postgres";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { type Answer, ask, post } from "../support/http.ts";
import { type TestDatabase, testPostgres } from "../support/postgres.ts";
import { pause, until } from "../support/until.ts";
import { openWs } from "../support/ws.ts";
import { producerOf, sending } from "./rpc/collector.ts";
import { ways } from "./rpc/rpc.ts";

const internalTopics = ["emitters", "lifecycle", "measurements"];

describe("what may be written where", () => {
  let database: TestDatabase;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    database = await (await testPostgres()).createDatabase();
    gateway = await startGateway({ env: { DATABASE_URL: database.url } });
  }, 60_000);

  afterAll(async () => {
    await gateway.stop();
    await database.drop();
  }, 30_000);

  const url = (path: string): string => gateway.url + path;
  const putRule = (name: string, rule: object): Promise<Answer> =>
    ask("PUT", url(`/v1/ack-rules/${name}`), { body: JSON.stringify(rule) });

  async function recordsOf(topic: string): Promise<number> {
    const page = await ask("GET", url(`/v1/topics/${topic}/records?after=earliest&limit=1000`));
    return page.status === 404 ? 0 : page.json.events.length;
  }

  for (const [way, transport] of Object.entries(ways)) {
    test(`the emitters' topic is not written by ${way}`, async () => {
      await ask("PUT", url("/log/ended"), { body: '{"source":"external"}' });
      const before = await recordsOf("emitters");
      const producer = producerOf(transport(gateway));
      const event = { key: Buffer.from("ended"), value: Buffer.from("{}") };
      const forged = {
        topic: "emitters",
        records: [{ ...event, contentType: "application/json" }],
      };
      const calls: (() => Promise<unknown>)[] = [() => producer.publish(forged)];
      if (!way.includes("HTTP/1.1")) calls.push(() => producer.collect(sending(forged)));
      for (const call of calls) {
        const error = await call().catch((reason: unknown) => ConnectError.from(reason));
        expect(error).toMatchObject({
          code: Code.PermissionDenied,
          rawMessage:
            'Cannot append to topic "emitters": it is internal, expected appends at /log/{id}',
        });
      }
      expect(await recordsOf("emitters")).toBe(before);
    });
  }

  test("the emitters' topic is not written by HTTP and WebSocket, emitters are", async () => {
    const refused = await post(url("/v1/topics/emitters/records"), {});
    expect([refused.status, refused.json.code]).toEqual([403, "forbidden"]);
    const id = "by-all";
    await ask("PUT", url(`/log/${id}`), { body: '{"source":"external"}' });
    expect((await post(url(`/log/${id}`), { n: 1 })).json.accepted).toBe(1);
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    ws.say({ op: "publish", topic: "emitters", key: id, events: [{ n: 2 }] });
    expect((await ws.next()).problem.code).toBe("forbidden");
    ws.say({ op: "publish", emitter: id, events: [{ n: 3 }] });
    expect(await ws.next()).toMatchObject({ op: "accepted", accepted: 1 });
    ws.cut();
    const page = await ask("GET", url(`/log/${id}`));
    expect(page.json.events.map(({ data }: { data: object }) => data)).toEqual([
      { n: 1 },
      { n: 3 },
    ]);
  });

  test.each(internalTopics)("%s is neither removed nor created by a caller", async (topic) => {
    const path = `/v1/topics/${topic}`;
    const before = (await ask("GET", url(path))).json;
    const same = { layout: before.layout, retention_ms: before.retention_ms };
    for (const [method, body] of [
      ["DELETE", undefined],
      ["PUT", undefined],
      ["PUT", JSON.stringify(same)],
      ["PUT", '{"layout":"records","retention_ms":1000,"schema":"validated"}'],
    ] as const) {
      const answer = await ask(method, url(path), { body });
      expect([method, answer.status, answer.json.code]).toEqual([method, 403, "forbidden"]);
      expect(answer.json.detail).toContain(`topic "${topic}": it is internal`);
    }
    expect((await ask("GET", url(path))).json).toEqual(before);
  });

  test.each([".", ".."])("%s names nothing that has its own address", async (name) => {
    const time = Date.now() * 1_000_000;
    const event = { app_id: "a", message_id: "m", event: "E" };
    const encoded = name.replaceAll(".", "%2E");
    for (const [path, body, field] of [
      ["/save", { time, tag: name, values: [1] }, "tag"],
      ["/v1/topics/measurements/records", { time, tag: name, values: [1] }, "tag"],
      ["/api/event", { ...event, message_id: name }, "message_id"],
      ["/api/event", { ...event, app_id: name }, "app_id"],
      ["/v1/topics/lifecycle/records", { ...event, app_id: name }, "app_id"],
    ] as const) {
      const text = JSON.stringify(body, (_, value) => (value === time ? undefined : value));
      const exact = "time" in body ? text.replace("{", `{"time":${time},`) : text;
      const answer = await post(url(path), exact);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.json.errors[0].field).toBe(field);
      expect(answer.json.errors[0].message).toContain(`"${name}"`);
    }
    for (const [query, status] of [
      [`/v1/series/x/../${encoded}`, 404],
      [`/search/event/?message_id=${encoded}`, 400],
      [`/api?tag=${encoded}&start=0&end=1`, 400],
    ] as const) {
      expect([query, (await ask("GET", url(query))).status]).toEqual([query, status]);
    }
    // Neighbours are names like any other.
    for (const tag of ["...", ".a", "a."]) {
      const point = `{"time":${time},"tag":"${tag}","values":[1]}`;
      expect([tag, (await post(url("/save"), point)).status]).toEqual([tag, 204]);
    }
    await putRule("dots", { topics: ["d1"], output: "d2" });
    await post(url("/v1/topics/d1/records"), [{ message_id: name }, { message_id: "ok" }]);
    await until("the ack", 5000, async () => (await recordsOf("d2")) === 1);
    const { json } = await ask("GET", url("/v1/ack-rules/dots/stats"));
    expect([json.complete, json.without_id]).toEqual([1, 1]);
    await ask("DELETE", url("/v1/ack-rules/dots"));
    await ask("DELETE", url("/v1/topics/d1"));
    await ask("DELETE", url("/v1/topics/d2"));
  });

  test("apps are listed in pages, and an unknown one is not found", async () => {
    const unknown = await ask("GET", url("/v1/apps/never-seen"));
    expect([unknown.status, unknown.json.code]).toEqual([404, "not_found"]);
    await ask("PUT", url("/v1/apps/app-2"), { body: '{"expected":["SENT"]}' });
    for (const app_id of ["app-1", "app-2", "app-3"]) {
      await post(url("/api/event"), { app_id, message_id: "m", event: "E" });
    }
    const listed = await until("the apps", 10_000, async () => {
      const { json } = await ask("GET", url("/v1/apps?after=app&limit=1000"));
      return json.apps.length >= 3 && json;
    });
    const settings = { deadline_ms: null, retention_ms: null, kept_ms: 604_800_000 };
    expect(listed).toEqual({
      apps: [
        { app_id: "app-1", expected: [], ...settings },
        { app_id: "app-2", expected: ["SENT"], ...settings },
        { app_id: "app-3", expected: [], ...settings },
      ],
      next: null,
    });
    const first = (await ask("GET", url("/v1/apps?after=app&limit=2"))).json;
    expect([first.apps.length, first.next]).toEqual([2, "app-2"]);
    expect((await ask("GET", url("/v1/apps/app-3"))).json).toEqual(listed.apps[2]);
  });

  test.each(["application/vnd.sluice.end+json", "application/vnd.sluice.ack+json"])(
    "records of type %s come from the gateway alone",
    async (contentType) => {
      for (const way of ["gRPC on the RPC port", "Connect, JSON, HTTP/1.1"] as const) {
        const producer = producerOf(ways[way](gateway));
        const records = [{ value: Buffer.from("{}"), contentType }];
        const { accepted, refusals } = await producer.publish({ topic: "forged", records });
        expect(accepted).toBe(0n);
        expect(refusals[0]?.message).toStartWith("content_type: Cannot use content type");
      }
      expect(await recordsOf("forged")).toBe(0);
    },
  );

  test.each(internalTopics)("an ack rule cannot write to %s", async (output) => {
    const answer = await putRule("deputy", { topics: ["a"], output });
    expect([answer.status, answer.json.errors?.[0]]).toMatchObject([
      400,
      { field: "/output", message: `Cannot use output "${output}": it is an internal topic` },
    ]);
  });

  test("an ack rule cannot write to a topic whose records follow a schema", async () => {
    await ask("PUT", url("/v1/topics/strict"), { body: '{"layout":"frames","schema":"id"}' });
    const answer = await putRule("deputy", { topics: ["a"], output: "strict" });
    expect(answer.status).toBe(409);
    expect(answer.json.detail).toContain("its schema rule is id, expected a topic without one");
  });

  test("ack rules cannot form a cycle, and say how it would close", async () => {
    expect((await putRule("c1", { topics: ["ca"], output: "cb" })).status).toBe(201);
    const deadline_ms = 60_000;
    const second = { topics: ["cb", "other"], output: "cc", deadline_ms };
    expect((await putRule("c2", second)).status).toBe(201);
    for (const topic of ["cc", "cc.overdue"]) {
      const id = { pointer: "/seen/ca" };
      const answer = await putRule("c3", { topics: [topic], id, output: "ca" });
      expect([answer.status, answer.json.code]).toEqual([409, "conflict"]);
      expect(answer.json.detail).toBe(
        `Cannot use output "ca": acks would come back to the rule, ${topic} → ca → cb → ${topic}`,
      );
    }
    // Without the way back it is no cycle.
    expect((await putRule("c3", { topics: ["cc"], output: "cd" })).status).toBe(201);
    for (const name of ["c1", "c2", "c3"]) await ask("DELETE", url(`/v1/ack-rules/${name}`));
  });

  test("an ack is not a sighting of its id", async () => {
    await putRule("first", { topics: ["s1"], output: "s2" });
    await putRule("second", { topics: ["s2"], output: "s3" });
    await putRule("keyed", { topics: ["s2"], id: { key: true }, output: "s4" });
    await post(url("/v1/topics/s1/records"), { message_id: "m-1" });
    await until("the ack", 5000, async () => (await recordsOf("s2")) === 1);
    await post(url("/v1/topics/s2/records"), { message_id: "m-2" });
    await until("the second rule's ack", 5000, async () => (await recordsOf("s3")) === 1);
    const page = await ask("GET", url("/v1/topics/s3/records"));
    expect(page.json.events[0].data.message_id).toBe("m-2");
    for (const [rule, without] of [
      ["second", 0],
      ["keyed", 1],
    ] as const) {
      const { json } = await ask("GET", url(`/v1/ack-rules/${rule}/stats`));
      expect([rule, json.without_id, json.open]).toEqual([rule, without, 0]);
    }
  });

  test("an ack that its output does not accept is kept and retried, and /status says why", async () => {
    await putRule("late", { topics: ["l1"], output: "l-acks" });
    await ask("DELETE", url("/v1/topics/l-acks"));
    await ask("PUT", url("/v1/topics/l-acks"), { body: '{"layout":"frames","schema":"id"}' });
    // The node learns of the topic's other incarnation by its next append.
    await post(url("/v1/topics/l-acks/records"), {});
    await post(url("/v1/topics/l1/records"), { message_id: "m-1" });
    await until("the failure", 10_000, async () => {
      const { json } = await ask("GET", url("/status"));
      const rule = json.ack_rules.find((one: { rule: string }) => one.rule === "late");
      return rule?.last_failure?.startsWith('Cannot append acks to topic "l-acks": ');
    });
    await ask("DELETE", url("/v1/topics/l-acks"));
    const acks = await until("the ack", 15_000, async () => (await recordsOf("l-acks")) === 1);
    expect(acks).toBe(true);
  }, 40_000);

  test("rules of an earlier release that form a cycle are stopped, the older ones run", async () => {
    await putRule("old", { topics: ["x1"], output: "x2" });
    await putRule("new", { topics: ["x9"], output: "x1" });
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    await sql`update sluice.ack_rules set config = jsonb_set(config::jsonb, '{topics}', '["x2"]')
      where name = 'new'`;
    await sql.end();
    const stopped = await until("the stopped rule", 5000, async () => {
      const { json } = await ask("GET", url("/status"));
      return json.ack_rules.find((one: { stopped?: string }) => one.stopped !== undefined);
    });
    expect(stopped).toMatchObject({
      rule: "new",
      owned: false,
      stopped: 'Cannot use output "x1": acks would come back to the rule, x2 → x1 → x2',
    });
    const lines = () => gateway.errors().filter((line) => line.includes("ack rule stopped"));
    await pause(2500);
    expect(lines()).toHaveLength(1);
    expect(JSON.parse(lines()[0] ?? "")).toMatchObject({ rule: "new" });
    await post(url("/v1/topics/x1/records"), { message_id: "m-1" });
    await until("the older rule's ack", 5000, async () => (await recordsOf("x2")) === 1);
    await ask("DELETE", url("/v1/ack-rules/old"));
    await until("the other rule to run", 5000, async () => {
      const { json } = await ask("GET", url("/status"));
      return json.ack_rules.some(
        (one: { rule: string; owned: boolean }) => one.rule === "new" && one.owned,
      );
    });
  }, 30_000);
});
