/** What clients of the gRPC port may take of a node: memory, connections and time. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ClientHttp2Session } from "node:http2";
import { connect as connectTcp } from "node:net";
import { gzipSync } from "node:zlib";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { h2Frame, h2Greeting } from "../../support/http2-frame.ts";
import { socketsOf } from "../../support/process-sockets.ts";
import { pause, until, within } from "../../support/until.ts";
import { answersIn, framed, openCall, openSession, requestBytes } from "./grpc.ts";

const mega = 1024 * 1024;
const memoryBytes = 512 * mega;
const receivingMax = memoryBytes / 8;
const resourceExhausted = "8";
const deadlineExceeded = "4";

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway({
    env: {
      SLUICE_MEMORY_BYTES: String(memoryBytes),
      SLUICE_GRPC_IDLE_MS: "1000",
      SLUICE_GRPC_CONNECTIONS_MAX: "200",
    },
  });
}, 60_000);

afterAll(async () => {
  expect(gateway.errors()).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});

async function status() {
  return (await ask("GET", `${gateway.url}/status`)).json;
}

test("messages that are never finished are counted, refused past their share, and forgotten", async () => {
  const sessions = [0, 1, 2].map(() => openSession(gateway.grpcUrl));
  const message = framed(Buffer.alloc(4 * mega));
  const calls = sessions.flatMap((session) =>
    Array.from({ length: 10 }, () => openCall(session, "Collect")),
  );
  for (const { stream } of calls) stream.write(message.subarray(0, -1));
  const refused = await within(
    "refusals",
    20_000,
    Promise.race(calls.map(async ({ reply }) => await reply)),
  );
  expect(refused.code).toBe(resourceExhausted);
  expect(refused.message).toContain("SLUICE_MEMORY_BYTES");
  const { memory } = await status();
  expect(memory.receiving.bytes_max).toBe(receivingMax);
  expect(memory.receiving.bytes).toBeGreaterThan(receivingMax / 2);
  expect(memory.receiving.bytes).toBeLessThanOrEqual(receivingMax);
  for (const session of sessions) session.destroy();
  await until("the memory to be released", 10_000, async () => {
    return (await status()).memory.receiving.bytes === 0;
  });
}, 40_000);

test("a message of too many records is refused, and nothing of it is stored", async () => {
  const session = openSession(gateway.grpcUrl);
  const many = Array.from({ length: 10_001 }, () => ({}));
  const { stream, reply } = openCall(session, "Publish");
  stream.end(framed(requestBytes({ topic: "many", records: many })));
  expect(await within("an answer", 10_000, reply)).toMatchObject({
    code: resourceExhausted,
    message:
      "Cannot take a message of more than 10000 records: send them in several (SLUICE_BATCH_RECORDS_MAX)",
  });
  const json = await ask("POST", `${gateway.url}/sluice.v1.CollectorService/Publish`, {
    body: JSON.stringify({ topic: "many", records: many }),
    headers: { "content-type": "application/json" },
  });
  expect([json.status, json.json.code]).toEqual([429, "resource_exhausted"]);
  expect((await ask("GET", `${gateway.url}/v1/topics/many`)).status).toBe(404);
  session.destroy();
});

describe("a message of millions of empty fields", () => {
  const publish = "/sluice.v1.CollectorService/Publish";
  const topic = Buffer.from("\x12\x04many");
  const wire = Buffer.concat([topic, Buffer.alloc(7 * mega, "\x0a\x00")]);
  const json = Buffer.from(`{"topic":"many","records":[${"{},".repeat(2 * mega)}{}]}`);
  const zipped = framed(gzipSync(wire), 1);
  const cases: readonly (readonly [string, string, Buffer, Readonly<Record<string, string>>])[] = [
    ["Connect, compressed", publish, gzipSync(wire), coded("proto", "content-encoding")],
    ["Connect in JSON", publish, json, coded("json")],
    ["Connect in JSON, compressed", publish, gzipSync(json), coded("json", "content-encoding")],
    ["gRPC-Web", publish, framed(wire), coded("grpc-web+proto")],
    ["gRPC-Web, compressed", publish, zipped, coded("grpc-web+proto", "grpc-encoding")],
    [
      "a stream of Connect",
      "/sluice.v1.CollectorService/Collect",
      zipped,
      coded("connect+proto", "connect-content-encoding"),
    ],
    [
      "a method that reads",
      "/grpc.health.v1.Health/Check",
      gzipSync(wire),
      coded("proto", "content-encoding"),
    ],
  ];

  test.each(cases)("is refused before it is decoded: %s", async (_what, path, body, headers) => {
    let isAnswered = false;
    const waitedMs: number[] = [];
    const witness = (async () => {
      while (!isAnswered) {
        const startedMs = performance.now();
        await ask("GET", `${gateway.url}/livez`);
        waitedMs.push(performance.now() - startedMs);
      }
    })();
    const answer = await ask("POST", `${gateway.url}${path}`, {
      body: new Uint8Array(body),
      headers,
    });
    isAnswered = true;
    await witness;
    expect(decodeURIComponent(answer.text)).toContain(
      "Cannot take a message of more than 100000 fields: send its records in several (SLUICE_BATCH_RECORDS_MAX)",
    );
    expect(Math.max(...waitedMs)).toBeLessThan(500);
    expect((await ask("GET", `${gateway.url}/v1/topics/many`)).status).toBe(404);
  });

  test("may have as many as ten thousand records with all that they can have", async () => {
    const record = {
      key: "aw==",
      value: "MQ==",
      contentType: "text/plain",
      headers: { a: "MQ==" },
    };
    const body = JSON.stringify({
      topic: "full",
      records: Array.from({ length: 10_000 }, () => record),
    });
    const answer = await ask("POST", `${gateway.url}${publish}`, { body, headers: coded("json") });
    expect([answer.status, answer.json.accepted]).toEqual([200, "10000"]);
  });
});

test("a message that is not one is the caller's fault", async () => {
  const answer = await ask("POST", `${gateway.url}/sluice.v1.CollectorService/Publish`, {
    body: gzipSync("\x0a\x04\x6c\x6c\x6c\x6c"),
    headers: coded("proto", "content-encoding"),
  });
  expect([answer.status, answer.json.code, answer.json.message]).toEqual([
    400,
    "invalid_argument",
    "Cannot decode the message: wire type 4 is unknown",
  ]);
});

test("unfinished messages of every protocol are counted and forgotten", async () => {
  const length = 4 * mega;
  for (const type of ["json", "proto", "connect+json", "grpc-web+proto"]) {
    const head = `POST /sluice.v1.CollectorService/${type.includes("connect") ? "Collect" : "Publish"} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/${type}\r\nContent-Length: ${length}\r\n\r\n`;
    const socket = connectTcp(Number(new URL(gateway.url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(head);
    socket.write(framed(Buffer.alloc(length)).subarray(0, length - 1));
    await until(`${type} to be counted`, 10_000, async () => {
      return (await status()).memory.receiving.bytes === length - 1;
    });
    socket.destroy();
    await until(`${type} to be forgotten`, 10_000, async () => {
      return (await status()).memory.receiving.bytes === 0;
    });
  }
});

function coded(codec: string, compression?: string): Readonly<Record<string, string>> {
  const type = { "content-type": `application/${codec}` };
  return compression === undefined ? type : { ...type, [compression]: "gzip" };
}

test("a message that comes too slowly is given up, one that only waits for the next is not", async () => {
  const session = openSession(gateway.grpcUrl);
  const whole = framed(requestBytes({ topic: "slow", records: [{ value: Buffer.from("1") }] }));
  const slow = openCall(session, "Collect");
  const idle = openCall(session, "Collect");
  idle.stream.write(whole);
  slow.stream.write(whole);
  slow.stream.write(whole.subarray(0, 8));
  const { code, message } = await within("the end of the slow call", 20_000, slow.reply);
  expect([code, message]).toEqual([
    deadlineExceeded,
    "Cannot read a message: it comes too slowly, expected 1024 bytes a second (SLUICE_BODY_RATE_MIN)",
  ]);
  idle.stream.end(whole);
  const answer = await within("the other call's answer", 10_000, idle.reply);
  expect(Number(answersIn(answer.body)[0]?.accepted)).toBe(2);
  session.destroy();
}, 40_000);

test("a message that began fast may not pause for longer than one that began slowly", async () => {
  const session = openSession(gateway.grpcUrl);
  const { stream, reply } = openCall(session, "Collect");
  stream.write(framed(Buffer.alloc(4 * mega)).subarray(0, -1));
  expect((await within("the end of the call", 30_000, reply)).code).toBe(deadlineExceeded);
  session.destroy();
}, 40_000);

test("the bound of a call's metadata is advertised", async () => {
  const session = openSession(gateway.grpcUrl);
  const settings = await within(
    "the settings",
    5000,
    new Promise<{ maxHeaderListSize?: number | undefined }>(
      (resolve) => void session.once("remoteSettings", resolve),
    ),
  );
  expect(settings.maxHeaderListSize).toBe(64 * 1024);
  session.destroy();
});

test("connections that say nothing, half a preface or have no call are closed", async () => {
  const port = Number(new URL(gateway.grpcUrl).port);
  const closed = ["", "PRI * HTTP/2.0\r\n"].map(
    (text) =>
      new Promise<void>((resolve) => {
        const socket = connectTcp(port, "127.0.0.1", () => void socket.write(text));
        socket.on("error", () => {});
        socket.on("close", () => resolve());
      }),
  );
  const session = openSession(gateway.grpcUrl);
  const ended = new Promise<void>((resolve) => void session.on("close", () => resolve()));
  await within("all three to be closed", 20_000, Promise.all([...closed, ended]));
  await until("no connection to be open", 5000, async () => (await status()).rpc.connections === 0);
}, 40_000);

describe("a connection that the node ends leaves no socket, although its client keeps its own side open", () => {
  const enhanceYourCalm = Buffer.from([0, 0, 0, 11]);
  /** The head of a POST to /, from HPACK's static table; then the call is reset. */
  const resetCalls = Array.from({ length: 3000 }, (_, n) => {
    const stream = n * 2 + 1;
    const head = h2Frame(1, 4, stream, Buffer.from([0x83, 0x86, 0x84]));
    return Buffer.concat([head, h2Frame(3, 0, stream, Buffer.from([0, 0, 0, 8]))]);
  });

  test.each([
    { what: "that is idle", sent: [h2Greeting], told: Buffer.from([0, 0, 0, 0]) },
    {
      what: "whose calls are reset at once",
      sent: [h2Greeting, ...resetCalls],
      told: enhanceYourCalm,
    },
  ])(
    "one $what",
    async ({ sent, told }) => {
      const port = Number(new URL(gateway.grpcUrl).port);
      const socket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
      const received: Buffer[] = [];
      const ended = new Promise<void>((resolve) => {
        socket.on("data", (bytes) => received.push(bytes));
        socket.on("end", resolve);
        // What the node did not read any more resets the connection.
        socket.on("error", () => resolve());
      });
      for (const bytes of sent) socket.write(bytes);
      await within("the connection to be ended", 10_000, ended);
      expect(Buffer.concat(received).includes(told)).toBe(true);
      await until("the socket to be closed", 5000, () => {
        return !socketsOf(gateway.pid).some(({ peerPort }) => peerPort === socket.localPort);
      });
      expect((await status()).rpc.connections).toBe(0);
      socket.destroy();
    },
    30_000,
  );
});

test("one connection more than may be open is closed at once, and counted", async () => {
  const sessions: ClientHttp2Session[] = [];
  let ended = 0;
  for (let i = 0; i < 210; i++) {
    const session = openSession(gateway.grpcUrl);
    session.on("close", () => ended++);
    // A running call keeps its connection.
    openCall(session, "Collect").stream.write(framed(requestBytes({ topic: "open" })));
    sessions.push(session);
  }
  await until("ten to be closed", 10_000, () => ended === 10);
  expect((await status()).rpc).toEqual({ connections: 200, connections_refused: 10 });
  for (const session of sessions) session.destroy();
  await until("all to be closed", 10_000, async () => (await status()).rpc.connections === 0);
}, 30_000);

test("twenty connections full of empty records keep nobody waiting", async () => {
  const sessions = Array.from({ length: 20 }, () => openSession(gateway.grpcUrl));
  const message = framed(
    requestBytes({ topic: "empty", records: Array.from({ length: 9000 }, () => ({})) }),
  );
  let isOver = false;
  const floods = sessions.map(async (session) => {
    const { stream, reply } = openCall(session, "Collect");
    while (!isOver) {
      if (!stream.write(message)) {
        await Promise.race([new Promise((resolve) => void stream.once("drain", resolve)), reply]);
      }
    }
    stream.end();
    return await reply;
  });
  const waitedMs: number[] = [];
  for (let i = 0; i < 100; i++) {
    const startedMs = performance.now();
    await ask("GET", `${gateway.url}/livez`);
    waitedMs.push(performance.now() - startedMs);
    await pause(20);
  }
  isOver = true;
  const replies = await within("all answers", 30_000, Promise.all(floods));
  expect(replies.map(({ code }) => code)).toEqual(replies.map(() => "0"));
  const accepted = replies.map(({ body }) => Number(answersIn(body)[0]?.accepted));
  expect(accepted.every((count) => count > 0 && count % 9000 === 0)).toBe(true);
  expect(Math.max(...waitedMs)).toBeLessThan(500);
  for (const session of sessions) session.destroy();
}, 60_000);
