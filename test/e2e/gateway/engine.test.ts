// Faults of the engine (Bun) that Sluice works around or documents (docs/protocol.md, "Limits of the HTTP
// engine"). A test that fails here means that the engine was mended: remove what the test names.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, exchange, post, statuses } from "../../support/http.ts";
import { until } from "../../support/until.ts";

let gateway: GatewayProcess;
/** Bun alone, without Sluice. */
const engine = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  http2: true,
  websocket: { message() {} },
  fetch: (request, server) =>
    server.upgrade(request, { data: undefined }) ? undefined : new Response(request.url),
});

beforeAll(async () => {
  gateway = await startGateway();
}, 60_000);
afterAll(async () => {
  await engine.stop(true);
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
});

async function makeEmitter(id: string): Promise<string> {
  const url = `${gateway.url}/log/${id}`;
  expect((await ask("PUT", url, { body: '{"source":"external"}' })).status).toBe(201);
  return url;
}

const countOf = async (url: string) => (await ask("GET", url)).json.events.length as number;

const chunked = ["Host: localhost", "Transfer-Encoding: chunked", "Content-Type: application/json"];
const withTrailers = (id: string, headers: readonly string[]) =>
  [
    `POST /log/${id} HTTP/1.1`,
    ...chunked,
    ...headers,
    "",
    '7\r\n{"n":1}\r\n0\r\nx-sum: 1',
    "",
    "",
  ].join("\r\n");

test("trailers that are announced are refused before anything is stored", async () => {
  const url = await makeEmitter("announced");
  const { text } = await exchange(gateway.url, [withTrailers("announced", ["Trailer: x-sum"])]);
  expect(statuses(text)[0]).toBe(400);
  expect(text).toContain("Cannot read a body with trailers");
  expect((await post(url, { n: 2 })).status).toBe(200);
  expect(await countOf(url)).toBe(1);
});

test("engine: trailers that are not announced are a bare 400, although the body was stored", async () => {
  const url = await makeEmitter("unannounced");
  const { text } = await exchange(gateway.url, [withTrailers("unannounced", [])]);
  expect([statuses(text)[0], text.split("\r\n\r\n")[1]]).toEqual([400, ""]);
  await until("the stored event", 5000, async () => (await countOf(url)) === 1);
});

test("engine: a request that is sent before the answer to the last one ends the connection", async () => {
  const url = await makeEmitter("pipelined");
  const head = "POST /log/pipelined HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n";
  const { text, closed } = await exchange(gateway.url, [`${head}{"p":1}${head}{"p":2}`]);
  expect([text, closed]).toEqual(["", true]);
  await until("the stored event", 5000, async () => (await countOf(url)) === 1);
});

test("engine: a request without a usable Host has a bare path (src/http/entry/entry.ts completes it)", async () => {
  for (const head of [
    "GET /path HTTP/1.0\r\n\r\n",
    "GET /path HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
  ]) {
    const { text } = await exchange(engine.url.href, [head], { quietMs: 500 });
    expect(text.split("\r\n\r\n")[1]).toBe("/path");
  }
});

test("engine: a backslash is read as a slash (docs/deployment.md, rules for paths)", async () => {
  const head = "GET /sse/..\\log HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const { text } = await exchange(engine.url.href, [head]);
  expect(text.split("\r\n\r\n")[1]).toBe("http://x/log");
});

test("engine: any WebSocket subprotocol is agreed to (src/runtime/bun.ts names none)", async () => {
  const head = [
    ...["GET / HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket"],
    ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    ...["Sec-WebSocket-Protocol: nonsense-v9, other", "", ""],
  ];
  const { text } = await exchange(engine.url.href, [head.join("\r\n")], { quietMs: 500 });
  expect(text).toContain("Sec-WebSocket-Protocol: nonsense-v9\r\n");
});
