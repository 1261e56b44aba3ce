// The addresses of the original lifecycle demo on a real gateway: events in at each of them, queries
// about them afterwards, and the errors of bad ones.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { sampleStages } from "../../../src/features/lifecycle/sample-events.ts";
import { BadRequestSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { EventRequestSchema, MarsGrpc } from "../../../src/gen/marsweb/event_pb.ts";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { expectProblem } from "../../support/problems.ts";
import { until } from "../../support/until.ts";
import { ways } from "../rpc/rpc.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
}, 90_000);
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);

const get = (path: string) => ask("GET", gateway.url + path);
const send = (path: string, body: unknown, headers?: Record<string, string>) =>
  post(gateway.url + path, body, headers);

const event = (messageId: string, name: string, more: object = {}) => ({
  app_id: "shop",
  message_id: messageId,
  event: name,
  ...more,
});

async function namesOf(messageId: string): Promise<string[]> {
  const { json } = await get(`/v1/messages/${encodeURIComponent(messageId)}`);
  return json.lifecycles.flatMap((one: { events: { event: string }[] }) =>
    one.events.map((seen) => seen.event),
  );
}

describe("events in", () => {
  test("one, at both addresses: visible as soon as it is acknowledged", async () => {
    for (let i = 0; i < 20; i++) {
      const path = i % 2 === 0 ? "/api/event" : "/api/create_event";
      const { status, json } = await send(path, event(`one-${i}`, "CREATED"));
      expect({ status, json }).toEqual({
        status: 200,
        json: { accepted: 1, position: expect.any(String), refused: [] },
      });
      expect(await namesOf(`one-${i}`)).toEqual(["CREATED"]);
    }
  });

  test("times of any form are kept to the nanosecond; without one it is the time of receipt", async () => {
    const before = new Date().toISOString();
    const times = ["2026-11-21T12:00:00.123456789+02:00", "Hello", null, "2026-11-21 09:59:59Z"];
    for (const [i, created_at] of times.entries()) {
      await send("/api/event", event("timed", `E${i}`, { created_at, external_id: `x${i}` }));
    }
    const { json } = await get("/v1/messages/timed");
    const [first, second, third, fourth] = json.lifecycles[0].events;
    expect(json.lifecycles[0]).toMatchObject({
      app_id: "shop",
      message_id: "timed",
      external_id: "x0",
      state: "open",
      missing: [],
    });
    expect(first).toMatchObject({
      event: "E3",
      first_at: "2026-11-21T09:59:59.000Z",
      last_at: "2026-11-21T09:59:59.000Z",
      count: 1,
    });
    expect([second.event, second.first_at]).toEqual(["E0", "2026-11-21T10:00:00.123456789Z"]);
    expect([third.event, third.first_at > before]).toEqual(["E1", true]);
    expect([fourth.event, fourth.first_at > before]).toEqual(["E2", true]);
    // The record is the event as it was sent.
    const page = await get("/v1/topics/lifecycle/records?key=timed");
    expect(page.json.events.map((one: { data: object }) => one.data)).toEqual(
      times.map((created_at, i) => event("timed", `E${i}`, { created_at, external_id: `x${i}` })),
    );
  });

  test("random events for a first try", async () => {
    const made = (await get("/api/create_event")).json;
    expect(sampleStages).toContain(made.event.event);
    expect(await namesOf(made.event.message_id)).toEqual([made.event.event]);
    const life = (await get("/api/test_socket?message_id=5250000")).json;
    expect(life).toMatchObject({ accepted: 6, refused: [] });
    expect(await namesOf("5250000")).toEqual([...sampleStages]);
    expect((await get("/search/event/?message_id=5250000")).json).toEqual(
      (await get("/v1/messages/5250000")).json,
    );
    expect((await get("/status")).json).toMatchObject({ status: "up" });
  });

  test("a retry with the same key is stored once", async () => {
    const retry = { "idempotency-key": "lifecycle-retry-1" };
    const first = await send("/api/event", event("retried", "E"), retry);
    expect((await send("/api/event", event("retried", "E"), retry)).json).toEqual(first.json);
    const bulk = { events: [event("retried", "F"), event("retried", "G")] };
    const bulkRetry = { "idempotency-key": "lifecycle-retry-2" };
    await send("/api/event/bulk", bulk, bulkRetry);
    await send("/api/event/bulk", bulk, bulkRetry);
    const { json } = await get("/v1/messages/retried");
    expect(json.lifecycles[0].events.map((one: { count: number }) => one.count)).toEqual([1, 1, 1]);
  });

  test("a hundred thousand at once: the invalid ones are named, the others are counted", async () => {
    const wrong = new Map<number, [object | number, string]>([
      [7, [{ app_id: "bulk", event: "E" }, "message_id"]],
      [500, [5, "body"]],
      [99_999, [{ app_id: "bulk", message_id: "x".repeat(300), event: "E" }, "message_id"]],
    ]);
    const events = Array.from(
      { length: 100_000 },
      (_, i) =>
        wrong.get(i)?.[0] ?? {
          app_id: "bulk",
          message_id: `b-${i % 20_000}`,
          event: `E${Math.floor(i / 20_000)}`,
          created_at: new Date(1_795_000_000_000 + i).toISOString(),
        },
    );
    const { status, json } = await send("/api/event/bulk", { events });
    expect({ status, accepted: json.accepted }).toEqual({ status: 207, accepted: 99_997 });
    const named = json.refused.map(({ index, field, code }: Record<string, unknown>) => {
      return [index, field, code];
    });
    expect(named).toEqual([...wrong].map(([index, [, field]]) => [index, field, "invalid"]));
    expect(await namesOf("b-8")).toEqual(["E0", "E1", "E2", "E3", "E4"]);
    await until("the queues are empty", 20_000, async () => {
      const { json: queues } = await get("/api/q/stats");
      return queues.event_collector_queue === 0 && queues.event_store_queue === 0;
    });
    const funnel = await get("/v1/funnel?app_id=bulk&stages=E0,E1,E4,NEVER");
    expect(funnel.json).toEqual({
      lifecycles: 20_000,
      more: false,
      stages: [
        { event: "E0", reached: 19_998, repeats: 0, delay_ms: null },
        {
          event: "E1",
          reached: 20_000,
          repeats: 0,
          delay_ms: { p50: 20_000, p90: 20_000, p99: 20_000 },
        },
        {
          event: "E4",
          reached: 19_999,
          repeats: 0,
          delay_ms: { p50: 60_000, p90: 60_000, p99: 60_000 },
        },
        { event: "NEVER", reached: 0, repeats: 0, delay_ms: null },
      ],
    });
  }, 60_000);
});

describe("bad events are refused by field", () => {
  test.each([
    ["a missing id", { app_id: "a", event: "E" }, "message_id"],
    ["an empty one", event("", "E"), "message_id"],
    ["one of a megabyte", event("x".repeat(1_000_000), "E"), "message_id"],
    ["a number", { ...event("m", "E"), app_id: 3 }, "app_id"],
    ["a control character", event("m", "a\u0007"), "event"],
    ["a time that is no text", event("m", "E", { created_at: {} }), "created_at"],
    ["an array", [event("m", "E")], "body"],
  ])("%s", async (_, body, field) => {
    for (const path of ["/api/event", "/api/create_event"]) {
      expectProblem(await send(path, body), "400 invalid", { field });
    }
    const bulk = await send("/api/event/bulk", { events: [body] });
    expectProblem(bulk, "400 invalid", { field });
    expect(bulk.json.errors[0].index).toBe(0);
  });

  test("malformed bodies", async () => {
    for (const body of ["", "{", '{"app_id":"a"', "\u{feff}{}x"]) {
      expectProblem(await send("/api/event", body), "400 invalid", { field: "body" });
    }
    const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const broken = await ask("POST", `${gateway.url}/api/event`, { body: bytes });
    expectProblem(broken, "400 invalid");
    for (const body of ["[]", "{}", '{"events":{}}', '{"events":[]}', "x"]) {
      expectProblem(await send("/api/event/bulk", body), "400 invalid");
    }
    const many = `{"events":[${"1,".repeat(100_000)}1]}`;
    expectProblem(await send("/api/event/bulk", many), "413 too_large");
    const large = event("m", "E", { more: "x".repeat(1_100_000) });
    expectProblem(await send("/api/event", large), "413 too_large", { field: "body" });
    expectProblem(await send("/api/event", "x".repeat(9_000_000)), "413 too_large");
  });

  test("queries", async () => {
    const wrong: [string, string][] = [
      ["/v1/messages?state=late", "state"],
      ["/v1/messages?since=yesterday", "since"],
      ["/v1/messages?limit=0", "limit"],
      ["/v1/messages?after=x", "after"],
      ["/v1/messages?app_id=", "app_id"],
      ["/v1/funnel?stages=a", "app_id"],
      ["/v1/funnel?app_id=never-set", "stages"],
      ["/v1/funnel?app_id=a&stages=a,,b", "stages"],
      ["/search/event/", "message_id"],
      ["/api/test_socket", "message_id"],
      [`/v1/messages/${"x".repeat(257)}`, "message_id"],
      ["/v1/messages/%00", "message_id"],
      ["/sse/messages/%0a", "message_id"],
      ["/sse/messages/m?tail=x", "tail"],
    ];
    for (const [path, field] of wrong) expectProblem(await get(path), "400 invalid", { field });
    const apps: [object, string][] = [
      [{ expected: ["a", "a"] }, "/expected/1"],
      [{ expected: ["a", ""] }, "/expected/1"],
      [{ expected: "a" }, "/expected"],
      [{ deadline_ms: 0 }, "/deadline_ms"],
      [{ retention_ms: -1 }, "/retention_ms"],
    ];
    for (const [body, field] of apps) {
      const answer = await ask("PUT", `${gateway.url}/v1/apps/a`, { body: JSON.stringify(body) });
      expectProblem(answer, "400 invalid", { field });
    }
    expect((await get("/v1/messages/nobody-knows-it")).json).toEqual({ lifecycles: [] });
    const odd = 'a/b?c=ü %"{}';
    await send("/api/event", event(odd, "E"));
    expect(await namesOf(odd)).toEqual(["E"]);
  });

  test("a page of another site may not write", async () => {
    const foreign = { origin: "https://evil.example" };
    expectProblem(await send("/api/event", event("m", "E"), foreign), "403 forbidden");
    const own = { origin: gateway.url };
    expect((await send("/api/event", event("m", "E"), own)).status).toBe(200);
  });
});

describe("the expected events of an app", () => {
  test("decide state, missing events and lists, at once when a single message is queried", async () => {
    const app = (body: object) =>
      ask("PUT", `${gateway.url}/v1/apps/mail`, { body: JSON.stringify(body) });
    const mail = (id: string, name: string, ageMs: number) => ({
      app_id: "mail",
      message_id: id,
      event: name,
      created_at: new Date(Date.now() - ageMs).toISOString(),
    });
    await send("/api/event/bulk", {
      events: [
        mail("done", "QUEUED", 90_000),
        mail("late", "QUEUED", 80_000),
        mail("young", "QUEUED", 1000),
        mail("done", "SENT", 70_000),
      ],
    });
    const stateOf = async (id: string) => {
      const [one] = (await get(`/v1/messages/${id}`)).json.lifecycles;
      return [one.state, one.missing];
    };
    expect(await stateOf("late")).toEqual(["open", []]);
    const set = await app({ expected: ["QUEUED", "SENT"], deadline_ms: 60_000 });
    expect(set.json).toEqual({
      app_id: "mail",
      expected: ["QUEUED", "SENT"],
      deadline_ms: 60_000,
      retention_ms: null,
      kept_ms: 604_800_000,
    });
    expect((await get("/v1/apps/mail")).json).toEqual(set.json);
    expect(await stateOf("done")).toEqual(["complete", []]);
    expect(await stateOf("late")).toEqual(["overdue", ["SENT"]]);
    expect(await stateOf("young")).toEqual(["open", ["SENT"]]);
    const ids = async (query: string) => {
      const { json } = await get(`/v1/messages?app_id=mail${query}`);
      return json.lifecycles.map((one: { message_id: string }) => one.message_id);
    };
    await until("the rows are there", 5000, async () => (await ids("")).length === 3);
    expect(await ids("&state=overdue")).toEqual(["late"]);
    expect(await ids("&state=complete")).toEqual(["done"]);
    expect(await ids("&missing=SENT")).toEqual(["late", "young"]);
    expect(await ids("&event=SENT")).toEqual(["done"]);
    const page = (await get("/v1/messages?app_id=mail&limit=2")).json;
    expect(page.lifecycles.length).toBe(2);
    expect(await ids(`&limit=2&after=${page.next}`)).toEqual(["young"]);
    expect(await ids("&id_prefix=la")).toEqual(["late"]);
    expect(await ids("&id_prefix=la&state=complete")).toEqual([]);
    const counted = (await get("/v1/apps/mail/states")).json;
    expect(counted).toEqual({ complete: 1, open: 1, overdue: 1, counted_to: 100_000 });
    // A late arrival resolves it.
    await send("/api/event", mail("late", "SENT", 0));
    expect(await stateOf("late")).toEqual(["complete", []]);
  });
});

describe("times of receipt and searches", () => {
  const post = (id: string, name: string, more: object) =>
    send("/api/event", { app_id: "clock", message_id: id, event: name, ...more });

  test("each event has the gateway's times beside those that were sent", async () => {
    const before = Date.now();
    await post("skewed", "SENT", { created_at: "2020-01-01T00:00:00.000000007Z" });
    await post("skewed", "SENT", { created_at: "2020-01-01T00:00:01Z" });
    const [one] = (await get("/v1/messages/skewed")).json.lifecycles;
    const [sent] = one.events;
    expect(sent).toMatchObject({
      first_at: "2020-01-01T00:00:00.000000007Z",
      last_at: "2020-01-01T00:00:01.000Z",
      count: 2,
    });
    const [first, last] = [Date.parse(sent.received_first_at), Date.parse(sent.received_last_at)];
    expect(first).toBeGreaterThanOrEqual(before - 1000);
    expect(last).toBeGreaterThanOrEqual(first);
    // The row has the same as the merge of what only the log had.
    const row = await until("the row", 5000, async () => {
      const { json } = await get("/v1/messages?id_prefix=skewed");
      return json.lifecycles[0]?.events[0]?.count === 2 && json.lifecycles[0];
    });
    expect(row).toEqual(one);
  });

  test("an external id finds its messages, whatever it contains", async () => {
    const odd = 'A/17 %_"🙂';
    await post("m-1", "SENT", { external_id: odd });
    await post("m-2", "SENT", { external_id: odd });
    await post("m-3", "SENT", { external_id: "A" });
    const found = await until("the rows", 5000, async () => {
      const { json } = await get(`/v1/messages?external_id=${encodeURIComponent(odd)}`);
      return json.lifecycles.length === 2 && json.lifecycles;
    });
    expect(found.map((one: { message_id: string }) => one.message_id)).toEqual(["m-1", "m-2"]);
    const none = await get(`/v1/messages?external_id=${encodeURIComponent("A/17 %")}`);
    expect(none.json).toEqual({ lifecycles: [], next: null });
  });

  test("by minute, what is missing is counted, and heals when it comes", async () => {
    const at = (minute: number) => `2026-11-20T10:0${minute}:30Z`;
    const of = (id: string, name: string, minute: number) => ({
      app_id: "strip",
      message_id: id,
      event: name,
      created_at: at(minute),
    });
    await ask("PUT", `${gateway.url}/v1/apps/strip`, { body: '{"expected":["CREATED","SENT"]}' });
    const events = [
      of("a", "CREATED", 1),
      of("a", "SENT", 1),
      of("b", "CREATED", 1),
      of("c", "CREATED", 3),
    ];
    await send("/api/event/bulk", { events });
    const span = "since=2026-11-20T10:00:00Z&until=2026-11-20T10:05:00Z";
    const counted = async () => (await get(`/v1/apps/strip/missing?${span}`)).json;
    const first = await until("the rows", 5000, async () => {
      const json = await counted();
      return json.minutes.length === 2 && json;
    });
    expect(first).toEqual({
      stages: ["CREATED", "SENT"],
      since: "2026-11-20T10:00:00.000Z",
      until: "2026-11-20T10:05:00.000Z",
      minutes: [
        { at: "2026-11-20T10:01:00.000Z", messages: 2, missing: [0, 1] },
        { at: "2026-11-20T10:03:00.000Z", messages: 1, missing: [0, 1] },
      ],
    });
    await send("/api/event", of("b", "SENT", 1));
    await until("the first minute is whole", 5000, async () => {
      const { minutes } = await counted();
      return minutes[0].missing[1] === 0;
    });
    const none = await get("/v1/apps/strip/missing?stages=CREATED");
    expect(none.json).toMatchObject({ stages: ["CREATED"], minutes: [] });
    const long = await get("/v1/apps/strip/missing?since=2026-11-01T00:00:00Z");
    expectProblem(long, "400 invalid", { field: "since" });
  });
});

describe("gRPC", () => {
  const request = { appId: "grpc", messageId: "g-1", event: "Hello", createdAt: "Hello" };

  for (const [name, way] of Object.entries(ways)) {
    test(`collectEvent over ${name}`, async () => {
      const mars = createClient(MarsGrpc, way(gateway));
      const messageId = `g ${name}`;
      const answer = await mars.collectEvent({ ...request, messageId });
      expect(answer.success).toBe(true);
      expect(await namesOf(messageId)).toEqual(["Hello"]);
      const refused = await mars.collectEvent({ event: "E" }).then(
        () => undefined,
        (error: unknown) => ConnectError.from(error),
      );
      expect(refused?.code).toBe(Code.InvalidArgument);
      const [details] = refused?.findDetails(BadRequestSchema) ?? [];
      expect(details?.fieldViolations.map(({ field }) => field)).toEqual(["app_id", "message_id"]);
    });
  }

  test("all of many concurrent calls are stored", async () => {
    const mars = createClient(MarsGrpc, ways["gRPC on the RPC port"](gateway));
    const calls = Array.from({ length: 500 }, (_, i) =>
      mars.collectEvent({ ...request, messageId: "g-many", event: `E${i % 5}` }),
    );
    await Promise.all(calls);
    const { json } = await get("/v1/messages/g-many");
    const counts = json.lifecycles[0].events.map((one: { count: number }) => one.count);
    expect(counts).toEqual([100, 100, 100, 100, 100]);
  });
});

describe("other endpoints of the topic", () => {
  test("records of the topic have their message id as key, and are refused by index if they are not events", async () => {
    const created_at = "2026-11-21T10:00:00.000000001Z";
    const records = [
      event("door", "CREATED", { created_at }),
      { event: "CREATED" },
      event("door", ""),
    ];
    const { status, json } = await send("/v1/topics/lifecycle/records", records);
    expect({ status, json }).toMatchObject({
      status: 207,
      json: {
        accepted: 1,
        refused: [
          { index: 1, field: "app_id" },
          { index: 2, field: "event" },
        ],
      },
    });
    expect(await namesOf("door")).toEqual(["CREATED"]);
    const page = await get("/v1/topics/lifecycle/records?key=door");
    expect(page.json.events).toMatchObject([{ key: "door", time: created_at }]);
  });

  for (const [name, way] of Object.entries(ways)) {
    test(`the collector over ${name}`, async () => {
      const client = createClient(CollectorService, way(gateway));
      const messageId = `collected over ${name}`;
      const request = { appId: "shop", messageId, event: "SENT", createdAt: "" };
      const encoded = toBinary(EventRequestSchema, create(EventRequestSchema, request));
      const json = JSON.stringify(event(messageId, "READ"));
      const answer = await client.publish({
        topic: "lifecycle",
        records: [
          { value: encoded, contentType: "application/protobuf" },
          { value: Buffer.from(json), contentType: "application/json" },
          { value: encoded, contentType: "text/plain" },
          { value: Uint8Array.of(1, 2, 3), contentType: "application/protobuf" },
          { value: Buffer.from("{"), contentType: "application/json" },
          { value: Buffer.from("{}"), contentType: "application/json" },
        ],
      });
      const named = answer.refusals.map(({ index, message }) => [index, message.split(":")[0]]);
      expect(named).toEqual([
        [2n, "content_type"],
        [3n, "body"],
        [4n, "body"],
        [5n, "app_id"],
      ]);
      expect(await namesOf(messageId)).toEqual(["READ", "SENT"]);
      const { json: status } = await get("/api/q/stats");
      expect(status.events_undecodable).toBe(0);
    });
  }
});
