/** The methods and content types of RPC addresses: what plain HTTP clients, caches and proxies see. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { RegistryService } from "../../../src/gen/sluice/v1/registry_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { expectProblem } from "../../support/problems.ts";
import { openSession } from "./grpc.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);
afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

const registry = "/sluice.v1.RegistryService";
const query = `?connect=v1&encoding=json&message=${encodeURIComponent("{}")}`;

describe("a method without side effects", () => {
  test.each(["ListSubjects", "GetConfig"])("%s is served by GET", async (method) => {
    const { status, headers, json } = await ask(
      "GET",
      `${gateway.url}${registry}/${method}${query}`,
    );
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(typeof json).toBe("object");
    const head = await ask("HEAD", `${gateway.url}${registry}/${method}${query}`);
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test("is called so by a client that may, on both ports", async () => {
    for (const baseUrl of [gateway.url, gateway.grpcUrl]) {
      const transport = createConnectTransport({ baseUrl, httpVersion: "2", useHttpGet: true });
      const client = createClient(RegistryService, transport);
      expect((await client.listSubjects({})).subjects).toEqual([]);
    }
  });
});

test.each([
  ["GET", `${registry}/Register`, "POST"],
  ["GET", `${registry}/SetConfig${query}`, "POST"],
  ["GET", "/sluice.v1.CollectorService/Publish", "POST"],
  ["GET", "/grpc.health.v1.Health/Watch", "POST"],
  ["PUT", "/grpc.health.v1.Health/Check", "POST"],
  ["DELETE", `${registry}/ListSubjects`, "GET, POST"],
])("%s %s is refused with the methods that there are: %s", async (method, path, allow) => {
  const answer = await ask(method, `${gateway.url}${path}`);
  expectProblem(answer, "405 method_not_allowed", { detail: `expected ${allow}` });
  expect(answer.headers.get("allow")).toBe(allow);
});

test("the gRPC port names the methods that there are as well", async () => {
  const session = openSession(gateway.grpcUrl);
  for (const [path, allow] of [
    ["/grpc.health.v1.Health/Check", "POST"],
    [`${registry}/ListSubjects`, "POST, GET"],
  ]) {
    const stream = session.request({ ":method": "PUT", ":path": path });
    const headers = await new Promise<IncomingHttpHeaders & IncomingHttpStatusHeader>((resolve) => {
      stream.on("response", resolve);
    });
    expect([headers[":status"], headers["allow"]]).toEqual([405, allow]);
    stream.close();
  }
  session.destroy();
});

test.each([
  "application/json",
  "application/json; charset=utf-8",
  'application/json; charset="utf-8"',
  'application/json;charset="UTF-8"',
  "Application/JSON ; Charset=UTF8",
])("Content-Type %s is JSON", async (contentType) => {
  for (const method of ["/grpc.health.v1.Health/Check", `${registry}/ListSubjects`]) {
    const headers = { "content-type": contentType };
    const { status } = await ask("POST", `${gateway.url}${method}`, { headers, body: "{}" });
    expect([method, status]).toEqual([method, 200]);
  }
});

test.each([
  "text/plain",
  "application/json; charset=latin1",
  "application/grpc-web-text",
  `application/json${" ;".repeat(5000)}`,
])("another Content-Type is refused with a problem: %s", async (contentType) => {
  const headers = { "content-type": contentType };
  const url = `${gateway.url}/grpc.health.v1.Health/Check`;
  expectProblem(await ask("POST", url, { headers, body: "{}" }), "415 unsupported_media_type", {
    detail: "expected application/json",
  });
});
