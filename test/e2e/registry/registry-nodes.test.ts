// Two nodes on one PostgreSQL are one registry: immediately, under races, across kills and outages.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { RegistryService, type WatchResponse } from "../../../src/gen/sluice/v1/registry_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { type TestDatabase, type TestPostgres, testPostgres } from "../../support/postgres.ts";
import { until, within } from "../../support/until.ts";

let server: TestPostgres;
let database: TestDatabase;
let nodes: [GatewayProcess, GatewayProcess];

const startNode = () => startGateway({ env: { DATABASE_URL: database.url } });
beforeAll(async () => {
  server = await testPostgres();
  database = await server.createDatabase();
  nodes = await Promise.all([startNode(), startNode()]);
}, 90_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await database.drop();
}, 30_000);

const watch = (field: string) =>
  `syntax = "proto3"; package acme.v1; message Watch { string id = 1; int32 ${field} = 2; }`;

test("a schema that one node registers is served by the other one at once, and reported to its watchers", async () => {
  const [one, two] = nodes;
  const stream = clientOf(two).watch({ subject: "seen" })[Symbol.asyncIterator]();
  await stream.next();
  const { id } = await register(one, "seen", watch("bpm"));
  const served = await fetch(`${two.url}/v1/subjects/seen/versions/1`);
  expect([served.status, served.headers.get("sluice-schema-id")]).toEqual([200, String(id)]);
  const change = await within("the watcher on the other node to see it", 3000, nextChange(stream));
  expect(change).toMatchObject({ subject: "seen", version: 1, id });
  await stream.return?.();
});

test("racing registrations of one schema make one version, those of several schemas versions without gaps", async () => {
  const same = await Promise.all(
    Array.from({ length: 10 }, (_, n) => register(nodeAt(n), "same", watch("bpm"))),
  );
  expect(new Set(same.map(({ id, version }) => `${id} ${version}`)).size).toBe(1);
  const fields = Array.from({ length: 10 }, (_, n) => `f${n}`);
  const several = await Promise.all(
    fields.map((field, n) => register(nodeAt(n), "several", watch(field))),
  );
  expect(several.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(oneTo(10));
  expect(new Set(several.map(({ id }) => id)).size).toBe(10);
});

test("a node that is killed in the middle leaves neither a gap nor half a registration", async () => {
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < 3; round++) {
    const fields = Array.from({ length: 6 }, (_, n) => `r${round}_${n}`);
    const registering = fields.map(async (field, n) => {
      try {
        const { id, version } = await register(nodeAt(n), "killed", watch(field));
        acknowledged.set(field, `${id} ${version}`);
      } catch {
        // This node was killed, so the client does not know whether the schema was registered.
      }
    });
    await until("one is registered", 20_000, () => acknowledged.size > round * 6);
    await nodes[0].kill9();
    await Promise.all(registering);
    nodes[0] = await startNode();
    // A client retries, and gets the existing version if there is one.
    for (const [n, field] of fields.entries()) {
      const { id, version } = await register(nodeAt(n), "killed", watch(field));
      expect(`${id} ${version}`).toBe(acknowledged.get(field) ?? `${id} ${version}`);
      acknowledged.set(field, `${id} ${version}`);
    }
  }
  const versions = await (await fetch(`${nodes[1].url}/subjects/killed/versions`)).json();
  expect(versions).toEqual(oneTo(18));
  expect(new Set(acknowledged.values()).size).toBe(18);
}, 120_000);

test("while PostgreSQL is down each endpoint reports it, and afterwards no change was missed", async () => {
  const [one, two] = nodes;
  const stream = clientOf(one).watch({ subject: "back" })[Symbol.asyncIterator]();
  await stream.next();
  const { id } = await register(one, "outage", watch("bpm"));
  expect((await fetch(`${one.url}/v1/schemas/${id}`)).status).toBe(200);
  await server.kill9();
  try {
    const asked = await fetch(`${one.url}/subjects`);
    expect([asked.status, asked.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await asked.json()).toEqual({
      error_code: 50001,
      message: "The store is not available",
    });
    const own = await fetch(`${two.url}/v1/subjects/outage/versions/latest`);
    expect([own.status, (await own.json()).code]).toEqual([503, "unavailable"]);
    const error = await clientOf(one)
      .register({ subject: "outage", schema: textOf(watch("rate")) })
      .catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({ code: Code.Unavailable });
    // A schema that this node has cached needs no database.
    expect((await fetch(`${one.url}/v1/schemas/${id}`)).status).toBe(200);
  } finally {
    await server.start();
  }
  const registered = await until("PostgreSQL is back", 20_000, () =>
    register(two, "back", watch("bpm")).catch(() => undefined),
  );
  expect(registered).toMatchObject({ version: 1, id });
  const change = await within("the watcher to see it", 20_000, nextChange(stream));
  expect(change).toMatchObject({ subject: "back", version: 1 });
  await stream.return?.();
}, 90_000);

function nodeAt(n: number): GatewayProcess {
  return n % 2 === 0 ? nodes[0] : nodes[1];
}

function clientOf(node: GatewayProcess): Client<typeof RegistryService> {
  return createClient(RegistryService, createGrpcTransport({ baseUrl: node.grpcUrl }));
}

function textOf(text: string) {
  return { case: "protoText" as const, value: { text } };
}

async function register(
  node: GatewayProcess,
  subject: string,
  schema: string,
): Promise<{ readonly id: number; readonly version: number }> {
  const path = `/subjects/${subject}/versions`;
  const response = await fetch(`${node.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schemaType: "PROTOBUF", schema }),
  });
  if (!response.ok) throw new Error(`${path} answers ${response.status}: ${await response.text()}`);
  return await response.json();
}

async function nextChange(stream: AsyncIterator<WatchResponse>) {
  for (;;) {
    const result = await stream.next();
    if (result.done === true) throw new Error("The watch has ended");
    if (result.value.change !== undefined) return result.value.change;
  }
}

function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1);
}
