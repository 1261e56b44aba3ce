import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { openGuard } from "../../../core/access/guard.ts";
import { Share } from "../../../core/budget/memory.ts";
import { Turns } from "../../../core/budget/turn.ts";
import { systemClock } from "../../../core/clock.ts";
import { defaultTopicSettings } from "../../../core/topic.ts";
import {
  SubscribeRequestSchema,
  SubscribeResponseSchema,
} from "../../../gen/sluice/v1/consumer_pb.ts";
import { Hub } from "../../../hub/hub.ts";
import { defaultHubOptions } from "../../../hub/options.ts";
import { TopicRules } from "../../../ingest/topic-rules.ts";
import { createMemoryLog } from "../../../log/memory/memory-log.ts";
import { defaultPageOptions, Pages } from "../../../log/pages.ts";
import { createRpcServer, type RpcServer } from "../../../rpc/server.ts";
import { consumerAccess } from "./consumer.ts";
import { createSubscribeStream } from "./subscribe-stream.ts";

const stallMs = 200;
const logger = () => {};
const log = createMemoryLog({ clock: systemClock });
const hub = new Hub({
  log,
  clock: systemClock,
  logger,
  options: { ...defaultHubOptions, stallMs },
  windows: new Share("windows", defaultHubOptions.windowBytes),
  turns: new Turns(),
});

const pages = new Pages({
  log,
  clock: systemClock,
  turns: new Turns(),
  options: defaultPageOptions,
});

let server: RpcServer;
let session: ClientHttp2Session;

beforeAll(async () => {
  await log.create("t", defaultTopicSettings);
  server = createRpcServer(new Map(), {
    guard: openGuard,
    access: consumerAccess,
    first: createSubscribeStream({ hub, log, pages, rules: new TopicRules(), logger }, stallMs),
  });
  session = connect(`http://127.0.0.1:${await server.listen("127.0.0.1", 0)}`);
});

afterAll(async () => {
  session.destroy();
  hub.close();
  await server.stop(0);
  await log.close();
});

function call(body: Uint8Array, headers: Record<string, string> = {}): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": "/sluice.v1.ConsumerService/Subscribe",
    "content-type": "application/grpc",
    ...headers,
  });
  stream.on("error", () => {});
  stream.end(body);
  return stream;
}

function framed(request: MessageInitShape<typeof SubscribeRequestSchema>): Uint8Array {
  const message = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, request));
  const frame = new Uint8Array(5 + message.byteLength);
  new DataView(frame.buffer).setUint32(1, message.byteLength);
  frame.set(message, 5);
  return frame;
}

function statusOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    let status = "none";
    const addStatus = (headers: Record<string, unknown>) => {
      const [code, message] = [headers["grpc-status"], headers["grpc-message"]];
      if (typeof code === "string") status = `${code} ${decodeURIComponent(String(message))}`;
    };
    stream.on("response", addStatus);
    stream.on("trailers", addStatus);
    stream.on("close", () => resolve(status));
    stream.resume();
  });
}

const earliest = { topic: "t", start: { case: "earliest", value: true } } as const;

async function append(bytes: number): Promise<void> {
  const value = new Uint8Array(bytes);
  const contentType = "application/octet-stream";
  await log.append("t", [{ value, key: "", contentType, schemaId: 0, timeNs: 0n }]);
}

test("a request that is not exactly one message is refused", async () => {
  const one = framed({ topic: "t" });
  const wrong = [
    new Uint8Array(0),
    one.subarray(0, 4),
    one.subarray(0, 6),
    new Uint8Array([...one, ...one]),
    new Uint8Array([1, ...one.subarray(1)]),
    new Uint8Array([0, 0, 0, 0, 2, 0xff, 0xff]),
  ];
  for (const body of wrong) expect(await statusOf(call(body))).toMatch(/^3 Cannot subscribe: /);
  expect(await statusOf(call(new Uint8Array(70_000)))).toMatch(/^8 Cannot subscribe: /);
  expect(await statusOf(call(framed({ topic: "nobody" })))).toMatch(
    /^5 Cannot find topic "nobody"/,
  );
});

test("what it leaves to the handlers gets there", async () => {
  for (const headers of [
    { "grpc-timeout": "1S" },
    { "grpc-encoding": "gzip" },
    { "content-type": "application/grpc+json" },
  ] as const) {
    expect(await statusOf(call(framed({ topic: "t" }), headers))).toStartWith("12 ");
  }
});

test("a message cut into bytes is read, and answered at once", async () => {
  const stream = session.request({
    ":method": "POST",
    ":path": "/sluice.v1.ConsumerService/Subscribe",
    "content-type": "application/grpc+proto",
  });
  const [first] = await Promise.all([
    new Promise<Buffer>((resolve) => stream.once("data", resolve)),
    (async () => {
      for (const byte of framed({ topic: "t" })) {
        stream.write(new Uint8Array([byte]));
        await Bun.sleep(1);
      }
      stream.end();
    })(),
  ]);
  const { position, records } = fromBinary(SubscribeResponseSchema, first.subarray(5));
  expect([position.length > 0, records]).toEqual([true, []]);
  stream.close(constants.NGHTTP2_CANCEL);
  while (hub.stats().subscriptions > 0) await Bun.sleep(5);
});

test("a peer that never reads is closed as slow, and then reset", async () => {
  for (let i = 0; i < 40; i++) await append(64 * 1024);
  const stream = call(framed(earliest));
  stream.pause();
  const start = performance.now();
  await new Promise((resolve) => stream.once("response", resolve));
  // The answer begins before the topic is read.
  while (hub.stats().subscriptions === 0) await Bun.sleep(1);
  while (hub.stats().subscriptions > 0) await Bun.sleep(20);
  expect(performance.now() - start).toBeGreaterThan(stallMs * 0.9);
  const closed = new Promise((resolve) => stream.on("close", () => resolve(stream.rstCode)));
  await Bun.sleep(2 * stallMs);
  stream.resume();
  expect(await closed).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
});
