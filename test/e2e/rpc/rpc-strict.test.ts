/** Unknown and misspelt members of JSON are refused, not ignored, in every protocol with JSON. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ClientHttp2Session } from "node:http2";
import { Code, createClient } from "@connectrpc/connect";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, post } from "../../support/http.ts";
import { framed, openSession } from "./grpc.ts";
import { endOf, ways } from "./rpc.ts";

let gateway: GatewayProcess;
let session: ClientHttp2Session;

beforeAll(async () => {
  gateway = await startGateway();
  session = openSession(gateway.grpcUrl);
}, 60_000);

afterAll(async () => {
  session.destroy();
  expect(gateway.errors()).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

const publish = "/sluice.v1.CollectorService/Publish";
const setConfig = "/sluice.v1.RegistryService/SetConfig";
const value = Buffer.from("lost").toString("base64");

/** Sends one JSON message and returns the whole answer as text. */
const protocols: Readonly<Record<string, (path: string, json: string) => Promise<string>>> = {
  "Connect over HTTP/1.1": async (path, json) => (await post(`${gateway.url}${path}`, json)).text,
  "gRPC-Web over HTTP/1.1": async (path, json) => {
    const { text, headers } = await ask("POST", `${gateway.url}${path}`, {
      headers: { "content-type": "application/grpc-web+json" },
      body: new Uint8Array(framed(Buffer.from(json))),
    });
    return `grpc-status: ${headers.get("grpc-status")} ${headers.get("grpc-message")} ${text}`;
  },
  "Connect on the RPC port": (path, json) => overHttp2(path, "application/json", Buffer.from(json)),
  "gRPC-Web on the RPC port": (path, json) =>
    overHttp2(path, "application/grpc-web+json", framed(Buffer.from(json))),
  "gRPC on the RPC port": (path, json) =>
    overHttp2(path, "application/grpc+json", framed(Buffer.from(json))),
};

function overHttp2(path: string, contentType: string, body: Uint8Array): Promise<string> {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": contentType,
    te: "trailers",
  });
  return new Promise((resolve) => {
    let text = "";
    const addStatus = (headers: Record<string, unknown>) => {
      for (const name of ["grpc-status", "grpc-message"]) {
        if (name in headers) text += `${name}: ${decodeURIComponent(String(headers[name]))} `;
      }
    };
    stream.on("response", addStatus);
    stream.on("trailers", addStatus);
    stream.on("data", (data: Buffer) => (text += data.toString("latin1")));
    stream.on("error", () => {});
    stream.on("close", () => resolve(text));
    stream.end(body);
  });
}

/** `INVALID_ARGUMENT` as each protocol spells it. */
const invalidArgument = /"code":"invalid_argument"|grpc-status: ?3/;

describe.each(Object.entries(protocols))("%s", (_name, call) => {
  test("an unknown member of a message is refused, and nothing is stored", async () => {
    const sent = { topic: "misspelt", recordz: [{ value }] };
    const answer = await call(publish, JSON.stringify(sent));
    expect(answer).toMatch(invalidArgument);
    expect(answer).toContain("recordz");
    expect((await ask("GET", `${gateway.url}/v1/topics/misspelt`)).status).toBe(404);
  });

  test("an unknown member of a nested message is refused", async () => {
    const sent = { topic: "misspelt", records: [{ value, kei: "a2V5" }] };
    const answer = await call(publish, JSON.stringify(sent));
    expect(answer).toMatch(invalidArgument);
    expect(answer).toContain("kei");
    expect((await ask("GET", `${gateway.url}/v1/topics/misspelt`)).status).toBe(404);
  });

  test("a misspelt compatibility is refused, and that of the subject does not change", async () => {
    const subject = "orders-value";
    const full = JSON.stringify({ subject, compatibility: "COMPATIBILITY_FULL" });
    expect(await call(setConfig, full)).toContain("COMPATIBILITY_FULL");
    for (const compatibility of ["FUL", "FULL", "compatibility_full"]) {
      const answer = await call(setConfig, JSON.stringify({ subject, compatibility }));
      expect(answer).toMatch(invalidArgument);
      expect(answer).toContain(compatibility);
    }
    const { json } = await ask("GET", `${gateway.url}/config/${subject}`);
    expect(json).toMatchObject({ compatibilityLevel: "FULL" });
  });

  test("a Publish without records is refused", async () => {
    const answer = await call(publish, JSON.stringify({ topic: "empty" }));
    expect(answer).toMatch(invalidArgument);
    expect(answer).toContain("records");
    expect((await ask("GET", `${gateway.url}/v1/topics/empty`)).status).toBe(404);
  });
});

describe.each(Object.entries(ways))("%s", (_name, transport) => {
  test("a Publish without records is refused", async () => {
    const client = createClient(CollectorService, transport(gateway));
    expect(await endOf(client.publish({ topic: "empty" }))).toMatchObject({
      code: Code[Code.InvalidArgument],
      message: expect.stringContaining("records"),
    });
  });
});

test("a stream's messages are as strict, and end the call", async () => {
  const first = framed(Buffer.from(JSON.stringify({ topic: "streamed", records: [{ value }] })));
  const second = framed(Buffer.from(JSON.stringify({ recordz: [{ value }] })));
  for (const type of ["application/connect+json", "application/grpc+json"]) {
    const answer = await overHttp2(
      "/sluice.v1.CollectorService/Collect",
      type,
      Buffer.concat([first, second]),
    );
    expect(answer).toMatch(invalidArgument);
    expect(answer).toContain("recordz");
  }
});
