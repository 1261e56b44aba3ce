/** What a newcomer does wrong first, and whether the answer leads on. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { ask, post } from "../support/http.ts";
import { expectProblem } from "../support/problems.ts";
import { openWs } from "../support/ws.ts";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_ORIGINS: "https://friend.example" } });
}, 60_000);

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
});

const at = (path: string) => `${gateway.url}${path}`;

describe("an emitter", () => {
  test("that is created without a body says who writes its events, and how to write one's own", async () => {
    const { status, json } = await ask("PUT", at("/log/guest"));
    expect([status, json.source]).toEqual([201, "guest"]);
    expect(json.note).toContain(`Create it with {"source":"external"} to append your own`);
  });

  test.each(["/log/typo", "/sse/log/typo"])(
    "that does not exist: %s says how to create it",
    async (path) => {
      const answer = await ask("GET", at(path));
      expectProblem(answer, "404 not_found");
      expect(answer.json.detail).toEndWith("it does not exist, create it with PUT /log/typo");
    },
  );

  test("a misspelt member is named by its pointer, with those that there are", async () => {
    const answer = await ask("PUT", at("/log/e1"), { body: '{"rat":5}' });
    expectProblem(answer, "400 invalid", { field: "/rat" });
    expect(answer.json.detail).toBe(
      "Cannot use the body: /rat: there is no such member, expected source, rate",
    );
  });
});

describe("a wrong address or method", () => {
  test.each([
    ["GET", "/foo/bar", 404, null],
    ["POST", "/log", 405, "GET, PUT"],
    ["PUT", "/v1/emitters/e2", 405, "GET"],
  ] as const)(
    "%s %s: %d also where pages of other origins are allowed",
    async (method, path, status, allow) => {
      const answer = await ask(method, at(path));
      expect([answer.status, answer.headers.get("allow")]).toEqual([status, allow]);
    },
  );
});

describe("a body", () => {
  test("that is text and not JSON leads to other content types", async () => {
    const sent = { body: "hello", headers: { "content-type": "text/plain" } };
    const answer = await ask("POST", at("/v1/topics/texts/records"), sent);
    expectProblem(answer, "400 invalid", { field: "body" });
    expect(answer.json.detail).toEndWith(
      "expected JSON, or a Content-Type such as text/csv or application/octet-stream for other bytes",
    );
  });

  test.each(["/v1/topics/texts/records", "/log/guest"])(
    "that is empty is said to be empty: %s",
    async (path) => {
      const answer = await post(at(path), "");
      expectProblem(answer, "400 invalid", { field: "body" });
      expect(answer.json.detail).toContain("the body is empty");
    },
  );

  test("without its array of events names the array", async () => {
    expectProblem(await post(at("/api/event/bulk"), "{}"), "400 invalid", { field: "/events" });
  });

  test("another one under the same Idempotency-Key is answered as the first, and not stored", async () => {
    const key = { "idempotency-key": "one-key" };
    const path = at("/v1/topics/keyed/records");
    const first = await post(path, [{ n: 1 }], key);
    const second = await post(path, [{ n: 2 }, { n: 3 }], key);
    expect(second.json).toMatchObject({ accepted: 2, position: first.json.position });
    expect((await ask("GET", path)).json.events.map(({ data }: { data: unknown }) => data)).toEqual(
      [{ n: 1 }],
    );
  });
});

test("a reader of a topic that has no record yet gets a 404", async () => {
  for (const path of ["/v1/topics/later/records", "/v1/topics/later/sse"]) {
    expectProblem(await ask("GET", at(path)), "404 not_found");
  }
});

test("the error of an invalid WebSocket message has the message's ref", async () => {
  const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
  ws.say({ op: "publish", ref: 3, topic: "readings", data: {} });
  ws.say({ op: "publsh", ref: "four" });
  for (const ref of [3, "four"]) {
    expect(await ws.next()).toMatchObject({ op: "error", ref, problem: { status: 400 } });
  }
  ws.socket.close();
});
