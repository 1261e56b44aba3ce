/** One caller at a steady rate, by turns alone and beside another that floods; from the time when each request was due. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Progress } from "../../src/cli/terminal/progress.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { Latencies } from "../latencies.ts";
import { type LogChoice, startGatewayProgram } from "../program.ts";
import { renderFlood } from "./report.ts";
import { type FloodTurn, summarizeFlood } from "./summary.ts";

export interface FloodOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly log: LogChoice;
  readonly json: boolean;
}

const limitPerSecond = 100;
const floodFactor = 20;
const steadyPerSecond = 50;
const recordsPerRequest = 20;
/** The flood's first second is its burst, which is allowed. */
const burstMs = 1500;

/** Exits with 1 when a request of the steady caller failed. */
export async function benchFlood(runtime: Runtime, options: FloodOptions): Promise<void> {
  await using stack = new AsyncDisposableStack();
  runtime.onStop(() => void stack.disposeAsync().finally(() => runtime.exit(130)));
  const admin = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  const program = await startGatewayProgram(runtime.environment, options.log, {
    SLUICE_ADMIN_KEY: admin,
    SLUICE_CALLER_REQUESTS_PER_SECOND: String(limitPerSecond),
  });
  stack.defer(() => program.stop());
  const url = program.urls[0] ?? "";
  const steady = await createKey(url, admin, "steady");
  const flooder = await createKey(url, admin, "flooder");
  const progress = new Progress(runtime);
  const turns: { calm: FloodTurn; flooded: FloodTurn }[] = [];
  // The first round warms up.
  for (let i = 0; i <= options.rounds; i++) {
    progress.show("turns".padEnd(24), i, options.rounds + 1);
    const calm = await measure(url, steady, options.seconds);
    const child = startFlooder(`${url}/v1/topics/flood/records`, flooder);
    stack.defer(() => void child.kill());
    await sleep(burstMs);
    const flooded = await measure(url, steady, options.seconds);
    const ended = once(child, "exit");
    child.kill();
    await ended;
    await sleep(burstMs);
    if (i > 0) turns.push({ calm, flooded });
  }
  progress.show("turns".padEnd(24), options.rounds + 1, options.rounds + 1);
  const summary = summarizeFlood(options.log, turns);
  runtime.print(options.json ? `${JSON.stringify(summary)}\n` : renderFlood(summary));
  await stack.disposeAsync();
  runtime.exit(summary.ok ? 0 : 1);
}

/** In its own process: requests of one process share the thread that sends them. */
function startFlooder(url: string, key: string): ChildProcess {
  const path = fileURLToPath(new URL("flooder.ts", import.meta.url));
  return spawn(process.execPath, [path, url, String(limitPerSecond * floodFactor)], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, SLUICE_KEY: key },
  });
}

async function createKey(url: string, admin: string, name: string): Promise<string> {
  const response = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}` },
    body: JSON.stringify({ name, grants: ["append topic:*"] }),
  });
  if (response.status !== 201) throw new Error(`Cannot create a key: ${await response.text()}`);
  return ((await response.json()) as { readonly key: string }).key;
}

async function measure(url: string, key: string, seconds: number): Promise<FloodTurn> {
  const latencies = new Latencies([]);
  const body = JSON.stringify(Array.from({ length: recordsPerRequest }, (_, n) => ({ n })));
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  let failed = 0;
  const running: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let i = 0; i < seconds * steadyPerSecond; i++) {
    const dueMs = startedMs + (i * 1000) / steadyPerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const send = async () => {
      const response = await fetch(`${url}/v1/topics/steady/records`, {
        method: "POST",
        body,
        headers,
      });
      await response.arrayBuffer();
      if (!response.ok) failed++;
      latencies.record((performance.now() - dueMs) * 1000);
    };
    running.push(send().catch(() => void failed++));
  }
  await Promise.all(running);
  const { p50, p99, max } = latencies.summary();
  return { p50, p99, max, failed };
}
