/**
 * `sluice bench access`: an open and a closed gateway by turns in one run, so that what else the machine
 * does meets both.
 */

import { Progress } from "../../src/cli/terminal/progress.ts";
import type { Environment, Runtime } from "../../src/runtime/runtime.ts";
import { buildLoader, type CollectLoad } from "../collect/loader.ts";
import { type CollectMeasured, measureCollect } from "../collect/measure.ts";
import { type CollectServer, startCollector, startStreamFloor } from "../collect/servers.ts";
import type { LogChoice } from "../program.ts";
import { renderAccess } from "./report.ts";
import { measureEvents, measureSaves, type RequestsMeasured } from "./requests.ts";
import { type FanoutMeasured, measureFanout } from "./subscribers.ts";
import { type AccessOptions, type Figure, type Round, summarizeAccess } from "./summary.ts";

const connections = 50;

/** Exits with 1 when a record was lost. */
export async function benchAccess(runtime: Runtime, options: AccessOptions): Promise<void> {
  await buildLoader();
  await using stack = new AsyncDisposableStack();
  runtime.onStop(() => void stack.disposeAsync().finally(() => runtime.exit(130)));
  const { open, closed, floor } = await startServers(runtime.environment, options.log, stack);
  const progress = new Progress(runtime);
  const rounds: Round[] = [];
  const floors: number[] = [];
  const total = options.rounds + 1;
  for (let i = 0; i < total; i++) {
    progress.show("turns".padEnd(24), i, total);
    floors.push(rateOf(await measureCollect(floor, streams(options), () => {})));
    // Each begins as often as the other.
    const order = i % 2 === 0 ? [open, closed] : [closed, open];
    const turns = new Map<CollectServer, Readonly<Record<string, Figure>>>();
    for (const server of order) turns.set(server, await turn(server, options));
    // The first round warms both up.
    if (i > 0) rounds.push({ open: turns.get(open) ?? {}, closed: turns.get(closed) ?? {} });
  }
  progress.show("turns".padEnd(24), total, total);
  const summary = summarizeAccess(options, rounds, floors.slice(1));
  runtime.print(options.json ? `${JSON.stringify(summary)}\n` : renderAccess(summary));
  await stack.disposeAsync();
  // This command handles the stop signals itself, so it must end the process itself.
  runtime.exit(summary.ok ? 0 : 1);
}

interface Servers {
  readonly open: CollectServer;
  readonly closed: CollectServer;
  readonly floor: CollectServer;
}

async function startServers(
  environment: Environment,
  log: LogChoice,
  stack: AsyncDisposableStack,
): Promise<Servers> {
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  return {
    floor: stack.use(await startStreamFloor("bench")),
    open: stack.use(await startCollector(environment, log, "bench")),
    closed: stack.use(await startCollector(environment, log, "bench", key)),
  };
}

/** Each of the loads once, on new topics. */
async function turn(
  server: CollectServer,
  options: AccessOptions,
): Promise<Readonly<Record<string, Figure>>> {
  const on = () => ({ ...server, topic: `bench-${crypto.randomUUID()}` });
  const { calls, subscribers, events } = options;
  const streamed = await measureCollect(on(), streams(options), () => {});
  const unary = {
    connections,
    records: calls,
    batch: 1,
    method: "publish",
    callsAtOnce: 8,
  } as const;
  const called = await measureCollect(on(), unary, () => {});
  const delivered = await measureFanout(on(), { subscribers, events });
  const saved = await measureSaves(server, options.seconds);
  const told = await measureEvents(server, options.seconds);
  return {
    collect: figureOf(streamed, options.records),
    publish: figureOf(called, calls),
    subscribe: deliveries(delivered, subscribers * events),
    save: answers(saved),
    events: answers(told),
  };
}

function streams({ records }: AccessOptions): CollectLoad {
  return { connections, records, batch: 1, method: "collect", callsAtOnce: 1 };
}

function rateOf({ load }: CollectMeasured): number {
  return load.accepted / load.seconds;
}

function figureOf(measured: CollectMeasured, expected: number): Figure {
  const { load, counted, cpuSeconds } = measured;
  return {
    perSecond: rateOf(measured),
    perCpuSecond: load.accepted / (cpuSeconds ?? Number.NaN),
    isWhole: load.accepted === expected && (counted ?? expected) === expected,
  };
}

function answers({ load, cpuSeconds }: RequestsMeasured): Figure {
  return {
    perSecond: load.acknowledged / load.seconds,
    perCpuSecond: load.acknowledged / (cpuSeconds ?? Number.NaN),
    isWhole: load.acknowledged > 0 && load.refused + load.broken === 0,
  };
}

function deliveries({ delivered, seconds, cpuSeconds }: FanoutMeasured, expected: number): Figure {
  return {
    perSecond: delivered / seconds,
    perCpuSecond: delivered / (cpuSeconds ?? Number.NaN),
    isWhole: delivered === expected,
  };
}
