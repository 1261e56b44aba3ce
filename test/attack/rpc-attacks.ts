/** The gRPC port: unfinished messages, tiny ones, bombs, resets, silence and broken frames. */

import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { gzipSync } from "node:zlib";
import { framed, requestBytes } from "../e2e/rpc/grpc.ts";
import { h2Frame, h2Greeting } from "../support/http2-frame.ts";
import {
  type AttackClient,
  type Attacks,
  filled,
  kilo,
  mega,
  once,
  raw,
  rest,
  withSession,
} from "./attack.ts";
import { largeTopic } from "./read-attacks.ts";

const collect = "/sluice.v1.CollectorService/Collect";
const publish = "/sluice.v1.CollectorService/Publish";

function open(
  session: ClientHttp2Session,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  stream.resume();
  return stream;
}

/** Messages on one call, as fast as the node takes them. */
function flooding(
  message: () => Buffer,
  path = collect,
  headers: Readonly<Record<string, string>> = {},
): AttackClient {
  return (target, signal) =>
    withSession(target, async (session) => {
      const stream = open(session, path, headers);
      const ended = new Promise<void>((resolve) => void stream.once("close", () => resolve()));
      while (!signal.aborted && !stream.destroyed && !session.destroyed) {
        if (stream.write(message())) continue;
        const drained = new Promise<void>((resolve) => void stream.once("drain", () => resolve()));
        await Promise.race([drained, ended, rest(1000, signal)]);
      }
    });
}

const records = (topic: string, count: number, value = "") =>
  once(() =>
    framed(
      requestBytes({
        topic,
        records: Array.from({ length: count }, () => ({ value: Buffer.from(value) })),
      }),
    ),
  );
const bomb = once(() => framed(gzipSync(Buffer.alloc(8 * mega, "\x0a\x00"), { level: 9 }), 1));

export const rpcAttacks: Attacks = {
  "grpc: a hundred messages of 8 MB without the last byte": (target, signal) =>
    withSession(target, async (session) => {
      const message = framed(filled("x", 8 * mega)()).subarray(0, -1);
      for (let i = 0; i < 100; i++) open(session, collect).write(message);
      await rest(30_000, signal);
    }),
  "grpc: messages of 9,000 empty records": flooding(records("attacked-empty", 9000)),
  "grpc: messages of 9,000 records for the measurements": flooding(
    records("measurements", 9000, "x"),
  ),
  "grpc: messages of 9,000 records for lifecycles": flooding(records("lifecycle", 9000, "x")),
  "grpc: empty messages": flooding(
    once(() =>
      Buffer.concat([records("attacked-empty", 1)(), Buffer.alloc(64 * kilo - ((64 * kilo) % 5))]),
    ),
  ),
  "grpc: bombs": flooding(bomb, collect, { "grpc-encoding": "gzip" }),
  "grpc: a length of 4 GB": flooding(once(() => Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]))),
  "grpc: events that are none": flooding(
    once(() => framed(Buffer.alloc(4096, 0xff))),
    "/MarsWeb.GrpcService.MarsGrpc/collectEvent",
  ),
  "grpc: calls that are reset at once": (target, signal) =>
    withSession(target, async (session) => {
      for (let i = 0; i < 1000 && !signal.aborted && !session.destroyed; i++) {
        const stream = open(session, publish);
        stream.write(records("attacked-empty", 1)());
        stream.close(8);
        if (i % 50 === 0) await rest(1, signal);
      }
    }),
  "grpc: calls that wait": (target, signal) =>
    withSession(target, async (session) => {
      for (let i = 0; i < 900; i++) open(session, collect);
      await rest(30_000, signal);
    }),
  "grpc: a subscription that is not read": (target, signal) =>
    withSession(target, async (session) => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/sluice.v1.ConsumerService/Subscribe",
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("error", () => {});
      stream.pause();
      // topic = 1, earliest = 3
      const topic = Buffer.from(largeTopic);
      stream.end(
        framed(
          Buffer.concat([Buffer.from([0x0a, topic.byteLength]), topic, Buffer.from([0x18, 1])]),
        ),
      );
      await rest(30_000, signal);
    }),
  "grpc: metadata of 60 KB": (target, signal) =>
    withSession(target, async (session) => {
      for (let i = 0; i < 20 && !session.destroyed; i++) {
        open(session, publish, { "x-large": "x".repeat(60 * kilo) }).end();
        await rest(10, signal);
      }
    }),
  "grpc: connections without a word": raw(() => "", { port: "grpc" }),
  "grpc: half a preface": raw(() => "PRI * HTTP/2.0\r\n", { port: "grpc" }),
  "grpc: half a frame": raw(
    () => Buffer.concat([h2Greeting, h2Frame(0, 0, 1, Buffer.alloc(100)).subarray(0, 50)]),
    { port: "grpc" },
  ),
  "grpc: pings": raw(
    () =>
      Buffer.concat([
        h2Greeting,
        ...Array.from({ length: 10_000 }, () => h2Frame(6, 0, 0, Buffer.alloc(8))),
      ]),
    { port: "grpc", holdMs: 500 },
  ),
  "grpc: settings": raw(
    () => Buffer.concat([h2Greeting, ...Array.from({ length: 10_000 }, () => h2Frame(4, 0, 0))]),
    { port: "grpc", holdMs: 500 },
  ),
  "grpc: headers that never end": raw(
    () =>
      Buffer.concat([
        h2Greeting,
        h2Frame(1, 0, 1, Buffer.alloc(10, 0x40)),
        ...Array.from({ length: 2000 }, () => h2Frame(9, 0, 1, Buffer.alloc(1000, 0x40))),
      ]),
    { port: "grpc", holdMs: 500 },
  ),
  "grpc: HTTP/1.1": raw((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(100), {
    port: "grpc",
    holdMs: 500,
  }),
};
