/**
 * Two gateways behind HAProxy, with deploy/haproxy.cfg, three NATS servers and PostgreSQL, under
 * subscribers and producers, while one part after the other is replaced or killed.
 */

import { startBalancer } from "../support/balancer.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { type GatewayPair, startGatewayPair } from "../support/gateway-pair.ts";
import { type NatsCluster, startNatsCluster } from "../support/nats.ts";
import { testPostgres } from "../support/postgres.ts";
import { pause } from "../support/until.ts";
import { type ProducerReport, startProducers } from "./producers.ts";
import { type ReaderReport, startReaders } from "./readers.ts";

export const disturbances = {
  /** Each gateway is stopped by SIGTERM and started again, one after the other. */
  restart: async ({ pair }: Cluster) => {
    for (const index of [0, 1]) {
      const code = await pair.gateways[index]?.stop();
      if (code !== 0) throw new Error(`Gateway ${index} ended with ${code}, expected 0`);
      await pair.restart(index);
      await pause(upMs);
    }
  },
  /** One of three NATS servers is killed, and comes back. */
  nats: async ({ nats }: Cluster) => {
    await nats.servers[1]?.kill9();
    await pause(awayMs);
    await nats.servers[1]?.start();
  },
  /** A gateway is killed, and comes back. */
  kill: async ({ pair }: Cluster) => {
    await pair.gateways[0]?.kill9();
    await pause(awayMs);
    await pair.restart(0);
    await pause(upMs);
  },
} satisfies Readonly<Record<string, (cluster: Cluster) => Promise<void>>>;

export type Disturbance = keyof typeof disturbances;

interface Cluster {
  readonly pair: GatewayPair;
  readonly nats: NatsCluster;
}

/** HAProxy takes a gateway back after two checks, half a second apart. */
const upMs = 2000;
const awayMs = 3000;
const catchUpMs = 60_000;

export interface RollingOptions {
  readonly sse: number;
  readonly sockets: number;
  /** Records a second. */
  readonly rate: number;
  /** Seconds of load before, between and after the disturbances. */
  readonly seconds: number;
  readonly disturbances: readonly Disturbance[];
  readonly say?: (line: string) => void;
}

export interface RollingReport {
  readonly producers: ProducerReport;
  readonly readers: ReaderReport;
  /** Lines of the gateways' logs with level error. */
  readonly errors: readonly string[];
}

export async function rollingRestart(options: RollingOptions): Promise<RollingReport> {
  const { say = () => {} } = options;
  await using stack = new AsyncDisposableStack();
  const certificate = await makeCertificate();
  const nats = await startNatsCluster();
  stack.defer(() => nats.stop());
  const database = await (await testPostgres()).createDatabase();
  stack.defer(() => database.drop());
  const pair = await startGatewayPair({
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    SLUICE_NATS_REPLICAS: "3",
  });
  stack.defer(() => pair.stop());
  const { ports } = pair;
  const edit = (config: string) => config.replace(/^ *option httplog\n/m, "");
  const balancer = await startBalancer("haproxy", { certificate, ports, edit });
  stack.defer(() => balancer.stop());
  say("two gateways, three NATS servers and HAProxy are up");
  return await underLoad(balancer.url, certificate, { pair, nats }, options);
}

async function underLoad(
  url: string,
  certificate: Certificate,
  cluster: Cluster,
  { sse, sockets, rate, seconds, disturbances: chosen, say = () => {} }: RollingOptions,
): Promise<RollingReport> {
  const topic = "rolling";
  const keys = Array.from({ length: Math.max(sse, sockets) }, (_, i) => `key-${i}`);
  const created = await fetch(`${url}/v1/topics/${topic}`, {
    method: "PUT",
    body: "{}",
    tls: { ca: certificate.pem },
  });
  if (!created.ok) throw new Error(`Cannot create the topic: ${await created.text()}`);
  const readers = await startReaders({
    url,
    certificate,
    topic,
    sseKeys: keys.slice(0, sse),
    socketKeys: keys.slice(0, sockets),
  });
  say(`${sse} readers by SSE and ${sockets} by WebSocket follow`);
  const producers = startProducers({ url, ca: certificate.pem, topic, keys, rate });
  const before: string[] = [];
  for (const name of chosen) {
    await pause(seconds * 1000);
    say(`${name}: ${producers.report().acknowledged} records so far`);
    before.push(...cluster.pair.gateways.flatMap((gateway) => gateway.errors()));
    await disturbances[name](cluster);
    say(`${name}: over`);
  }
  await pause(seconds * 1000);
  await producers.stop();
  const errors = [...before, ...cluster.pair.gateways.flatMap((gateway) => gateway.errors())];
  await readers.finish(producers.last, catchUpMs);
  return { producers: producers.report(), readers: readers.report(), errors };
}
