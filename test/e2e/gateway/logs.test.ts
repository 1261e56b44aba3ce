/** Request ids, the access log, and the audit lines of changes. No line has a secret in it. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { ConnectError } from "@connectrpc/connect";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { producerOf } from "../rpc/collector.ts";
import { openSession } from "../rpc/grpc.ts";
import { consumerOf, ways } from "../rpc/rpc.ts";

type Line = Readonly<Record<string, string | number>>;

let quiet: GatewayProcess;
let logged: GatewayProcess;

beforeAll(async () => {
  quiet = await startGateway({ env: { SLUICE_LOG_LEVEL: "error" } });
  logged = await startGateway({ env: { SLUICE_ACCESS_LOG: "1" } });
}, 120_000);

afterAll(async () => {
  await Promise.all([quiet.stop(), logged.stop()]);
});

function linesOf(gateway: GatewayProcess): readonly Line[] {
  return gateway
    .log()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

function put(url: string, body: unknown) {
  return ask("PUT", url, { body: JSON.stringify(body) });
}

test("an answer has the id of its request, or a new one", async () => {
  const idOf = async (path: string, id?: string) => {
    const headers: Record<string, string> = id === undefined ? {} : { "x-request-id": id };
    return (await ask("GET", `${quiet.url}${path}`, { headers })).headers.get("x-request-id");
  };
  expect(await idOf("/livez", "client-7/a=b")).toBe("client-7/a=b");
  expect(await idOf("/nothing", "abc")).toBe("abc");
  const [first, second] = [await idOf("/livez"), await idOf("/nothing")];
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  expect(second).not.toBe(first);
  for (const bad of ["a b", "x".repeat(129), '"quoted"', "<script>", "line;break"]) {
    expect(await idOf("/livez", bad)).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  }
});

test("the answers of addresses that are called once a record have the id that was sent", async () => {
  const save = (headers: Record<string, string>) =>
    ask("POST", `${quiet.url}/save`, {
      body: `{"time":${Date.now()}000000,"tag":"t","values":[1]}`,
      headers,
    });
  const given = await save({ "x-request-id": "mine" });
  expect([given.status, given.headers.get("x-request-id")]).toEqual([204, "mine"]);
  const bare = await save({});
  expect([bare.status, bare.headers.get("x-request-id")]).toEqual([204, null]);
  const refused = await ask("POST", `${quiet.url}/save`, { body: "{" });
  expect(refused.status).toBe(400);
  expect(refused.headers.get("x-request-id")).not.toBeNull();

  await put(`${quiet.url}/log/once`, { source: "external" });
  for (const path of ["/log/once", "/v1/topics/once/records"]) {
    const append = (body: string, headers: Record<string, string> = {}) =>
      ask("POST", `${quiet.url}${path}`, { body, headers });
    const named = await append("{}", { "x-request-id": "mine" });
    expect([named.status, named.headers.get("x-request-id")]).toEqual([200, "mine"]);
    expect((await append("{}")).headers.get("x-request-id")).toBeNull();
    expect((await append("{")).headers.get("x-request-id")).not.toBeNull();
  }
});

const onRpcPort = [
  "gRPC on the RPC port",
  "Connect on the RPC port",
  "gRPC-Web on the RPC port",
] as const;

/** Of the answers to a call that succeeds, a stream, and a call that is refused. */
async function idsOf(
  gateway: GatewayProcess,
  way: (typeof onRpcPort)[number],
  given?: string,
): Promise<readonly (string | null)[]> {
  const ids: (string | null)[] = [];
  const options = {
    headers: given === undefined ? {} : { "x-request-id": given },
    onHeader: (headers: Headers) => void ids.push(headers.get("x-request-id")),
  };
  const transport = ways[way](gateway);
  const records = [{ value: Buffer.from("1"), contentType: "application/json" }];
  await producerOf(transport).publish({ topic: "ids", records }, options);
  const start = { case: "earliest", value: true } as const;
  const stop = new AbortController();
  const stream = consumerOf(transport).subscribe(
    { topic: "ids", start },
    { ...options, signal: stop.signal },
  );
  for await (const _ of stream) break;
  stop.abort();
  ids.splice(2);
  const call = producerOf(transport).publish({ topic: "not a name", records }, options);
  const error = await call.catch((reason: unknown) => ConnectError.from(reason));
  ids.splice(2);
  ids.push((error as ConnectError).metadata.get("x-request-id"));
  return ids;
}

test("answers on the gRPC port have the id that the call sent, and a new one with the access log", async () => {
  for (const way of onRpcPort) {
    expect(await idsOf(quiet, way, "call-7/a=b")).toEqual(Array(3).fill("call-7/a=b"));
    expect(await idsOf(quiet, way)).toEqual([null, null, null]);
    const made = await idsOf(logged, way);
    expect(made).toEqual(Array(3).fill(expect.stringMatching(/^[0-9a-f]{8}-[0-9a-z]+$/)));
    expect(new Set(made).size).toBe(3);
    const [replaced] = await idsOf(quiet, way, "a b");
    expect(replaced).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  }
});

test("each change has its audit line at every log level, and what was refused has none", async () => {
  const { url } = quiet;
  await put(`${url}/v1/topics/audit-a`, {});
  await put(`${url}/v1/topics/audit-a`, { retention_ms: 3_600_000 });
  await ask("POST", `${url}/v1/topics/audit-b/records`, {
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  await put(`${url}/log/audit-e`, { source: "external" });
  await ask("DELETE", `${url}/log/audit-e`);
  await put(`${url}/v1/ack-rules/audit-r`, { topics: ["x", "y"], output: "audit-acks" });
  await ask("DELETE", `${url}/v1/ack-rules/audit-r`);
  await put(`${url}/v1/apps/audit-app`, { expected: ["sent"] });
  await ask("POST", `${url}/subjects/audit-s/versions`, {
    body: JSON.stringify({ schemaType: "PROTOBUF", schema: 'syntax = "proto3"; message M {}' }),
  });
  await put(`${url}/config/audit-s`, { compatibility: "NONE" });
  await ask("DELETE", `${url}/subjects/audit-s`);
  await ask("DELETE", `${url}/v1/topics/audit-a`);
  await ask("DELETE", `${url}/v1/topics/audit-a`);
  const audited = () =>
    linesOf(quiet)
      .filter(({ level, resource }) => level === "audit" && String(resource).includes(":audit-"))
      .map(({ message, resource, principal, by }) => `${message} ${resource} ${principal ?? by}`);
  const expected = [
    "create topic topic:audit-a anonymous",
    "change topic topic:audit-a anonymous",
    "create topic topic:audit-b its first append",
    "create emitter emitter:audit-e anonymous",
    "delete emitter emitter:audit-e anonymous",
    "create rule rule:audit-r anonymous",
    "delete rule rule:audit-r anonymous",
    "change app app:audit-app anonymous",
    "create subject subject:audit-s anonymous",
    "change subject subject:audit-s anonymous",
    "delete subject subject:audit-s anonymous",
    "delete topic topic:audit-a anonymous",
  ];
  await until("all lines are written", 5000, () => audited().length >= expected.length);
  expect(audited()).toEqual(expected);
});

test("the access log has each request, without its query", async () => {
  const secret = crypto.randomUUID();
  await ask("GET", `${logged.url}/v1/topics/t-1?after=${secret}`, {
    headers: { "x-request-id": "logged-1" },
  });
  const line = await until("the line is written", 5000, () =>
    linesOf(logged).find(({ request_id: id }) => id === "logged-1"),
  );
  expect(line).toMatchObject({
    level: "info",
    message: "request",
    method: "GET",
    path: "/v1/topics/t-1",
    route: "/v1/topics/{topic}",
    status: 400,
    protocol: "http",
    principal: "anonymous",
  });
  await idsOf(logged, "gRPC on the RPC port", "logged-call");
  const calls = await until("the lines of calls are written", 5000, () => {
    const found = linesOf(logged).filter(({ request_id: id }) => id === "logged-call");
    return found.length === 3 ? found : undefined;
  });
  expect(calls.map(({ path, status }) => `${path} ${status}`).toSorted()).toEqual([
    "/sluice.v1.CollectorService/Publish 200",
    "/sluice.v1.CollectorService/Publish 400",
    expect.stringContaining("/sluice.v1.ConsumerService/Subscribe "),
  ]);
  expect(calls[0]).toMatchObject({ protocol: "grpc", method: "POST", principal: "anonymous" });
  await ask("GET", `${logged.url}/v1/topics/t-1/sse?ticket=${secret}`);
  await ask("GET", `${logged.url}/status`, { headers: { authorization: `Bearer ${secret}` } });
  await ask("POST", `${logged.url}/save?token=${secret}`, { body: "{}" });
  await ask("GET", `${logged.url}/livez`, { headers: { "x-request-id": "logged-2" } });
  await until("the last line is written", 5000, () => logged.log().includes("logged-2"));
  expect(logged.log()).not.toContain(secret);
});

test("a method that HTTP does not have is logged as other, however long it is", async () => {
  const session = openSession(logged.grpcUrl);
  const stream = session.request({
    ":method": "X".repeat(20_000),
    ":path": "/sluice.v1.CollectorService/Publish",
    "content-type": "application/grpc",
    "x-request-id": "logged-method",
  });
  stream.on("error", () => {});
  stream.end();
  const line = await until("the line is written", 5000, () =>
    linesOf(logged).find(({ request_id: id }) => id === "logged-method"),
  );
  session.destroy();
  expect(line).toMatchObject({ protocol: "grpc", method: "other" });
});
