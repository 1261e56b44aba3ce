/**
 * Two gateways behind HAProxy, with deploy/haproxy.cfg, three NATS servers and PostgreSQL, under
 * subscribers and producers, while one part after the other is replaced or killed.
 */

import { type Cluster, startCluster } from "../support/cluster.ts";
import { leaderOf } from "../support/nats-leader.ts";
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
  /** Of three NATS servers the one that leads the topic's stream is killed, and comes back. */
  nats: async ({ nats }: Cluster) => {
    const leader = await leaderOf(nats, topic);
    await nats.servers[leader]?.kill9();
    await pause(awayMs);
    await nats.servers[leader]?.start();
  },
  /** All NATS servers are silent for longer than an append waits: no gateway is ready, and appends are refused. */
  silence: async ({ nats }: Cluster) => {
    await Promise.all(nats.servers.map((server) => server.freeze()));
    await pause(silentMs);
    for (const server of nats.servers) server.thaw();
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

const topic = "rolling";
/** HAProxy takes a gateway back after two checks, half a second apart. */
const upMs = 2000;
const awayMs = 3000;
const silentMs = 13_000;
const catchUpMs = 60_000;
const unusualMax = 20;

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
  /** The newest lines of HAProxy's log about requests that did not end as they should. */
  readonly unusual: readonly string[];
}

export async function rollingRestart(options: RollingOptions): Promise<RollingReport> {
  const { say = () => {} } = options;
  await using cluster = await startCluster();
  say("two gateways, three NATS servers and HAProxy are up");
  return await underLoad(cluster, options);
}

/** By the first two letters of how a session ended; `CD`: its client has left. */
function isUnusual(line: string): boolean {
  const [, ended] = / ([A-Za-z-]{2})[A-Z-]{2} \d+\/\d+\//.exec(line) ?? [];
  return ended !== undefined && ended !== "--" && ended !== "CD";
}

async function underLoad(
  cluster: Cluster,
  { sse, sockets, rate, seconds, disturbances: chosen, say = () => {} }: RollingOptions,
): Promise<RollingReport> {
  const { certificate } = cluster;
  const { url } = cluster.balancer;
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
  const unusual = cluster.balancer.log().split("\n").filter(isUnusual).slice(-unusualMax);
  return { producers: producers.report(), readers: readers.report(), errors, unusual };
}
