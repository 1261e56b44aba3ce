import { afterAll, beforeEach, expect, test } from "bun:test";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createFetchClient } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-connect";
import { openCaller } from "../../../core/access/caller.ts";
import { MemoryAccount } from "../../../core/budget/memory.ts";
import { Turns } from "../../../core/budget/turn.ts";
import { systemClock } from "../../../core/clock.ts";
import { defaultTopicSettings } from "../../../core/topic.ts";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { CollectorService, PublishRequestSchema } from "../../../gen/sluice/v1/collector_pb.ts";
import { RecordSchema } from "../../../gen/sluice/v1/record_pb.ts";
import { Collector } from "../../../ingest/collector.ts";
import { InFlight } from "../../../ingest/in-flight.ts";
import { defaultIngestLimits } from "../../../ingest/limits.ts";
import { SchemaGate } from "../../../ingest/schema-gate.ts";
import { TopicRules } from "../../../ingest/topic-rules.ts";
import { createMemoryLog } from "../../../log/memory/memory-log.ts";
import { createThinConnect } from "../../../rpc/thin/connect.ts";
import { thinCollectorMethods } from "./thin-methods.ts";

const messageBytesMax = 1024;
const path = "/sluice.v1.CollectorService/Publish";
const log = createMemoryLog({ clock: systemClock });
const logged: object[] = [];
let inFlight: InFlight;
let handler: ReturnType<typeof createThinConnect>;

beforeEach(() => {
  logged.length = 0;
  inFlight = new InFlight(1000);
  handler = thinConnectOver(log);
});
afterAll(() => log.close());

function thinConnectOver(over: typeof log) {
  const collector = new Collector({
    turns: new Turns(),
    log: over,
    clock: systemClock,
    gate: new SchemaGate({ log: over, schemas: { check: () => [] } }),
    limits: defaultIngestLimits,
    rules: new TopicRules(),
    inFlight,
    newTopics: defaultTopicSettings,
  });
  return createThinConnect({
    methods: thinCollectorMethods(collector),
    inFlight,
    messageBytesMax,
    rateMin: 1,
    turns: new Turns(),
    receiving: new MemoryAccount(2 ** 20).share("receiving", 1),
    readBody: async (request) => new Uint8Array(await request.arrayBuffer()),
    logger: (level, message, fields) => void logged.push({ level, message, ...fields }),
  });
}

/** connect-es's own client, its requests handed to the thin path and nothing else. */
function client(timeoutMs?: number) {
  const given: typeof fetch = Object.assign(
    (input: RequestInfo | URL, init?: RequestInit) => {
      const request = new Request(input, init);
      request.headers.set("content-length", String(sizeOf(init?.body)));
      const answer = handler(request, openCaller);
      if (answer === undefined) throw new Error("the thin path left the call to others");
      return answer;
    },
    { preconnect: fetch.preconnect },
  );
  const transport = createTransport({
    baseUrl: "http://localhost",
    httpClient: createFetchClient(given),
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: 1 << 20,
    writeMaxBytes: 1 << 20,
    ...(timeoutMs === undefined ? {} : { defaultTimeoutMs: timeoutMs }),
  });
  return createClient(CollectorService, transport);
}

function sizeOf(body: unknown): number {
  return body instanceof Uint8Array ? body.byteLength : 0;
}

function bytesOf(request: MessageInitShape<typeof PublishRequestSchema>): Uint8Array<ArrayBuffer> {
  return toBinary(PublishRequestSchema, create(PublishRequestSchema, request));
}

function post(headers: Record<string, string>, body: Uint8Array<ArrayBuffer> = bytesOf({})) {
  return handler(
    new Request(`http://localhost${path}`, { method: "POST", headers, body }),
    openCaller,
  );
}

const recordOf = (init: MessageInitShape<typeof RecordSchema>) => create(RecordSchema, init);

const proto = { "content-type": "application/proto", "content-length": "1" };

async function failureOf(call: Promise<unknown>): Promise<ConnectError> {
  return ConnectError.from(
    await call.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

test("a batch is durable when it is answered", async () => {
  const records = ["a", "b"].map((text) => ({ value: new TextEncoder().encode(text) }));
  const answer = await client().publish({ topic: "thin", records });
  expect(answer.accepted).toBe(2n);
  const { end } = await log.bounds("thin");
  const kept: string[] = [];
  for await (const batch of log.read("thin", { after: "earliest", until: end })) {
    kept.push(...batch.records.map(({ record }) => new TextDecoder().decode(record.value)));
  }
  expect(kept).toEqual(["a", "b"]);
});

test("a record that cannot be is refused by its index, the rest is kept", async () => {
  const long = new Uint8Array(defaultIngestLimits.keyBytesMax + 1).fill(0x6b);
  const answer = await client().publish({
    topic: "thin",
    records: [recordOf({}), recordOf({ key: long }), recordOf({})],
  });
  expect([answer.accepted, answer.refused]).toEqual([2n, 1n]);
  expect(answer.refusals[0]).toMatchObject({ index: 1n, code: "too_large" });
});

test("a call without a topic is refused, naming the field", async () => {
  const error = await failureOf(client().publish({ records: [{}] }));
  expect(error.code).toBe(Code.InvalidArgument);
  expect(error.rawMessage).toContain("no topic was named");
});

test("bytes that are not a message are refused", async () => {
  const answer = await post(proto, new Uint8Array([0x0a, 0xff, 0xff, 0x01]));
  expect(answer?.status).toBe(400);
  expect(await answer?.json()).toMatchObject({ code: "invalid_argument" });
});

test("a full gateway refuses retryably, before it reads", async () => {
  inFlight.add(1000);
  const error = await failureOf(client().publish({ topic: "thin", records: [{}] }));
  expect(error.code).toBe(Code.ResourceExhausted);
  expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
});

test("a fault of the gateway is logged, and its cause is not sent", async () => {
  const broken = createMemoryLog({ clock: systemClock });
  broken.append = () => Promise.reject(new TypeError("hunter2"));
  handler = thinConnectOver(broken);
  const answer = await post(proto, bytesOf({ topic: "broken", records: [{}] }));
  const text = (await answer?.text()) ?? "";
  expect(text).toContain('"code":"internal"');
  expect(text).not.toContain("hunter2");
  const id = answer?.headers.get("x-request-id");
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  const cause = expect.stringContaining("hunter2");
  expect(logged).toEqual([{ level: "error", message: "call failed", path, request_id: id, cause }]);
  await broken.close();
});

test("a deadline ends the call, not what it brought", async () => {
  const release = Promise.withResolvers<void>();
  const slow = createMemoryLog({ clock: systemClock });
  const append = slow.append.bind(slow);
  slow.append = async (...args) => {
    await release.promise;
    return await append(...args);
  };
  handler = thinConnectOver(slow);
  const answer = await post(
    { ...proto, "connect-timeout-ms": "20" },
    bytesOf({ topic: "late", records: [{}] }),
  );
  expect(await answer?.json()).toMatchObject({ code: "deadline_exceeded" });
  // With a charset, connect-go would read no error in the body.
  expect(answer?.headers.get("content-type")).toBe("application/json");
  release.resolve();
  await slow.create("late", { ...defaultTopicSettings, layout: "frames" });
  let stored = 0;
  for await (const batch of slow.read("late", { after: "earliest" })) {
    stored += batch.records.length;
    if (stored > 0) break;
  }
  expect(stored).toBe(1);
  await slow.close();
});

test("what it does not know is left to others", () => {
  expect(post({ ...proto, "content-type": "application/json" })).toBeUndefined();
  expect(post({ ...proto, "content-encoding": "gzip" })).toBeUndefined();
  expect(post({ ...proto, "content-length": "1025" })).toBeUndefined();
  expect(post({ "content-type": "application/proto" })).toBeUndefined();
  expect(
    handler(new Request(`http://localhost${path}`, { headers: proto }), openCaller),
  ).toBeUndefined();
  const other = new Request("http://localhost/sluice.v1.CollectorService/Collect", {
    method: "POST",
    headers: proto,
  });
  expect(handler(other, openCaller)).toBeUndefined();
});
