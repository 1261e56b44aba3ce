/** One attack on a gateway, with a witness beside it, and what the node is like afterwards. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { framed, openCall, openSession, requestBytes } from "../e2e/rpc/grpc.ts";
import type { GatewayProcess } from "../support/gateway.ts";
import type { CrowdReport } from "./crowd.ts";
import { largeTopic, tinyTopic } from "./read-attacks.ts";
import { type Testimony, witness } from "./witness.ts";

export interface Siege {
  readonly testimony: Testimony;
  /** What became of the well-behaved clients, where there were some. */
  readonly crowd: CrowdReport | undefined;
  /** How long after the attack the node was as before; undefined: not within 10 s. */
  readonly recoveredMs: number | undefined;
  /** What was not as before, where it was not. */
  readonly remains: string;
}

export interface Bounds {
  readonly livezP99Ms: number;
  readonly livezMaxMs: number;
  readonly deliveryP99Ms: number;
  readonly memoryMega: number;
}

export interface SiegeOptions {
  readonly seconds: number;
  /** Clients of each attack. */
  readonly clients: number;
  /** Well-behaved clients beside the witness. */
  readonly crowd?: { readonly subscribers: number; readonly recordsPerSecond: number };
}

const recoveryMsMax = 10_000;

/** Bounds of a siege in which only what becomes of records and of memory counts. */
export const anyTime = {
  livezP99Ms: Number.POSITIVE_INFINITY,
  livezMaxMs: Number.POSITIVE_INFINITY,
  deliveryP99Ms: Number.POSITIVE_INFINITY,
};

/** So many of them, of each part of the list. */
export function spread(names: readonly string[], count: number): readonly string[] {
  const step = Math.max(1, names.length / count);
  return names.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
}

/** Topics that the attacks read: 64 records of 1 MB, and two million of one byte. */
export async function prepare({ url, grpcUrl }: GatewayProcess): Promise<void> {
  const settings = JSON.stringify({ layout: "frames" });
  await fetch(`${url}/v1/topics/${tinyTopic}`, { method: "PUT", body: settings });
  for (let i = 0; i < 64; i++) {
    await fetch(`${url}/v1/topics/${largeTopic}/records`, {
      method: "POST",
      body: Buffer.alloc(1024 * 1024, "x"),
      headers: { "content-type": "application/octet-stream" },
    });
  }
  await fetch(`${url}/log/attacked`, { method: "PUT", body: '{"source":"external"}' });
  const session = openSession(grpcUrl);
  const records = Array.from({ length: 10_000 }, () => ({ value: Buffer.from("x") }));
  const message = framed(requestBytes({ topic: tinyTopic, records }));
  const { stream, reply } = openCall(session, "Collect");
  for (let i = 0; i < 200; i++) {
    if (!stream.write(message)) await new Promise((resolve) => void stream.once("drain", resolve));
  }
  stream.end();
  await reply;
  session.destroy();
}

export async function besiege(
  gateway: GatewayProcess,
  names: readonly string[],
  { seconds, clients, crowd }: SiegeOptions,
): Promise<Siege> {
  const beside = crowd === undefined ? undefined : await startCrowd(gateway, crowd);
  // Attackers are other machines: on this one they must not take the node's processor.
  const attackers = spawnBun(["nice", "-n", "15", process.execPath], "attackers.ts", [
    gateway.url,
    gateway.grpcUrl,
    String(clients),
    ...names,
  ]);
  const over = Bun.sleep(seconds * 1000).then(async () => {
    const ended = new Promise((resolve) => attackers.on("exit", resolve));
    attackers.kill("SIGKILL");
    await ended;
  });
  const testimony = await witness(gateway, gateway.pid, over);
  const report = await beside?.end();
  const recovery = await recoveryOf(gateway);
  await removeGuests(gateway);
  return { testimony, crowd: report, ...recovery };
}

async function recoveryOf(
  gateway: GatewayProcess,
): Promise<Pick<Siege, "recoveredMs" | "remains">> {
  const endedMs = performance.now();
  let remains = "";
  do {
    remains = await remainsOf(gateway);
    if (remains === "") return { recoveredMs: Math.round(performance.now() - endedMs), remains };
    await Bun.sleep(100);
  } while (performance.now() - endedMs < recoveryMsMax);
  return { recoveredMs: undefined, remains };
}

async function startCrowd(
  { url }: GatewayProcess,
  { subscribers, recordsPerSecond }: NonNullable<SiegeOptions["crowd"]>,
): Promise<{ end(): Promise<CrowdReport> }> {
  const given = [url, String(subscribers), String(recordsPerSecond)];
  const child = spawnBun([process.execPath], "crowd.ts", given);
  let said = "";
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on("data", (data: Buffer) => {
      said += data.toString();
      if (said.includes("ready")) resolve();
    });
  });
  await Promise.race([ready, ended]);
  return {
    async end() {
      child.kill("SIGTERM");
      await ended;
      return JSON.parse(said.split("\n")[1] ?? "") as CrowdReport;
    },
  };
}

function spawnBun(
  [program, ...args]: readonly [string, ...string[]],
  file: string,
  given: readonly string[],
): ChildProcess {
  return spawn(program, [...args, join(import.meta.dir, file), ...given], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/**
 * Guests go on until somebody ends them. That is done here, because the next attack would
 * meet a node that is busy with them.
 */
async function removeGuests({ url }: GatewayProcess): Promise<void> {
  for (let after: string | null = ""; after !== null;) {
    const from: string = after === "" ? "" : `&after=${after}`;
    const { emitters, next } = await (await fetch(`${url}/log?limit=1000${from}`)).json();
    for (const { id, source } of emitters) {
      if (source === "guest") await fetch(`${url}/log/${id}`, { method: "DELETE" });
    }
    after = next;
  }
}

/**
 * Waits until the projections are at the end of their topics, because the next attack would meet a node that
 * is busy with the last one. Appends are acknowledged several times as fast as they become rows; pages have
 * them at once. Returns the seconds that it took.
 */
export async function caughtUp({ url }: GatewayProcess): Promise<number> {
  const startedMs = performance.now();
  for (;;) {
    const { projections } = await (await fetch(`${url}/status`)).json();
    if (projections.every(({ lag_ms }: { lag_ms: number }) => lag_ms === 0)) break;
    await Bun.sleep(250);
  }
  return Math.round((performance.now() - startedMs) / 1000);
}

/** What the attack has left behind. */
async function remainsOf({ url }: GatewayProcess): Promise<string> {
  const startedMs = performance.now();
  await (await fetch(`${url}/livez`)).arrayBuffer();
  const waitedMs = performance.now() - startedMs;
  const { memory, rpc, hub, projections } = await (await fetch(`${url}/status`)).json();
  const remains = [
    ...["receiving", "in_flight", "answers"]
      .filter((share) => (memory[share]?.bytes ?? 0) > 0)
      .map((share) => `${memory[share].bytes} bytes ${share}`),
    ...(rpc.connections > 0 ? [`${rpc.connections} gRPC connections`] : []),
    ...(hub.subscriptions > 1 ? [`${hub.subscriptions} subscriptions`] : []),
    ...projections
      .filter(({ owned }: { owned: boolean }) => !owned)
      .map(({ name }: { name: string }) => `${name} is not owned`),
    ...(waitedMs > 500 ? [`/livez took ${Math.round(waitedMs)} ms`] : []),
  ];
  return remains.join(", ");
}

/** Which bounds were passed, in words. */
export function faultsOf(
  { testimony, crowd, recoveredMs, remains }: Siege,
  bounds: Bounds,
): readonly string[] {
  const { livez, delivery, lost, twice, failed, ownershipLost, peakMega } = testimony;
  const over = (what: string, value: number, max: number, unit: string) =>
    value > max ? [`${what} ${value} ${unit}, at most ${max}`] : [];
  return [
    ...over("livez p99", livez.p99, bounds.livezP99Ms, "ms"),
    ...over("livez max", livez.max, bounds.livezMaxMs, "ms"),
    ...over("delivery p99", delivery.p99, bounds.deliveryP99Ms, "ms"),
    ...over("resident", peakMega, Math.round(bounds.memoryMega * 1.3), "MB"),
    ...(lost + twice > 0 ? [`${lost} lost, ${twice} twice`] : []),
    ...(failed > 0 ? [`${failed} appends failed`] : []),
    ...(crowd === undefined || crowd.lost + crowd.twice + crowd.failed === 0
      ? []
      : [`of the crowd ${crowd.lost} lost, ${crowd.twice} twice, ${crowd.failed} appends failed`]),
    ...(ownershipLost.length > 0 ? [`ownership lost: ${ownershipLost.join()}`] : []),
    ...(recoveredMs === undefined ? [`10 s later: ${remains}`] : []),
  ];
}
