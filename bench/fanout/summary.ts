/** The result as one JSON object (`--json`); the report for people is rendered from it. */

import { availableParallelism } from "node:os";
import { byFloor, rounded, spread } from "../figures.ts";
import type { Runs } from "../runs.ts";
import type { Idle, Measured } from "./measure.ts";
import type { FanoutOptions } from "./options.ts";

/** A figure that is not known is null. */
export interface FanoutSummary {
  readonly bench: "fanout";
  readonly ok: boolean;
  readonly cores: number;
  readonly transport: string;
  readonly log: string;
  readonly subscribers: number;
  readonly slow: number;
  readonly events: number;
  readonly rate: number;
  readonly batch: number;
  readonly bytes: number;
  readonly runs: Readonly<Record<keyof Runs<unknown>, RunSummary>>;
  readonly ratios: {
    readonly deliveries_per_cpu_s: number | null;
    readonly p99: number | null;
    readonly complete: number | null;
    /** The better floor's deliveries per CPU second divided by the other's: 1 on a quiet machine. */
    readonly floor_spread: number | null;
  };
}

export interface RunSummary {
  readonly publish_s: number;
  readonly complete_s: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Number of subscribers that the server closed before they had everything. */
  readonly dropped: number;
  readonly dropped_why: string;
  readonly slow_closed: number;
  readonly latency_ms: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
    /** How many took at most `le` milliseconds and more than the step before. */
    readonly histogram: readonly { readonly le: number; readonly count: number }[];
  };
  readonly cpu_s: number | null;
  readonly deliveries_per_cpu_s: number | null;
  readonly postgres_cpu_s: number | null;
  readonly rss_bytes: number | null;
  readonly bytes_per_subscriber: number | null;
  /** CPU seconds of the subscribers' process; `publisher_cpu_s`: of the publisher's. */
  readonly load_cpu_s: number;
  readonly publisher_cpu_s: number;
}

export interface IdleSummary {
  readonly bench: "fanout";
  readonly idle: number;
  readonly transport: string;
  readonly log: string;
  readonly runs: Readonly<Record<keyof Runs<unknown>, IdleRunSummary>>;
}

export interface IdleRunSummary {
  readonly open: number;
  readonly rss_bytes: number | null;
  readonly bytes_per_subscriber: number | null;
}

export function summarizeFanout(
  { load, schedule, transport, log, gateway: given }: FanoutOptions,
  { floor, gateway, floorAgain }: Runs<Measured>,
): FanoutSummary {
  const runs = {
    floor: summarize(floor),
    gateway: summarize(gateway),
    floorAgain: summarize(floorAgain),
  };
  const floors = [runs.floor, runs.floorAgain];
  const perCpu = floors.map((run) => run.deliveries_per_cpu_s);
  return {
    bench: "fanout",
    // A floor that loses events has measured nothing.
    ok: Object.values(runs).every(({ lost, duplicates }) => lost === 0 && duplicates === 0),
    cores: availableParallelism(),
    transport,
    log: given === undefined ? log : "unknown",
    ...load,
    ...schedule,
    runs,
    ratios: {
      deliveries_per_cpu_s: byFloor(runs.gateway.deliveries_per_cpu_s, perCpu),
      p99: byFloor(
        runs.gateway.latency_ms.p99,
        floors.map((run) => run.latency_ms.p99),
      ),
      complete: byFloor(
        runs.gateway.complete_s,
        floors.map((run) => run.complete_s),
      ),
      floor_spread: spread(perCpu),
    },
  };
}

export function summarizeIdle(
  { load, transport, log, gateway: given }: FanoutOptions,
  { floor, gateway, floorAgain }: Runs<Idle>,
): IdleSummary {
  const run = ({ open, residentBytes, bytesPerSubscriber }: Idle): IdleRunSummary => ({
    open,
    rss_bytes: residentBytes ?? null,
    bytes_per_subscriber: rounded(bytesPerSubscriber, 0),
  });
  return {
    bench: "fanout",
    idle: load.subscribers,
    transport,
    log: given === undefined ? log : "unknown",
    runs: { floor: run(floor), gateway: run(gateway), floorAgain: run(floorAgain) },
  };
}

function summarize(run: Measured): RunSummary {
  const { load, published } = run;
  const { p50, p90, p99, max, steps } = load.latencies;
  return {
    publish_s: rounded(published.seconds, 3) ?? 0,
    complete_s: rounded(run.completeSeconds, 3) ?? 0,
    delivered: load.delivered,
    lost: load.lost,
    duplicates: load.duplicates,
    dropped: load.dropped,
    dropped_why: load.droppedWhy,
    slow_closed: load.slowClosed,
    latency_ms: { p50, p90, p99, max, histogram: steps },
    cpu_s: rounded(run.cpuSeconds, 2),
    deliveries_per_cpu_s: rounded(load.delivered / (run.cpuSeconds ?? Number.NaN), 0),
    postgres_cpu_s: rounded(run.childrenCpuSeconds, 2),
    rss_bytes: run.residentBytes ?? null,
    bytes_per_subscriber: rounded(run.bytesPerSubscriber, 0),
    load_cpu_s: rounded(load.cpuSeconds, 2) ?? 0,
    publisher_cpu_s: rounded(published.cpuSeconds, 2) ?? 0,
  };
}
