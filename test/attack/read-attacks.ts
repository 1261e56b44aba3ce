/** Reads: large answers that nobody takes, scans for nothing, streams that are not read, and churn. */

import {
  type AttackClient,
  type Attacks,
  closed,
  filled,
  kilo,
  mega,
  raw,
  request,
  rest,
  tcp,
} from "./attack.ts";

/** Topics that `prepare` fills. */
export const largeTopic = "attacked-large";
export const tinyTopic = "attacked-tiny";

function get(path: (index: number) => string): AttackClient {
  return ({ url }, signal, index) => request(url + path(index), { signal });
}

/** Sends a request and takes nothing of the answer. */
function unread(path: string): AttackClient {
  return raw((host) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, { read: false });
}

/** A WebSocket that says the same thing over and over. */
function saying(
  path: string,
  message: () => string | Uint8Array<ArrayBuffer>,
  { read = true, restMs = 0, queueBytes = 4 * mega } = {},
): AttackClient {
  return async ({ url }, signal) => {
    if (!read) return await shouting(url, path, message(), signal);
    const socket = new WebSocket(url.replace("http", "ws") + path);
    const ended = new Promise<void>((resolve) => socket.addEventListener("close", () => resolve()));
    const isOpen = await Promise.race([
      new Promise<boolean>((resolve) => socket.addEventListener("open", () => resolve(true))),
      ended.then(() => false),
    ]);
    while (isOpen && !signal.aborted && socket.readyState === WebSocket.OPEN) {
      while (socket.bufferedAmount < queueBytes) {
        socket.send(message());
        if (restMs > 0) break;
      }
      await rest(restMs || 1, signal);
    }
    socket.close();
  };
}

/** The same over a plain socket, of which nothing is ever read. */
async function shouting(
  url: string,
  path: string,
  message: string | Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const address = new URL(url);
  const socket = await tcp(address, signal);
  if (socket === undefined) return;
  socket.pause();
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${address.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  const frame = clientFrame(Buffer.from(message));
  const ended = closed(socket, signal, 120_000);
  while (!signal.aborted && !socket.destroyed) {
    if (!socket.write(frame)) await rest(5, signal);
  }
  await ended;
}

/** A masked text frame, whose mask is zero. */
function clientFrame(payload: Buffer, opcode = 0x81): Buffer {
  const { byteLength } = payload;
  if (byteLength < 126) {
    return Buffer.concat([Buffer.from([opcode, 0x80 | byteLength, 0, 0, 0, 0]), payload]);
  }
  const head = Buffer.alloc(14);
  head[0] = opcode;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(byteLength), 2);
  return Buffer.concat([head, payload]);
}

const subscribeMany = () =>
  JSON.stringify({ op: "subscribe", ref: 1, topic: `t${Math.floor(Math.random() * 1000)}` });

export const readAttacks: Attacks = {
  "pages: a thousand large records, never read": unread(
    `/v1/topics/${largeTopic}/records?limit=1000&after=earliest`,
  ),
  "pages: a thousand large records": get(
    () => `/v1/topics/${largeTopic}/records?limit=1000&after=earliest`,
  ),
  "pages: a key that does not exist": get(
    (i) => `/v1/topics/${tinyTopic}/records?key=absent-${i}&after=earliest`,
  ),
  "pages: the newest of a key that does not exist": get(
    (i) => `/v1/topics/${tinyTopic}/records?key=absent-${i}`,
  ),
  "pages: all topics": get(() => "/v1/topics"),
  "pages: lifecycles": get(() => "/v1/messages?state=open&limit=1000"),
  "pages: addresses of 30 KB": get(
    () => `/v1/topics/${tinyTopic}/records?key=${"k".repeat(30 * kilo)}`,
  ),
  "series: the most samples": get(() => "/v1/series/absent?start=-1h&points=100000&agg=lttb"),
  "series: an export that is never read": unread("/v1/series/attacked/export?format=ndjson"),
  "sse: a replay that is never read": unread(`/v1/topics/${largeTopic}/sse?after=earliest`),
  "sse: a replay of a key that does not exist": get(
    (i) => `/v1/topics/${tinyTopic}/sse?key=absent-${i}&tail=1000`,
  ),
  "sse: open and close": raw(
    (host) => `GET /v1/topics/${tinyTopic}/sse?after=earliest HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    { holdMs: 5 },
  ),
  "heads: half of one": raw((host) => `GET /livez HTTP/1.1\r\nHost: ${host}\r\nX-A: `),
  "heads: 30 KB each": ({ url }, signal) =>
    request(`${url}/livez`, { headers: { "x-large": "x".repeat(30 * kilo) }, signal }),
  "heads: garbage": raw(() => Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7) % 256)), {
    holdMs: 500,
  }),
  "heads: a thousand requests in one write": raw(
    (host) => `GET /livez HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(1000),
    { holdMs: 500 },
  ),
  "heads: two hosts": raw(
    (host) => `GET /livez HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`,
    { holdMs: 100 },
  ),
  "connections: open and say nothing": raw(() => ""),
  "ws: empty objects": saying("/v1/ws", () => "{}"),
  "ws: empty objects, answers not read": saying("/v1/ws", () => "{}", { read: false }),
  "ws: messages that are not JSON": saying("/v1/ws", () => "x".repeat(100)),
  "ws: nested messages of 1 MB": saying("/v1/ws", () => "[".repeat(mega), { queueBytes: 1 }),
  "ws: subscriptions to a thousand topics": saying("/v1/ws", subscribeMany, { restMs: 1 }),
  "ws: publishes, answers not read": saying(
    "/v1/ws",
    () => JSON.stringify({ op: "publish", ref: 1, topic: "attacked", events: [1] }),
    { read: false },
  ),
  "ws: an event of 3 MB": saying(
    "/v1/ws",
    () =>
      JSON.stringify({ op: "publish", ref: 1, topic: "attacked", events: ["x".repeat(3 * mega)] }),
    { queueBytes: 1 },
  ),
  "ws: echo of 3 MB that is not read": saying("/echo", () => "x".repeat(3 * mega), { read: false }),
  "ws: open and close": async ({ url }) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/ws`);
    await new Promise<void>((resolve) => {
      socket.addEventListener("open", () => socket.close());
      socket.addEventListener("close", () => resolve());
    });
  },
  "ws: fragments that never end": async ({ url }, signal) => {
    const address = new URL(url);
    const socket = await tcp(address, signal);
    if (socket === undefined) return;
    socket.resume();
    socket.write(
      `GET /v1/ws HTTP/1.1\r\nHost: ${address.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    const ended = closed(socket, signal, 120_000);
    const piece = clientFrame(filled("x", 64 * kilo)(), 0x00);
    socket.write(clientFrame(Buffer.from("x"), 0x01));
    while (!signal.aborted && !socket.destroyed) {
      if (!socket.write(piece)) await rest(5, signal);
    }
    await ended;
  },
};
