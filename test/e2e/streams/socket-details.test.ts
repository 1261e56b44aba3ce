// What is known of a record beside its value, on a socket: headers, times, sizes, and the versions of the
// subjects that the reader may see.

import { afterAll, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { startGateway } from "../../support/gateway.ts";
import { adminKey, asAdmin, bearer, closed, createKey } from "../../support/keys.ts";
import { openWs } from "../../support/ws.ts";
import { watchProto } from "../registry/schemas.ts";

const gateway = await startGateway({ env: { ...closed, SLUICE_GUESTS: "0" } });
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  await gateway.stop();
}, 30_000);
const { url, wsUrl, grpcUrl } = gateway;

async function register(subject: string): Promise<number> {
  const response = await fetch(`${url}/subjects/${subject}/versions`, {
    method: "POST",
    headers: asAdmin,
    body: JSON.stringify({ schemaType: "PROTOBUF", schema: watchProto() }),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { readonly id: number }).id;
}

const id = await register("watch-value");
expect(await register("secret-value")).toBe(id);
const collector = createClient(
  CollectorService,
  createGrpcTransport({
    baseUrl: grpcUrl,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${adminKey}`);
        return next(request);
      },
    ],
  }),
);
await collector.publish({
  topic: "pulses",
  records: [
    {
      value: new TextEncoder().encode(`{"id":"a","steps":9007199254740993}`),
      key: new TextEncoder().encode("k"),
      contentType: "application/json",
      schemaId: id,
      timeNs: 1_000_000_001n,
      headers: { from: new TextEncoder().encode("test"), raw: Uint8Array.of(0xff) },
    },
    { value: new Uint8Array(1000).fill(0xff) },
  ],
});

async function read(grants: readonly string[], options: object) {
  const { key } = await createKey(gateway, "read topic:*", ...grants);
  const socket = await openWs(`${wsUrl}/v1/ws`, undefined, bearer(key));
  socket.say({ op: "subscribe", topic: "pulses", after: "earliest", ...options });
  const found = await socket.nextThat(({ op }) => op === "events");
  socket.cut();
  return found.events;
}

test("with the subjects that the reader may see", async () => {
  const options = { details: true, value_bytes: 8 };
  const [first, second] = await read(["read subject:watch-*"], options);
  expect(first).toEqual({
    position: expect.any(String),
    time: "1970-01-01T00:00:01.000000001Z",
    key: "k",
    received: expect.stringMatching(/^20\d\d-.*Z$/),
    headers: { from: "test", raw: { base64: "/w==" } },
    content_type: "application/json",
    size: 35,
    schema: { id, name: "acme.v1.Watch", subjects: [{ subject: "watch-value", version: 1 }] },
    cut: `{"id":"a`,
  });
  expect(second).toMatchObject({ headers: {}, size: 1000, cut: { base64: "//////////8=" } });
  expect(second).not.toHaveProperty("schema");
  const [bare] = await read([], options);
  expect(bare.schema).toEqual({ id, name: "acme.v1.Watch", subjects: [] });
  const [all] = await read(["read subject:*"], { details: true });
  expect(all.schema.subjects).toHaveLength(2);
  expect(all).toHaveProperty("data");
});

test("as their schemas have them, and without", async () => {
  const [decoded] = await read([], { decode: "json", details: true });
  expect(decoded).toMatchObject({ schema: { name: "acme.v1.Watch" }, data: { id: "a" } });
  const [plain] = await read([], {});
  expect(Object.keys(plain)).toEqual(["position", "time", "key", "data"]);
});
