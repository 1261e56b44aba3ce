/** `/metrics` counts what happens, on the HTTP port and on a separate one. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CollectorService } from "../../../src/gen/sluice/v1/collector_pb.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { until } from "../../support/until.ts";
import { openWs } from "../../support/ws.ts";
import { consumerOf, endOf, take, ways } from "../rpc/rpc.ts";

let gateway: GatewayProcess;
let metricsUrl: string;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_METRICS_PORT: "0" } });
  metricsUrl = /"url":"(http:[^"]+\/metrics)"/.exec(gateway.log())?.[1] ?? "";
}, 60_000);

afterAll(async () => {
  await gateway.stop();
});

/** Of one sample, by its name and labels as the text has them; 0 for one that is not there. */
async function sample(name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** Waits until the sample has risen by `by`, to no more than that. */
async function rises(name: string, by: number, work: () => Promise<unknown>): Promise<void> {
  const before = await sample(name);
  await work();
  await until(`${name} rises by ${by}`, 5000, async () => (await sample(name)) >= before + by);
  expect(await sample(name)).toBe(before + by);
}

const append = (topic: string, body: string) =>
  ask("POST", `${gateway.url}/v1/topics/${topic}/records`, {
    body,
    headers: { "content-type": "application/x-ndjson" },
  });

test("the separate port serves nothing else", async () => {
  const { origin } = new URL(metricsUrl);
  expect((await fetch(`${origin}/status`)).status).toBe(404);
  const posted = await fetch(metricsUrl, { method: "POST" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET"]);
  expect((await fetch(`${gateway.url}/metrics`)).status).toBe(200);
});

test("requests count by their route's pattern, never by their address", async () => {
  const labels = 'protocol="http",method="POST",route="/v1/topics/{topic}/records"';
  await rises(`sluice_requests_total{${labels},status="2xx"}`, 2, async () => {
    await append("m-a", '{"n":1}');
    await append("m-b", '{"n":1}');
  });
  await rises(`sluice_requests_total{${labels},status="4xx"}`, 1, () => append("m-a", "{"));
  const unknown = 'protocol="http",method="GET",route="none",status="4xx"';
  await rises(`sluice_requests_total{${unknown}}`, 2, async () => {
    await fetch(`${gateway.url}/${crypto.randomUUID()}`);
    await fetch(`${gateway.url}/v1/nothing?${crypto.randomUUID()}`);
  });
  await rises(
    'sluice_requests_total{protocol="http",method="other",route="none",status="4xx"}',
    1,
    () => fetch(`${gateway.url}/status`, { method: "PROPFIND" }),
  );
});

test("a request that is refused counts by its code, also before it is routed", async () => {
  await rises('sluice_refusals_total{code="not_found"}', 1, () => fetch(`${gateway.url}/nothing`));
  await rises('sluice_refusals_total{code="invalid_position"}', 1, () =>
    fetch(`${gateway.url}/v1/topics/m-a/records?after=x`),
  );
  await rises('sluice_refusals_total{code="forbidden"}', 1, () =>
    fetch(`${gateway.url}/status`, { headers: { host: "evil.example" } }),
  );
});

test("calls of gRPC count by their method, when they end, with the code of their failure", async () => {
  const consumer = consumerOf(ways["gRPC on the RPC port"](gateway));
  const labels = 'protocol="grpc",method="POST",route="/sluice.v1.ConsumerService/Subscribe"';
  await rises(`sluice_requests_total{${labels},status="4xx"}`, 1, () =>
    rises('sluice_refusals_total{code="not_found"}', 1, () =>
      endOf(consumer.subscribe({ topic: "m-missing" })),
    ),
  );
  await append("m-grpc", '{"n":1}');
  await rises(`sluice_requests_total{${labels},status="4xx"}`, 1, () =>
    take(consumer, { topic: "m-grpc", start: { case: "earliest", value: true } }, 1),
  );
  const connect = createClient(
    CollectorService,
    createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }),
  );
  const publish = 'method="POST",route="/sluice.v1.CollectorService/Publish",status="2xx"';
  await rises(`sluice_requests_total{protocol="connect",${publish}}`, 1, () =>
    rises('sluice_accepted_records_total{protocol="rpc"}', 2, () =>
      connect.publish({ topic: "m-grpc", records: [{}, {}] }),
    ),
  );
});

test("records that are refused count by their code, and the others as accepted", async () => {
  await rises('sluice_refused_records_total{code="invalid"}', 2, () =>
    rises('sluice_accepted_records_total{protocol="http"}', 1, () =>
      append("m-mixed", '{"n":1}\n{\n}\n'),
    ),
  );
  const save = (body: string) => ask("POST", `${gateway.url}/save`, { body });
  await rises('sluice_refused_records_total{code="invalid"}', 1, () =>
    rises('sluice_accepted_records_total{protocol="http"}', 1, () =>
      save(`[{"time":${Date.now()}000000,"tag":"t","values":[1]},{"tag":"t"}]`),
    ),
  );
  await rises('sluice_refused_records_total{code="invalid"}', 1, () =>
    ask("POST", `${gateway.url}/api/event`, { body: "{}" }),
  );
  await rises('sluice_accepted_records_total{protocol="websocket"}', 1, async () => {
    const socket = await openWs(`${gateway.wsUrl}/v1/ws`);
    socket.say({ op: "publish", topic: "m-ws", events: [{ n: 1 }], ref: 1 });
    await socket.next();
    socket.cut();
  });
});

test("records count once when they are durable, and once for each subscriber", async () => {
  await append("m-live", '{"n":0}');
  const streams = await Promise.all(
    [1, 2, 3].map(() => fetch(`${gateway.url}/v1/topics/m-live/sse`)),
  );
  try {
    await until("three subscribe", 5000, async () => (await sample("sluice_subscribers")) === 3);
    await rises('sluice_appended_records_total{driver="postgres"}', 4, () =>
      rises("sluice_deliveries_total", 12, () =>
        rises("sluice_delivery_latency_seconds_count", 4, () =>
          append("m-live", '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n'),
        ),
      ),
    );
  } finally {
    for (const stream of streams) await stream.body?.cancel();
  }
  await until("they have left", 5000, async () => (await sample("sluice_subscribers")) === 0);
});
