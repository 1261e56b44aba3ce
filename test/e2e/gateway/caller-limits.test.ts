/** Limits of each caller, in every protocol, on a gateway with two keys. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { RetryInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { openWs } from "../../support/ws.ts";

const admin = "an-administrator's-key-of-a-test-only";
const recordsPerSecond = 50;

let gateway: GatewayProcess;
let mine: string;
let other: string;

async function createKey(name: string): Promise<string> {
  const response = await fetch(`${gateway.url}/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    body: JSON.stringify({ name, grants: ["read *", "append *", "manage *"] }),
  });
  expect(response.status).toBe(201);
  const { key } = (await response.json()) as { readonly key: string };
  return key;
}

function call(key: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });
}

const events = (count: number) => JSON.stringify(Array.from({ length: count }, (_, n) => ({ n })));

function append(key: string, topic: string, count: number): Promise<Response> {
  return call(key, `/v1/topics/${topic}/records`, { method: "POST", body: events(count) });
}

beforeAll(async () => {
  gateway = await startGateway({
    env: {
      SLUICE_ADMIN_KEY: admin,
      SLUICE_CALLER_RECORDS_PER_SECOND: String(recordsPerSecond),
      SLUICE_CALLER_STREAMS_MAX: "3",
      SLUICE_CALLER_CREATES_PER_HOUR: "8",
    },
  });
  [mine, other] = [await createKey("mine"), await createKey("other")];
});

afterAll(async () => void (await gateway.stop()));

/** Until the debt of the tests before is paid. */
async function settled(key: string): Promise<void> {
  for (;;) {
    const response = await append(key, "settle", 1);
    // Within a second the bucket is full again.
    if (response.status === 200) return await Bun.sleep(1100);
    await Bun.sleep(Number(response.headers.get("retry-after")) * 100);
  }
}

describe("a caller past its limits", () => {
  test("is answered 429 with the time and the policy, and others go on", async () => {
    expect((await append(mine, "limited", 3 * recordsPerSecond)).status).toBe(200);
    const refused = await append(mine, "limited", 1);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(2);
    expect(refused.headers.get("ratelimit-policy")).toBe(`"records";q=${recordsPerSecond};w=1`);
    expect(refused.headers.get("ratelimit")).toMatch(/^"records";r=0;t=\d+$/);
    expect(await refused.json()).toMatchObject({
      code: "overloaded",
      detail: expect.stringContaining("SLUICE_CALLER_RECORDS_PER_SECOND"),
    });
    // Reading is not writing.
    expect((await call(mine, "/v1/topics/limited")).status).toBe(200);
    expect((await append(other, "limited", 1)).status).toBe(200);
    await settled(mine);
  });

  test("is answered RESOURCE_EXHAUSTED with RetryInfo, and a stream is not read meanwhile", async () => {
    const transport = createGrpcTransport({ baseUrl: gateway.grpcUrl });
    const client = createClient(CollectorService, transport);
    const headers = { authorization: `Bearer ${mine}` };
    // Larger than what one read of a socket brings, so that the gateway can stop in between.
    const record = { value: Buffer.alloc(8000, "x"), contentType: "text/plain" };
    const records = Array.from({ length: 25 }, () => record);
    const startedMs = performance.now();
    const messages = 12;
    const answer = await client.collect(
      (async function* () {
        for (let i = 0; i < messages; i++) {
          yield { topic: "limited", records };
        }
      })(),
      { headers },
    );
    expect(Number(answer.accepted)).toBe(messages * records.length);
    // 300 records: the first ones come at once, and some are on their way when the socket is paused.
    expect(performance.now() - startedMs).toBeGreaterThan(2000);

    const refused = await client.publish({ topic: "limited", records }, { headers }).then(
      () => undefined,
      (error: unknown) => ConnectError.from(error),
    );
    expect(refused?.code).toBe(Code.ResourceExhausted);
    expect(refused?.findDetails(RetryInfoSchema)).toHaveLength(1);
    await settled(mine);
  });

  test("gets an error on its WebSocket, and the socket stays", async () => {
    const socket = await openWs(`${gateway.wsUrl}/v1/ws`, undefined, {
      authorization: `Bearer ${mine}`,
    });
    const publish = (count: number, ref: number) =>
      socket.say({
        op: "publish",
        topic: "limited",
        events: Array.from({ length: count }, () => 1),
        ref,
      });
    publish(3 * recordsPerSecond, 1);
    expect(await socket.next()).toMatchObject({ op: "accepted", ref: 1 });
    publish(1, 2);
    expect(await socket.next()).toMatchObject({
      op: "error",
      ref: 2,
      problem: { code: "overloaded", status: 429 },
    });
    socket.say({ op: "ping", ref: 3 });
    expect(await socket.next()).toMatchObject({ op: "pong", ref: 3 });
    socket.cut();
    await socket.closed;
    await settled(mine);
  });

  test("cannot open more streams, until it closes one", async () => {
    const stops: AbortController[] = [];
    const open = async (key: string) => {
      const stop = new AbortController();
      stops.push(stop);
      return await fetch(`${gateway.url}/v1/topics/limited/sse`, {
        headers: { authorization: `Bearer ${key}` },
        signal: stop.signal,
      });
    };
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await open(mine)).status);
    expect(statuses).toEqual([200, 200, 200]);
    const refused = await open(mine);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain("SLUICE_CALLER_STREAMS_MAX");
    expect((await open(other)).status).toBe(200);
    stops[0]?.abort();
    let status = 429;
    while (status === 429) {
      await Bun.sleep(20);
      status = (await open(mine)).status;
    }
    expect(status).toBe(200);
    for (const stop of stops) stop.abort();
  });

  test("has no more streams open for those that it asked about with HEAD", async () => {
    const heads = await createKey("heads");
    const ask = (method: "GET" | "HEAD", signal?: AbortSignal) =>
      call(heads, "/v1/topics/limited/sse", {
        method,
        ...(signal === undefined ? {} : { signal }),
      });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await ask("HEAD")).status);
    const stop = new AbortController();
    statuses.push((await ask("GET", stop.signal)).status);
    stop.abort();
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
  });

  test("has the streams of /time and /magic counted as well", async () => {
    const key = await createKey("ticking");
    const stop = new AbortController();
    const statuses: number[] = [];
    for (const path of ["/time", "/magic", "/time", "/magic"]) {
      const { status, body } = await call(key, path, { signal: stop.signal });
      statuses.push(status);
      // It is open once its first event has come.
      await body?.getReader().read();
    }
    stop.abort();
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test("creates so many things in an hour, however it creates them", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const response = await call(other, `/v1/topics/made-${i}`, { method: "PUT", body: "{}" });
      statuses.push(response.status);
    }
    expect(statuses).toContain(429);
    const implicit = await append(other, "made-by-an-append", 1);
    expect(implicit.status).toBe(429);
    expect(await implicit.text()).toContain("SLUICE_CALLER_CREATES_PER_HOUR");
    const emitter = await call(other, "/log/made", {
      method: "PUT",
      body: '{"source":"external"}',
    });
    expect(emitter.status).toBe(201);
  });

  test("creates so many tags in an hour, in every protocol, and goes on with those that exist", async () => {
    const key = await createKey("inventive");
    const point = (tag: string) => `{"time":${Date.now()}000000,"tag":"${tag}","values":[1]}`;
    const save = (tags: readonly string[]) =>
      call(key, "/save", { method: "POST", body: `[${tags.map(point).join(",")}]` });
    const [known, ...more] = Array.from({ length: 8 }, (_, i) => `tag-${i}`);
    if (known === undefined) throw new Error("no tag");
    expect((await save([known, ...more, known])).status).toBe(200);

    const refused = await save(["new-a"]);
    expect(refused.status).toBe(429);
    const says = (tag: string) =>
      `Cannot take a measurement of the new tag "${tag}": this caller may create at most 8 tags in an hour (SLUICE_CALLER_CREATES_PER_HOUR)`;
    expect(await refused.json()).toMatchObject({
      code: "overloaded",
      errors: [{ index: 0, field: "tag", code: "overloaded", message: says("new-a") }],
    });
    const some = await save([known, "new-b"]);
    expect([some.status, await some.json()]).toMatchObject([207, { refused: [{ index: 1 }] }]);

    const lines = await fetch(`${gateway.url}/api/v2/write`, {
      method: "POST",
      headers: { authorization: `Token ${key}`, "content-type": "text/plain" },
      body: `new-c value=1\n${known} value=1`,
    });
    expect([lines.status, await lines.text()]).toEqual([
      400,
      expect.stringContaining('new tag \\"new-c\\"'),
    ]);

    const socket = await openWs(`${gateway.wsUrl}/v1/ws`, undefined, {
      authorization: `Bearer ${key}`,
    });
    const events = ["new-d", known].map((tag) => JSON.parse(point(tag)));
    socket.say({ op: "publish", topic: "measurements", events, ref: 1 });
    expect(await socket.next()).toMatchObject({
      ...{ op: "accepted", accepted: 1, refused: [{ index: 0, message: says("new-d") }] },
    });
    socket.cut();
    await socket.closed;

    const client = createClient(
      CollectorService,
      createGrpcTransport({ baseUrl: gateway.grpcUrl }),
    );
    const records = ["new-e", known].map((tag) => ({
      value: Buffer.from(point(tag)),
      contentType: "application/json",
    }));
    const headers = { authorization: `Bearer ${key}` };
    const answer = await client.publish({ topic: "measurements", records }, { headers });
    expect([answer.accepted, answer.refusals[0]?.message]).toEqual([1n, `tag: ${says("new-e")}`]);
    // They are counted for each caller.
    const others = { method: "POST", body: point("new-f") };
    expect((await call(other, "/save", others)).status).toBe(204);
  });

  test("is counted in /metrics", async () => {
    const metrics = await (await call(admin, "/metrics")).text();
    expect(metrics).toMatch(/limit="records"[^\n]*\} [1-9]/);
    expect(metrics).toMatch(/limit="streams"[^\n]*\} [1-9]/);
    expect(metrics).toMatch(/limit="tags"[^\n]*\} [1-9]/);
  });
});
