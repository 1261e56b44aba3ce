/**
 * Malformed requests, written byte by byte. The gateway refuses each or closes its connection, never
 * reads the bytes after it as another request, and keeps serving.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask, exchange, post, statuses } from "../../support/http.ts";
import { expectProblem } from "../../support/problems.ts";
import { pause, until, within } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";

let gateway: GatewayProcess;
let url = "";
/** An emitter that only these tests write to. */
let id = "";
const topic = "bad-wire";
const mega = 1024 * 1024;

beforeAll(async () => {
  gateway = await startGateway();
  url = gateway.url;
  id = (await ask("PUT", `${url}/log`, { body: `{"source":"external"}` })).json.id;
}, 60_000);

afterEach(async () => {
  expect((await post(`${url}/log/${id}`, { alive: true })).status).toBe(200);
});

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  expect(gateway.errors()).toEqual([]);
});

describe("methods", () => {
  for (const [method, path, allowed] of [
    ["POST", "/log", ["GET", "PUT"]],
    ["DELETE", "/log", ["GET", "PUT"]],
    ["PATCH", "/log/x", ["GET", "PUT", "POST", "DELETE"]],
    ["POST", "/magic", ["GET"]],
    ["PUT", "/sse/log/x", ["GET"]],
    ["DELETE", "/v1/topics/t/records", ["GET", "POST"]],
    ["POST", "/status", ["GET"]],
  ] as const) {
    test(`${method} ${path}`, async () => {
      const { text } = await exchange(url, [
        `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      ]);
      const [head = "", body = ""] = text.split("\r\n\r\n");
      expect(statuses(text)).toEqual([405]);
      expect(JSON.parse(body)).toMatchObject({
        code: "method_not_allowed",
        detail: expect.stringContaining(allowed[0]),
      });
      const allow = /^allow: (.*)$/im.exec(head)?.[1]?.split(", ") ?? [];
      expect(allow).toEqual(expect.arrayContaining([...allowed]));
    });
  }

  test("TRACE, CONNECT and unknown methods are refused, or the connection is closed", async () => {
    for (const method of ["TRACE", "CONNECT", "BREW", "get"]) {
      const { text } = await exchange(url, [
        `${method} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      ]);
      expect(statuses(text).filter((status) => status < 400 || status >= 500)).toEqual([]);
    }
  });

  test("HEAD has the answer of GET, without its body", async () => {
    const { text } = await exchange(url, [
      "HEAD /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    ]);
    expect(statuses(text)).toEqual([200]);
    expect(text.split("\r\n\r\n")[1]).toBe("");
  });

  test("HEAD of a stream ends", async () => {
    for (const path of ["/magic", `/sse/log/${id}`]) {
      const { text } = await exchange(url, [`HEAD ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`], {
        quietMs: 300,
        firstMs: 5000,
      });
      expect([path, statuses(text)]).toEqual([path, [200]]);
      expect(text.split("\r\n\r\n")[1]).toBe("");
    }
    await until(
      "nobody to be subscribed",
      3000,
      async () => (await ask("GET", `${url}/status`)).json.hub.subscriptions === 0,
    );
  });
});

describe("heads", () => {
  const send = async (request: string) => {
    const { text, closed } = await exchange(url, [request]);
    return { statuses: statuses(text), text, closed };
  };

  test("a header of 40 KB is refused with a problem", async () => {
    const answer = await ask("GET", `${url}/livez`, {
      headers: { "x-large": "x".repeat(40_000) },
    });
    expectProblem(answer, "431 headers_too_large", { detail: /32768/ });
  });

  test("a header of 1 MB", async () => {
    const answer = await ask("GET", `${url}/livez`, {
      headers: { "x-large": "x".repeat(mega) },
    });
    expectProblem(answer, "431 headers_too_large", { detail: /32768/ });
  });

  test("an address of 1 MB", async () => {
    const answer = await ask("GET", `${url}/log/${"x".repeat(mega)}`);
    expectProblem(answer, "431 headers_too_large");
  });

  test("a header of 4 MB is cut off", async () => {
    const { statuses, closed } = await send(
      `GET /livez HTTP/1.1\r\nhost: localhost\r\nx-large: ${"x".repeat(4 * mega)}\r\n\r\n`,
    );
    expect([statuses.every((status) => status === 431), closed]).toEqual([true, true]);
  });

  test("thousands of headers", async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `x-${i}: y\r\n`).join("");
    const { statuses } = await send(
      `GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${many}\r\n`,
    );
    expect(statuses.length).toBe(1);
    expect(statuses[0]).toBeWithin(400, 432);
  });

  const malformed: readonly (readonly [name: string, request: string])[] = [
    ["no HTTP at all", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n"],
    ["a request line of one word", "GET\r\n\r\n"],
    ["a header without a colon", "GET /livez HTTP/1.1\r\nhost: localhost\r\nbroken\r\n\r\n"],
    ["a space before the colon", "GET /livez HTTP/1.1\r\nhost : x\r\n\r\n"],
    ["NUL in a header", "GET /livez HTTP/1.1\r\nhost: localhost\r\nx: a\u0000b\r\n\r\n"],
    ["a negative length", "POST /log HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n"],
    [
      "a length that is no number",
      "POST /log HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1x\r\n\r\n",
    ],
    [
      "a chunk size that is no number",
      "POST /log HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n",
    ],
  ];
  for (const [name, request] of malformed) {
    test(`${name}: 4xx or closed, and nothing else`, async () => {
      const { statuses, closed } = await send(request);
      expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
      expect(statuses.length === 1 || closed).toBe(true);
    });
  }

  // Each is followed by a second request, which the gateway must never answer.
  const hidden = "GET /hidden HTTP/1.1\r\nhost: localhost\r\n\r\n";
  const smuggled: readonly (readonly [name: string, head: string])[] = [
    ["a length and chunks", `content-length: ${hidden.length + 5}\r\ntransfer-encoding: chunked`],
    ["chunks and a length", `transfer-encoding: chunked\r\ncontent-length: 5`],
    ["two lengths", `content-length: 5\r\ncontent-length: ${hidden.length + 5}`],
    ["a list of lengths", `content-length: 5, ${hidden.length + 5}`],
    ["chunks that are not the last coding", `transfer-encoding: chunked, identity`],
    ["chunks spelled otherwise", `transfer-encoding: xchunked\r\ncontent-length: 5`],
    ["chunks behind a space", `transfer-encoding : chunked\r\ncontent-length: 5`],
    ["chunks behind a line fold", `content-length: 5\r\nx: y\r\n transfer-encoding: chunked`],
  ];
  for (const [name, head] of smuggled) {
    test(`smuggling by ${name} is refused, and the request behind it is never answered`, async () => {
      const { statuses, text } = await send(
        `POST /log/${id} HTTP/1.1\r\nhost: localhost\r\n${head}\r\n\r\n0\r\n\r\n${hidden}`,
      );
      expect(statuses.length).toBeLessThanOrEqual(1);
      expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
      expect(text).not.toContain("hidden");
    });
  }

  test("a header that never ends does not delay other clients", async () => {
    const drip = Array.from({ length: 20 }, (_, i) => `x-${i}: y\r\n`);
    const slow = Array.from({ length: 20 }, () =>
      exchange(url, ["GET /livez HTTP/1.1\r\nhost: localhost\r\n", ...drip], {
        gapMs: 100,
        quietMs: 100,
      }),
    );
    for (let i = 0; i < 20; i++) {
      const started = performance.now();
      expect((await ask("GET", `${url}/livez`)).status).toBe(200);
      expect(performance.now() - started).toBeLessThan(1000);
      await pause(50);
    }
    for (const { text } of await Promise.all(slow)) expect(text).toBe("");
  });

  test("a body that never ends does not delay other clients", async () => {
    const head = `POST /log/${id} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n[1`;
    const slow = Array.from({ length: 20 }, () => exchange(url, [head], { quietMs: 800 }));
    expect((await post(`${url}/log/${id}`, { n: 1 })).status).toBe(200);
    for (const { text } of await Promise.all(slow)) expect(text).toBe("");
  });

  test("HTTP/9.9 is a version that is not supported", async () => {
    expect((await send("GET /livez HTTP/9.9\r\nhost: localhost\r\n\r\n")).statuses).toEqual([505]);
  });

  test("100 requests in one write are answered in order, or the connection is closed", async () => {
    const requests = Array.from(
      { length: 100 },
      (_, i) =>
        `GET /log/${i % 2 === 0 ? id : "never-made"}?limit=1 HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    );
    const answers = (await send(requests.join(""))).statuses;
    expect(answers).toEqual(answers.map((_, i) => (i % 2 === 0 ? 200 : 404)));
  });
});

describe("WebSockets", () => {
  for (const path of ["/v1/ws", "/echo"]) {
    test(`GET ${path} without a handshake`, async () => {
      expectProblem(await ask("GET", `${url}${path}`), "400 invalid", { detail: /WebSocket/ });
    });
  }

  for (const path of ["/livez", "/magic", "/log", "/nowhere"]) {
    test(`a handshake at ${path} is refused`, async () => {
      const socket = new WebSocket(`${gateway.wsUrl}${path}`);
      const opened = await within(
        "the end of a handshake",
        5000,
        new Promise((resolve) => {
          socket.addEventListener("open", () => resolve(true));
          socket.addEventListener("close", () => resolve(false));
          socket.addEventListener("error", () => resolve(false));
        }),
      );
      expect(opened).toBe(false);
    });
  }

  test("a handshake without its key is refused", async () => {
    const { text } = await exchange(url, [
      "GET /v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n",
    ]);
    expect(statuses(text)).toEqual([400]);
  });

  test("a message of 5 MB closes only its own socket", async () => {
    const [bad, good] = await Promise.all([
      openWs(`${gateway.wsUrl}/v1/ws`),
      openWs(`${gateway.wsUrl}/v1/ws`),
    ]);
    bad.say("x".repeat(5 * mega));
    const { code } = await within("the socket to be closed", 5000, bad.closed);
    expect([1006, 1009]).toContain(code);
    good.say({ op: "ping" });
    expect(await good.next()).toEqual({ op: "pong" });
    good.cut();
  });

  test("malformed and oversized messages", async () => {
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    for (const message of [
      "",
      "null",
      "1",
      `"ping"`,
      `{"op":"ping"`,
      `{"op":{"op":"ping"}}`,
      "[".repeat(100_000),
      `{"op":"subscribe","emitter":"${id}","after":"${"9".repeat(100_000)}"}`,
      `{"op":"subscribe","topic":"${"x".repeat(100_000)}"}`,
      `{"op":"subscribe","topic":"a\\r\\nb"}`,
      `{"op":"publish","topic":"${topic}","key":"${"k".repeat(2000)}","events":[1]}`,
      `{"op":"publish","topic":"${topic}","dedup_id":"${"k".repeat(2000)}","events":[1]}`,
      `{"op":"ping","ref":"${"r".repeat(2000)}"}`,
      `{"op":"ping","__proto__":{"ref":1}}`,
    ]) {
      ws.say(message);
      const answer = await ws.next();
      const problem = answer.problem ?? answer.refused?.[0];
      expect([message.slice(0, 60), problem === undefined ? answer : problem.code]).toEqual([
        message.slice(0, 60),
        expect.stringMatching(/^(invalid|invalid_position|too_large)$/),
      ]);
      expect(JSON.stringify(answer).length).toBeLessThan(3000);
    }
    ws.say({ op: "ping" });
    expect(await ws.next()).toEqual({ op: "pong" });
    ws.cut();
  });

  test("1,000 requests at once: those past the bound are refused as overloaded", async () => {
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    for (let ref = 0; ref < 1000; ref++) ws.say({ op: "publish", emitter: id, events: [ref], ref });
    const codes: Record<string, number> = {};
    for (let i = 0; i < 1000; i++) {
      const { op, problem } = await ws.next(10_000);
      const outcome = op === "error" ? problem.code : op;
      codes[outcome] = (codes[outcome] ?? 0) + 1;
    }
    expect(
      Object.keys(codes).filter((code) => code !== "accepted" && code !== "overloaded"),
    ).toEqual([]);
    expect(codes["accepted"]).toBeGreaterThanOrEqual(256);
    ws.cut();
  });

  test("binary, unmasked and reserved frames", async () => {
    const handshake =
      "GET /v1/ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for (const frame of [
      [0x81, 0x02, 0x7b, 0x7d],
      [0xf1, 0x80, 0, 0, 0, 0],
      [0x83, 0x80, 0, 0, 0, 0],
      [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
      [0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0],
      [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe],
    ]) {
      const { text, closed } = await exchange(url, [handshake, Uint8Array.from(frame)], {
        gapMs: 50,
        quietMs: 500,
        firstMs: 5000,
      });
      expect(statuses(text)).toEqual([101]);
      // Either the socket has closed, or the gateway waits for the rest of a frame.
      expect(closed || text.length < 1000).toBe(true);
    }
  });
});
