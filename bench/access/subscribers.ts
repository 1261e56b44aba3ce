/** Subscriptions over gRPC on a few connections, which count the records that they get. */

import { type ClientHttp2Session, connect } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Failure } from "../../src/core/failure.ts";
import { CollectorService } from "../../src/gen/sluice/v1/collector_pb.ts";
import {
  SubscribeRequestSchema,
  SubscribeResponseSchema,
} from "../../src/gen/sluice/v1/consumer_pb.ts";
import type { CollectServer } from "../collect/servers.ts";
import { type Usage, usageOf, usageSince } from "../usage.ts";

export interface FanoutLoad {
  readonly subscribers: number;
  readonly events: number;
}

export interface FanoutMeasured extends Usage {
  readonly seconds: number;
  readonly delivered: number;
}

const streamsPerConnection = 100;
const headBytes = 5;
const eventBytes = 200;
const deliveredWithinMs = 120_000;

/** From the first record to the last delivery; the subscriptions are open before. */
export async function measureFanout(
  { grpc, pid, topic, key }: CollectServer,
  { subscribers, events }: FanoutLoad,
): Promise<FanoutMeasured> {
  const baseUrl = `http://${grpc.host}:${grpc.port}`;
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  const collector = createClient(CollectorService, createGrpcTransport({ baseUrl }));
  const records = [{ value: new Uint8Array(eventBytes) }];
  // Creates the topic.
  await collector.publish({ topic, records }, { headers });
  const sessions = Array.from({ length: Math.ceil(subscribers / streamsPerConnection) }, () =>
    connect(baseUrl),
  );
  try {
    const count = new Count(subscribers, subscribers * events);
    for (let i = 0; i < subscribers; i++) {
      const session = sessions[i % sessions.length];
      if (session !== undefined) subscribe(session, topic, headers, count);
    }
    await count.opened;
    const before = usageOf(pid);
    const startMs = performance.now();
    for (let i = 0; i < events; i++) await collector.publish({ topic, records }, { headers });
    await count.done;
    const seconds = (performance.now() - startMs) / 1000;
    return { seconds, delivered: count.records, ...usageSince(before, usageOf(pid)) };
  } finally {
    for (const session of sessions) session.destroy();
  }
}

/** What all subscriptions together have got. */
class Count {
  records = 0;
  readonly opened: Promise<void>;
  readonly done: Promise<void>;
  #opening: number;
  readonly #total: number;
  readonly #isOpen = Promise.withResolvers<void>();
  readonly #isDone = Promise.withResolvers<void>();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(subscribers: number, total: number) {
    this.#opening = subscribers;
    this.#total = total;
    this.opened = this.#isOpen.promise;
    this.done = this.#isDone.promise;
    // They are awaited one after the other.
    this.done.catch(() => {});
    this.#timer = setTimeout(() => this.fail("records are missing"), deliveredWithinMs);
  }

  /** The first message of a subscription has its position and no record. */
  take(records: number): void {
    if (records === 0 && this.#opening > 0 && --this.#opening === 0) this.#isOpen.resolve();
    this.records += records;
    if (this.records < this.#total) return;
    clearTimeout(this.#timer);
    this.#isDone.resolve();
  }

  fail(why: string): void {
    clearTimeout(this.#timer);
    const failure = new Failure("unavailable", `Cannot measure: ${why}`);
    this.#isOpen.reject(failure);
    this.#isDone.reject(failure);
  }
}

function subscribe(
  session: ClientHttp2Session,
  topic: string,
  headers: Readonly<Record<string, string>>,
  count: Count,
): void {
  const stream = session.request({
    ":method": "POST",
    ":path": "/sluice.v1.ConsumerService/Subscribe",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  stream.on("response", ({ "grpc-status": status }) => {
    if (status !== undefined) count.fail(`a subscription ended with status ${String(status)}`);
  });
  let rest: Buffer = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    let bytes = rest.byteLength === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.byteLength >= headBytes) {
      const end = headBytes + bytes.readUInt32BE(1);
      if (bytes.byteLength < end) break;
      const message = fromBinary(SubscribeResponseSchema, bytes.subarray(headBytes, end));
      count.take(message.records.length);
      bytes = bytes.subarray(end);
    }
    rest = bytes;
  });
  const message = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { topic }));
  const frame = Buffer.alloc(headBytes + message.byteLength);
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, headBytes);
  stream.end(frame);
}
