/** What faces promise beyond a single request: scopes, order, and who may ask. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { exchange } from "../support/http.ts";

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({
    env: { SLUICE_ORIGINS: "https://friend.example", SLUICE_RETENTION_HOURS: "2" },
  });
}, 60_000);
afterAll(() => gateway.stop());

const call = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });

async function countOf(path: string): Promise<number> {
  return ((await (await call("GET", path)).json()) as { events: unknown[] }).events.length;
}

test("an idempotency key counts for its own emitter alone", async () => {
  for (const id of ["a", "b"]) await call("PUT", `/log/${id}`, '{"source":"external"}');
  const positions = new Set<unknown>();
  for (const id of ["a", "b", "a", "b"]) {
    const answer = await call("POST", `/log/${id}`, '{"n":1}', { "idempotency-key": "same" });
    expect(answer.status).toBe(200);
    positions.add(((await answer.json()) as { position: string }).position);
  }
  expect(positions.size).toBe(2);
  expect([await countOf("/log/a"), await countOf("/log/b")]).toEqual([1, 1]);
});

test("what one socket publishes is stored in its order, also into a topic that it makes", async () => {
  const socket = new WebSocket(`${gateway.wsUrl}/v1/ws`);
  const answers: { op: string; ref?: unknown }[] = [];
  socket.onmessage = ({ data }) => answers.push(JSON.parse(String(data)) as { op: string });
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  for (let n = 0; n < 200; n++) {
    socket.send(JSON.stringify({ op: "publish", topic: "ordered", events: [n], ref: n }));
  }
  await eventually(() => expect(answers).toHaveLength(200));
  expect(answers.every(({ op }) => op === "accepted")).toBe(true);
  const page = (await (await call("GET", "/v1/topics/ordered/records?limit=1000")).json()) as {
    events: { data: number }[];
  };
  expect(page.events.map(({ data }) => data)).toEqual(Array.from({ length: 200 }, (_, n) => n));

  // Past what may be pending every request is still answered under its own ref.
  for (let n = 0; n < 400; n++) {
    socket.send(JSON.stringify({ op: "publish", topic: "ordered", events: [n], ref: `r${n}` }));
  }
  await eventually(() => expect(answers).toHaveLength(600));
  expect(new Set(answers.slice(200).map(({ ref }) => ref)).size).toBe(400);
  socket.close();
});

test("a topic made by hand gets what one made by an append gets", async () => {
  expect((await call("POST", "/v1/topics/by-append/records", "{}")).status).toBe(200);
  expect((await call("PUT", "/v1/topics/by-append")).status).toBe(200);
  const made = (await (await call("PUT", "/v1/topics/by-hand")).json()) as { retention_ms: number };
  expect(made.retention_ms).toBe(2 * 3_600_000);
});

test.each([
  ["/log?after=%00", 400],
  ["/log?ended=yes", 400],
  ["/log/a?after=b2gosa7pa2gv-b2gosa7pa2gv-b2gosa7pa2gv", 400],
])("GET %s is %d", async (path, status) => {
  const answer = await call("GET", path);
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
});

test("a stream resumes by lastEventId in the query, as polyfills of EventSource send it", async () => {
  await call("PUT", "/log/polyfilled", '{"source":"external"}');
  const appended = await call("POST", "/log/polyfilled", '{"seen":1}');
  const { position } = (await appended.json()) as { position: string };
  await call("POST", "/log/polyfilled", '{"unseen":2}');
  const path = `/sse/log/polyfilled?after=earliest&lastEventId=${position}`;
  const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const { text } = await exchange(gateway.url, [head], { firstMs: 5000 });
  expect(text).toContain('data:{"unseen":2}');
  expect(text).not.toContain('data:{"seen":1}');
});

describe("a page of another site", () => {
  const foreign = { origin: "https://stranger.example" };
  const friend = { origin: "https://friend.example" };

  test("changes nothing", async () => {
    const answer = await call("PUT", "/log/stolen", "{}", foreign);
    expect(answer.status).toBe(403);
    expect((await call("GET", "/log/stolen")).status).toBe(404);
  });

  test("opens no socket", async () => {
    for (const path of ["/v1/ws", "/echo"]) {
      const upgrade = {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
      };
      const answer = await call("GET", path, undefined, {
        ...upgrade,
        ...foreign,
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      });
      expect(answer.status).toBe(403);
    }
  });

  test("does what it wants when it is among the origins", async () => {
    const asked = await call("OPTIONS", "/log/welcome", undefined, {
      ...friend,
      "access-control-request-method": "PUT",
    });
    expect(asked.headers.get("access-control-allow-origin")).toBe(friend.origin);
    const made = await call("PUT", "/log/welcome", '{"source":"external"}', friend);
    expect(made.status).toBe(201);
    expect(made.headers.get("access-control-allow-origin")).toBe(friend.origin);
  });

  test("is the gateway's own when it came from there", async () => {
    const own = { origin: gateway.url };
    expect((await call("PUT", "/log/own", '{"source":"external"}', own)).status).toBe(201);
  });
});
