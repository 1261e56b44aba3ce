// The configurations of deploy/ as they are, in real HAProxy, Caddy and nginx, with TLS in front of two
// gateways: every protocol, streams that begin at once and end with their reader, a gateway that is killed,
// and no gateway ready.

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { startProducers } from "../../rolling/producers.ts";
import { startReaders } from "../../rolling/readers.ts";
import {
  type Balancer,
  type BalancerName,
  balancers,
  startBalancer,
} from "../../support/balancer.ts";
import { type Certificate, makeCertificate, openSecureSocket } from "../../support/certificate.ts";
import { eventually } from "../../support/eventually.ts";
import { type GatewayPair, startGatewayPair } from "../../support/gateway-pair.ts";
import { freePort } from "../../support/port.ts";
import { type TestDatabase, testPostgres } from "../../support/postgres.ts";
import { findTool, grpcurl, type Ran, runTool, toolTest } from "../../support/tools.ts";
import { until, within } from "../../support/until.ts";

const service = "sluice.v1.CollectorService";
const consumer = "sluice.v1.ConsumerService";

let certificate: Certificate;
let database: TestDatabase;
let pair: GatewayPair;

beforeAll(async () => {
  certificate = await makeCertificate();
  database = await (await testPostgres()).createDatabase();
  const trusted = { SLUICE_TRUSTED_PROXIES: "127.0.0.0/8" };
  pair = await startGatewayPair({ DATABASE_URL: database.url, ...trusted });
}, 60_000);

afterAll(async () => {
  await pair.stop();
  await database.drop();
  expect(pair.gateways.flatMap((gateway) => gateway.errors())).toEqual([]);
}, 30_000);

for (const name of ["haproxy", "caddy", "nginx"] as const) suite(name);

function suite(name: BalancerName): void {
  const { tool } = balancers[name];
  describe(`${name} with deploy/${balancers[name].file}`, () => {
    let balancer: Balancer;

    beforeAll(async () => {
      if (findTool(tool) === undefined) return;
      balancer = await startBalancer(name, { certificate, ports: pair.ports });
    }, 30_000);
    afterAll(async () => await balancer?.stop());

    /** `path` is where curl sends the request; its output is the body, or what `-w` asks for. */
    const curl = (path: string, ...args: string[]) =>
      runTool(["curl", "-sS", "--cacert", certificate.file, ...args, `${balancer.url}${path}`]);
    const post = async (path: string, value: unknown) => {
      const { output } = await curl(path, "-d", JSON.stringify(value));
      expect(JSON.parse(output)).toMatchObject({ accepted: 1 });
    };
    const subscriptions = async () => {
      const counts = pair.gateways.map(async ({ url }) => {
        const status = (await (await fetch(`${url}/status`)).json()) as {
          hub: { subscriptions: number };
        };
        return status.hub.subscriptions;
      });
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    };

    toolTest(tool, "speaks HTTP/2 and HTTP/1.1, over TLS 1.2 or later", async () => {
      for (const [option, version] of [
        ["--http2", "2"],
        ["--http1.1", "1.1"],
      ] as const) {
        const written = "%{http_version} %{http_code} %header{strict-transport-security}";
        const { output } = await curl("/readyz", option, "-o", "/dev/null", "-w", written);
        expect(output).toBe(`${version} 200 max-age=31536000`);
      }
      const old = await curl("/readyz", "--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0");
      expect([old.code, old.output]).not.toEqual([0, expect.stringContaining("ready")]);
    });

    for (const version of ["--http2", "--http1.1"]) {
      toolTest(tool, `passes on events of SSE as they come, with ${version}`, async () => {
        const topic = `sse-${name}${version.replaceAll(/\W/g, "-")}`;
        await post(`/v1/topics/${topic}/records`, { n: 0 });
        const before = await subscriptions();
        let sent = 0;
        let appending = Promise.resolve();
        // Each record is appended when the one before it has come: none may wait in a buffer.
        const stream = await runTool(
          [
            ...["curl", "-sSN", version, "--cacert", certificate.file],
            `${balancer.url}/v1/topics/${topic}/sse?after=earliest`,
          ],
          {
            enough(output) {
              if (output.includes(`data:{"n":${sent}}`) && sent < 5) {
                sent++;
                appending = post(`/v1/topics/${topic}/records`, { n: sent });
              }
              return output.includes(`data:{"n":5}`);
            },
          },
        );
        await appending;
        const numbers = [...stream.output.matchAll(/data:\{"n":(\d+)\}/g)].map(([, n]) =>
          Number(n),
        );
        expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
        // The gateway learns that the reader has left.
        await eventually(async () => expect(await subscriptions()).toBeLessThanOrEqual(before));
      });
    }

    toolTest(tool, "opens WebSockets", async () => {
      const topic = `ws-${name}`;
      await post(`/v1/topics/${topic}/records`, { n: 0 });
      const socket = openSecureSocket(`wss://${balancer.host}/v1/ws`, certificate);
      const texts: unknown[] = [];
      const done = new Promise<void>((resolve, reject) => {
        socket.addEventListener("message", ({ data }) => {
          const message = JSON.parse(String(data)) as { op: string; events: { data: unknown }[] };
          if (message.op !== "events") return;
          texts.push(...message.events.map((event) => event.data));
          if (texts.length > 1) return resolve();
          socket.send(JSON.stringify({ op: "publish", topic, events: [{ n: 1 }] }));
        });
        socket.addEventListener("close", ({ code }) => reject(new Error(`closed: ${code}`)));
        socket.addEventListener("open", () =>
          socket.send(JSON.stringify({ op: "subscribe", topic, after: "earliest" })),
        );
      });
      await within("two events by WebSocket", 10_000, done);
      expect(texts).toEqual([{ n: 0 }, { n: 1 }]);
      socket.close();
    });

    const call = (path: string, method: string, messages: readonly object[], options = {}) =>
      runTool(
        [path, "-cacert", certificate.file, "-d", "@", "-max-time", "15", balancer.host, method],
        { input: messages.map((one) => JSON.stringify(one)).join("\n"), ...options },
      );
    const record = (n: number) => ({ value: btoa(`{"n":${n}}`), contentType: "application/json" });
    const answer = ({ code, output, errors }: Ran): ReturnType<typeof JSON.parse> => {
      expect([code, errors]).toEqual([0, ""]);
      // One object after the other.
      return JSON.parse(`[${output.replaceAll(/^\}\n\{/gm, "},{")}]`).at(-1);
    };

    toolTest(
      grpcurl,
      "carries all four kinds of gRPC calls, reflection and health",
      async (path) => {
        if (findTool(tool) === undefined) return;
        const topic = `grpc-${name}`;
        const batch = (...numbers: number[]) => ({ topic, records: numbers.map(record) });
        const published = await call(path, `${service}/Publish`, [batch(1)]);
        expect(answer(published)).toMatchObject({ accepted: "1" });
        const collected = await call(path, `${service}/Collect`, [batch(2, 3), batch(4)]);
        expect(answer(collected)).toMatchObject({ accepted: "3" });
        const ingested = await call(path, `${service}/Ingest`, [batch(5), batch(6)]);
        expect(answer(ingested)).toMatchObject({ accepted: "2" });
        const from = { topic, earliest: true };
        const followed = await call(path, `${consumer}/Subscribe`, [from], {
          enough: (output: string) => (output.match(/"value"/g) ?? []).length >= 6,
        });
        const values = [...followed.output.matchAll(/"value": "([^"]+)"/g)].map(([, value = ""]) =>
          atob(value),
        );
        expect(values).toEqual([1, 2, 3, 4, 5, 6].map((n) => `{"n":${n}}`));
        const listed = await runTool([path, "-cacert", certificate.file, balancer.host, "list"]);
        expect(listed.output).toContain(service);
        const health = await call(path, "grpc.health.v1.Health/Check", [{}]);
        expect(answer(health)).toEqual({ status: "SERVING" });
        const failed = await call(path, `${service}/Publish`, [{ topic: "no topic", records: [] }]);
        expect(failed.errors).toContain("InvalidArgument");
      },
    );

    toolTest(tool, "carries Connect and gRPC-Web", async () => {
      const path = `/${service}/Publish`;
      const body = JSON.stringify({ topic: `connect-${name}`, records: [record(1)] });
      const json = "content-type: application/json";
      const connect = await curl(path, "--http2", "-H", json, "-d", body);
      expect(JSON.parse(connect.output)).toMatchObject({ accepted: "1" });
      const web = "content-type: application/grpc-web+json";
      const framed = `\0\0\0\0${String.fromCodePoint(body.length)}${body}`;
      const response = await fetch(`${balancer.url}${path}`, {
        method: "POST",
        headers: { "content-type": web.slice("content-type: ".length) },
        body: Buffer.from(framed, "latin1"),
        tls: { ca: certificate.pem },
      });
      expect(response.headers.get("content-type")).toBe("application/grpc-web+json");
      expect(await response.text()).toMatch(/"accepted":"1"[\s\S]*grpc-status: ?0/);
    });

    toolTest(
      tool,
      "names the client to the gateway, and drops what the client claims",
      async () => {
        const { output } = await curl(
          ...(["/log", "-X", "PUT", "-d", '{"source":"external"}'] as const),
          ...["-H", "X-Forwarded-Prefix: /evil", "-o", "/dev/null", "-w", "%header{location}"],
        );
        expect(output).toMatch(/^\/log\/[\w-]+$/);
        // The gateways believe the balancer: they would refuse this host, and count for this address.
        for (const claim of [
          "Forwarded: for=203.0.113.9;host=evil.example",
          "X-Forwarded-Host: evil.example",
        ]) {
          const answered = await curl(
            "/livez",
            "-H",
            claim,
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
          );
          expect([claim, answered.output]).toEqual([claim, "200"]);
        }
      },
    );

    toolTest(
      tool,
      "goes on at the other gateway when one is killed",
      async () => {
        const topic = `killed-${name}`;
        const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
        const { url } = balancer;
        await post(`/v1/topics/${topic}/records`, {});
        const [sseKeys, socketKeys] = [keys.slice(0, 20), keys.slice(20)];
        const readers = await startReaders({ url, certificate, topic, sseKeys, socketKeys });
        const producers = startProducers({ url, ca: certificate.pem, topic, keys, rate: 200 });
        /** Waits until three more batches of each key are acknowledged. */
        const goOn = async (what: string) => {
          const before = new Map(producers.last);
          const isDone = () =>
            keys.every((key) => numberOf(producers.last, key) >= numberOf(before, key) + 15);
          await until(`records of every key ${what}`, 20_000, isDone);
        };
        await goOn("before");
        await pair.gateways[0]?.kill9();
        await goOn("without the one that was killed");
        await pair.restart(0);
        await producers.stop();
        await readers.finish(producers.last, 20_000);
        const { lost, twice, resumed } = readers.report();
        expect({ failed: producers.report().failed, lost, twice }).toEqual({
          failed: [],
          lost: 0,
          twice: 0,
        });
        expect(resumed.size).toBeGreaterThan(0);
      },
      60_000,
    );

    toolTest(tool, "asks clients to come back where no gateway is ready", async () => {
      const ports = { http: await freePort(), grpc: await freePort() };
      const lonely = await startBalancer(name, { certificate, ports });
      try {
        const response = await fetch(`${lonely.url}/time`, { tls: { ca: certificate.pem } });
        const { status, headers } = response;
        expect([status, headers.get("retry-after")]).toEqual([503, "1"]);
        expect(headers.get("content-type")).toBe("application/problem+json");
        expect(await response.json()).toMatchObject({ code: "unavailable", status: 503 });
      } finally {
        await lonely.stop();
      }
    });
  });
}

function numberOf(last: ReadonlyMap<string, number>, key: string): number {
  return last.get(key) ?? 0;
}
