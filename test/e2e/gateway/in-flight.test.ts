/**
 * Two callers share what may be in flight. The greedy one appends to a topic whose commits are held up, by a
 * lock on its row, and so has all that it may have; the other one must not notice, in any protocol.
 */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "../../../src/gen/google/rpc/error_details_pb.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { type ClosedGateway, startClosedGateway } from "../../support/closed-gateway.ts";
import { type Answer, ask } from "../../support/http.ts";
import { bearer } from "../../support/keys.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { producerOf, sending } from "../rpc/collector.ts";
import { ways } from "../rpc/rpc.ts";

const bytesMax = 1024 * 1024;
/** Two thirds of it are what a lone caller may have. */
const mostOfOne = (bytesMax * 2) / 3;
const value = "x".repeat(60_000);

let database: TestDatabase;
let gateway: ClosedGateway;
let greedy: string;
let other: string;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  gateway = await startClosedGateway({
    env: {
      DATABASE_URL: database.url,
      SLUICE_IN_FLIGHT_BYTES_MAX: String(bytesMax),
      SLUICE_ANONYMOUS_GRANTS: "append series:*",
    },
  });
  const grants = "read *, append *, manage *";
  [greedy, other] = [await gateway.key(grants), await gateway.key(grants)];
  await ask("PUT", `${gateway.url}/log/web-1`, {
    headers: bearer(other),
    body: '{"source":"external"}',
  });
  for (const topic of ["slow", "fast"]) expect((await append(other, topic)).status).toBe(200);
}, 60_000);

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  await database.drop();
});

interface Lock extends AsyncDisposable {
  release(): Promise<void>;
}

/** Until it is released, no append to the topic becomes durable. */
async function hold(topic: string): Promise<Lock> {
  const sql = connect(database, { max: 1, session: { application_name: "test" } });
  const locked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const transaction = sql.begin(async (tx) => {
    await tx`SELECT 1 FROM log_topics WHERE name = ${topic} FOR UPDATE`;
    locked.resolve();
    await released.promise;
  });
  await Promise.race([locked.promise, transaction]);
  const release = async () => {
    released.resolve();
    await transaction;
    await sql.end();
  };
  return { release, [Symbol.asyncDispose]: release };
}

function post(key: string, path: string, body: string, type = "application/json"): Promise<Answer> {
  const headers = { ...bearer(key), "content-type": type };
  return ask("POST", gateway.url + path, { headers, body });
}

function append(key: string, topic: string): Promise<Answer> {
  return post(key, `/v1/topics/${topic}/records`, JSON.stringify({ value }));
}

const point = `{"time":${Date.now()}000000,"tag":"t","values":[1]}`;

/** Each way to append over HTTP, and by what a success is known. */
const ofHttp: Readonly<Record<string, (key: string) => Promise<Answer>>> = {
  records: (key) => append(key, "fast"),
  "an emitter's events": (key) => post(key, "/log/web-1", "{}"),
  "a measurement": (key) => post(key, "/save", point),
  "Influx lines": (key) => post(key, "/api/v2/write", "t value=1", "text/plain"),
  "an event": (key) => post(key, "/api/event", '{"app_id":"a","message_id":"m","event":"CREATED"}'),
};

async function publish(key: string): Promise<ReturnType<typeof JSON.parse>> {
  const socket = await openWs(`${gateway.wsUrl}/v1/ws`, undefined, bearer(key));
  socket.say({ op: "publish", topic: "fast", events: [1], ref: 1 });
  const answer = await socket.next();
  socket.cut();
  await socket.closed;
  return answer;
}

const record = { value: Buffer.from("1"), contentType: "application/json" };

function call(way: keyof typeof ways, key: string): Promise<{ readonly accepted: bigint }> {
  const request = { topic: "fast", records: [record] };
  return producerOf(ways[way](gateway)).publish(request, { headers: bearer(key) });
}

async function expectOthersGoOn(): Promise<void> {
  for (const [way, send] of Object.entries(ofHttp)) {
    const { status } = await send(other);
    expect({ way, isTaken: status < 300 }).toEqual({ way, isTaken: true });
  }
  expect(await publish(other)).toMatchObject({ op: "accepted", accepted: 1 });
  for (const way of ["gRPC on the RPC port", "Connect over h2c"] as const) {
    expect((await call(way, other)).accepted).toBe(1n);
  }
}

async function inFlight(): Promise<number> {
  const { json } = await ask("GET", `${gateway.url}/status`, { headers: bearer(other) });
  return json.ingest.in_flight_bytes;
}

async function expectRefused(): Promise<void> {
  for (const [way, send] of Object.entries(ofHttp)) {
    const refused = await send(greedy);
    expect([way, refused.status]).toEqual([way, 429]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(refused.text).toContain("of its bytes are not yet durable");
  }
  expect(await publish(greedy)).toMatchObject({ op: "error", problem: { code: "overloaded" } });
  const error = await call("Connect over h2c", greedy).catch((why) => ConnectError.from(why));
  expect(error).toMatchObject({ code: Code.ResourceExhausted });
  expect((error as ConnectError).findDetails(RetryInfoSchema)).toHaveLength(1);
}

for (const way of ["gRPC on the RPC port", "Connect over h2c"] as const) {
  test(`${way}: a stream takes no more than its caller may have, who is refused alone in every protocol`, async () => {
    await using lock = await hold("slow");
    const message = { topic: "slow", records: [{ ...record, value: Buffer.from(value) }] };
    const messages = Array.from({ length: 60 }, () => message);
    const producer = producerOf(ways[way](gateway));
    const flood = producer.collect(sending(...messages), { headers: bearer(greedy) });
    await until("what it may have", 5000, async () => (await inFlight()) >= mostOfOne);
    await expectRefused();
    await expectOthersGoOn();
    expect(await inFlight()).toBeLessThan(bytesMax);
    await lock.release();
    expect((await flood).accepted).toBe(BigInt(messages.length));
  }, 30_000);
}

test("so it is with lines of callers without a credential, who share an address", async () => {
  await using lock = await hold("measurements");
  const lines = `${point}\n`.repeat(60_000);
  const anonymous = { "content-type": "application/x-ndjson" };
  const flood = ask("POST", `${gateway.url}/save`, { headers: anonymous, body: lines });
  await until("what they may have", 5000, async () => (await inFlight()) >= mostOfOne);
  const refused = await ask("POST", `${gateway.url}/save`, { headers: anonymous, body: lines });
  expect(refused.status).toBe(429);
  expect((await append(other, "fast")).status).toBe(200);
  expect(await inFlight()).toBeLessThan(bytesMax);
  await lock.release();
  expect((await flood).json).toMatchObject({ accepted: 60_000 });
}, 30_000);

test("as many appends at once are taken as fit, and the others are refused and counted", async () => {
  await using lock = await hold("slow");
  const flood = Array.from({ length: 24 }, () => append(greedy, "slow"));
  await until("what fits", 5000, async () => (await inFlight()) > mostOfOne - value.length);
  expect((await append(other, "fast")).status).toBe(200);
  await lock.release();
  const statuses = (await Promise.all(flood)).map(({ status }) => status);
  const taken = Math.floor(mostOfOne / value.length);
  expect(statuses.filter((status) => status === 200)).toHaveLength(taken);
  expect(statuses.filter((status) => status === 429)).toHaveLength(24 - taken);
  const metrics = await ask("GET", `${gateway.url}/metrics`, { headers: bearer(other) });
  expect(metrics.text).toMatch(/limit="in_flight"[^\n]*\} [1-9]/);
}, 30_000);
