/** A caller's trace goes with its records to their readers; spans go to an OTLP receiver. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { consumerOf, ways } from "../rpc/rpc.ts";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

interface SentSpan {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

const exports: Export[] = [];
const paths = new Set<string>();
let receiver: ReturnType<typeof startReceiver>;
let gateway: GatewayProcess;

/** What an OpenTelemetry collector does with OTLP/HTTP. */
function startReceiver() {
  return Bun.serve({
    port: 0,
    async fetch(request) {
      paths.add(`${request.method} ${new URL(request.url).pathname}`);
      exports.push((await request.json()) as Export);
      return Response.json({});
    },
  });
}

function spans(): readonly SentSpan[] {
  return exports.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
}

beforeAll(async () => {
  receiver = startReceiver();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.port}/`,
    // Spans are batched for seconds otherwise.
    OTEL_BSP_SCHEDULE_DELAY: "100",
  };
  gateway = await startGateway({ env });
}, 60_000);

afterAll(async () => {
  await receiver.stop(true);
});

let made = 0;

function newContext(flags = "01") {
  const spanId = (++made).toString(16).padStart(16, "0");
  const traceId = crypto.randomUUID().replaceAll("-", "");
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

function post(path: string, traceparent: string, body = '{"n":1}') {
  return ask("POST", `${gateway.url}${path}`, {
    body,
    headers: { "content-type": "application/json", traceparent },
  });
}

const text = new TextDecoder();

/** The `traceparent` headers of the topic's records; null for a record without one. */
async function tracesOf(topic: string, count: number): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  const stop = new AbortController();
  const consumer = consumerOf(ways["gRPC on the RPC port"](gateway));
  const request = { topic, start: { case: "earliest", value: true } } as const;
  for await (const { records } of consumer.subscribe(request, { signal: stop.signal })) {
    for (const { record } of records) {
      const given = record?.headers["traceparent"];
      found.push(given === undefined ? null : text.decode(given));
    }
    if (found.length >= count) break;
  }
  stop.abort();
  return found;
}

test("the trace of a request is a header of its records, by every protocol that has headers", async () => {
  const [a, b, c, d] = [newContext(), newContext("00"), newContext(), newContext()];
  await post("/v1/topics/traced/records", a.traceparent);
  await post("/v1/topics/traced/records", b.traceparent);
  await post("/v1/topics/traced/records", "00-nonsense-01");
  const record = { value: new TextEncoder().encode("x"), contentType: "text/plain" };
  const own = { ...record, headers: { traceparent: new TextEncoder().encode("own") } };
  const transports = [
    createGrpcTransport({ baseUrl: gateway.grpcUrl }),
    createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }),
    createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1", useBinaryFormat: false }),
  ];
  for (const transport of transports) {
    const collector = createClient(CollectorService, transport);
    const headers = { traceparent: c.traceparent };
    await collector.publish({ topic: "traced", records: [record, own] }, { headers });
  }
  await createClient(CollectorService, createGrpcTransport({ baseUrl: gateway.grpcUrl })).collect(
    (async function* () {
      yield { topic: "traced", records: [record] };
      yield { records: [record] };
    })(),
    { headers: { traceparent: d.traceparent } },
  );
  expect(await tracesOf("traced", 11)).toEqual([
    a.traceparent,
    b.traceparent,
    null,
    ...transports.flatMap(() => [c.traceparent, "own"]),
    d.traceparent,
    d.traceparent,
  ]);
});

test("append, projection and delivery of a traced record are spans of its trace", async () => {
  await ask("PUT", `${gateway.url}/log/traced`, { body: '{"source":"external"}' });
  const watching = await fetch(`${gateway.url}/sse/log/traced`);
  const sampled = newContext();
  const unsampled = newContext("00");
  await post("/log/traced", unsampled.traceparent);
  await post("/log/traced", sampled.traceparent);
  const found = () => spans().filter(({ traceId }) => traceId === sampled.traceId);
  const names = () => found().map(({ name }) => name);
  await until("the spans have come", 20_000, () => names().length >= 3);
  expect(names().toSorted((x, y) => (x < y ? -1 : 1))).toEqual(["append", "deliver", "project"]);
  for (const span of found()) {
    expect(span.parentSpanId).toBe(sampled.spanId);
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    const attributes = Object.fromEntries(
      span.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
    );
    expect(attributes).toMatchObject({
      "messaging.system": "sluice",
      "messaging.destination.name": "emitters",
    });
  }
  await watching.body?.cancel();
  expect(spans().filter(({ traceId }) => traceId === unsampled.traceId)).toEqual([]);
  expect([...paths]).toEqual(["POST /v1/traces"]);
  const resource = exports[0]?.resourceSpans[0]?.resource.attributes ?? [];
  expect(resource.map(({ key }) => key)).toEqual(
    expect.arrayContaining(["service.name", "service.version", "service.instance.id"]),
  );
});

test("a receiver that is gone holds up neither appends nor the stop", async () => {
  await receiver.stop(true);
  const answer = await post("/v1/topics/traced/records", newContext().traceparent);
  expect(answer.status).toBe(200);
  const startedMs = performance.now();
  expect(await gateway.stop()).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(9500);
});
