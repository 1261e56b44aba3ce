// Bounds on what the registry keeps: each refusal names the setting, and what exists can still be used.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { RegistryService } from "../../../src/gen/sluice/v1/registry_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_SUBJECTS_MAX: "2", SLUICE_SCHEMAS_MAX: "3" } });
}, 90_000);
afterAll(async () => {
  await gateway.stop();
  expect(gateway.errors()).toEqual([]);
}, 30_000);

const text = (fields: number) =>
  `syntax = "proto3"; message M { ${Array.from({ length: fields }, (_, n) => `int32 a${n} = ${n + 1};`).join(" ")} }`;

async function register(subject: string, fields: number) {
  const { status, json } = await ask("POST", `${gateway.url}/subjects/${subject}/versions`, {
    headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
    body: JSON.stringify({ schemaType: "PROTOBUF", schema: text(fields) }),
  });
  return [status, json.version ?? json.message];
}

test("subjects and versions are bounded and counted", async () => {
  expect(await register("one", 1)).toEqual([200, 1]);
  expect(await register("two", 1)).toEqual([200, 1]);
  expect(await register("three", 1)).toEqual([
    429,
    'Cannot register under "three": the registry has 2 subjects, expected at most 2 (SLUICE_SUBJECTS_MAX)',
  ]);
  expect(await register("one", 2)).toEqual([200, 2]);
  expect(await register("one", 3)).toEqual([
    429,
    'Cannot register under "one": the registry has 3 versions, expected at most 3 (SLUICE_SCHEMAS_MAX)',
  ]);
  // What exists is no new version.
  expect(await register("one", 2)).toEqual([200, 2]);
  await until("the counts are shown", 10_000, async () => {
    const { registry } = (await ask("GET", `${gateway.url}/status`)).json;
    return registry.subjects === 2 && registry.versions === 3;
  });
  // A version that is purged makes room, a subject does not.
  const address = `${gateway.url}/subjects/one/versions/1`;
  expect((await ask("DELETE", address)).status).toBe(200);
  expect((await ask("DELETE", `${address}?permanent=true`)).status).toBe(200);
  expect(await register("one", 3)).toEqual([200, 3]);
});

test("subjects with settings are bounded", async () => {
  const client = createClient(RegistryService, createGrpcTransport({ baseUrl: gateway.grpcUrl }));
  const set = async (subject: string) =>
    await client.setConfig({ subject, compatibility: 4 }).then(
      () => "set",
      (error: unknown) => ConnectError.from(error).code,
    );
  expect(await set("a")).toBe("set");
  expect(await set("b")).toBe("set");
  expect(await set("c")).toBe(Code.ResourceExhausted);
  expect(await set("b")).toBe("set");
});
