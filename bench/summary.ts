/** What was measured as one JSON object, `--json`, and what the report for people is made of. */
import { availableParallelism } from "node:os";
import type { Idle, Measured } from "./measure.ts";
import type { FanoutOptions } from "./options.ts";
import type { Runs } from "./runs.ts";

/** `floor` is the mean of both floors; a figure that cannot be had is null. */
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
    /** The larger of both floors' deliveries per CPU second by the smaller: 1 on a quiet machine. */
    readonly floor_spread: number | null;
  };
}

export interface RunSummary {
  readonly publish_s: number;
  readonly complete_s: number;
  readonly delivered: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Subscribers that the server closed before they had everything. */
  readonly dropped: number;
  readonly dropped_why: string;
  readonly slow_closed: number;
  readonly latency_ms: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
    /** How many took at most `le`, and more than the one before. */
    readonly histogram: readonly { readonly le: number; readonly count: number }[];
  };
  readonly cpu_s: number | null;
  readonly deliveries_per_cpu_s: number | null;
  readonly postgres_cpu_s: number | null;
  readonly rss_bytes: number | null;
  readonly bytes_per_subscriber: number | null;
  /** CPU seconds of the subscribers' process and of the publisher's. */
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

const stepsMs = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, Infinity];

export function summarizeFanout(
  { load, schedule, transport, log, url }: FanoutOptions,
  { floor, gateway, floorAgain }: Runs<Measured>,
): FanoutSummary {
  const runs = {
    floor: summarize(floor),
    gateway: summarize(gateway),
    floorAgain: summarize(floorAgain),
  };
  const floors = [runs.floor, runs.floorAgain];
  const perCpu = floors.map((run) => run.deliveries_per_cpu_s ?? Number.NaN);
  return {
    bench: "fanout",
    // A floor that loses events measured nothing either.
    ok: Object.values(runs).every(({ lost, duplicates }) => lost === 0 && duplicates === 0),
    cores: availableParallelism(),
    transport,
    log: url === undefined ? log : "unknown",
    ...load,
    ...schedule,
    runs,
    ratios: {
      deliveries_per_cpu_s: rounded(
        (runs.gateway.deliveries_per_cpu_s ?? Number.NaN) / mean(perCpu),
        3,
      ),
      p99: rounded(runs.gateway.latency_ms.p99 / mean(floors.map((run) => run.latency_ms.p99)), 3),
      complete: rounded(runs.gateway.complete_s / mean(floors.map((run) => run.complete_s)), 3),
      floor_spread: rounded(Math.max(...perCpu) / Math.min(...perCpu), 3),
    },
  };
}

export function summarizeIdle(
  { load, transport, log, url }: FanoutOptions,
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
    log: url === undefined ? log : "unknown",
    runs: { floor: run(floor), gateway: run(gateway), floorAgain: run(floorAgain) },
  };
}

function summarize(run: Measured): RunSummary {
  const { load, latencies, published } = run;
  const ms = (share: number) => latencies.quantile(share) / 1e3;
  let fromMs = -1;
  const histogram = stepsMs.map((le) => {
    const count = latencies.between(fromMs * 1e3, le * 1e3);
    fromMs = le;
    return { le: le === Infinity ? latencies.max / 1e3 : le, count };
  });
  return {
    publish_s: rounded(published.seconds, 3) ?? 0,
    complete_s: rounded(run.completeSeconds, 3) ?? 0,
    delivered: load.delivered,
    lost: load.lost,
    duplicates: load.duplicates,
    dropped: load.dropped,
    dropped_why: load.droppedWhy,
    slow_closed: load.slowClosed,
    latency_ms: { p50: ms(0.5), p90: ms(0.9), p99: ms(0.99), max: latencies.max / 1e3, histogram },
    cpu_s: rounded(run.cpuSeconds, 2),
    deliveries_per_cpu_s: rounded(load.delivered / (run.cpuSeconds ?? Number.NaN), 0),
    postgres_cpu_s: rounded(run.childrenCpuSeconds, 2),
    rss_bytes: run.residentBytes ?? null,
    bytes_per_subscriber: rounded(run.bytesPerSubscriber, 0),
    load_cpu_s: rounded(load.cpuSeconds, 2) ?? 0,
    publisher_cpu_s: rounded(published.cpuSeconds, 2) ?? 0,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Null for what is not known, or has no finite value: JSON has no other word for it. */
function rounded(value: number | undefined, digits: number): number | null {
  if (value === undefined || !Number.isFinite(value)) return null;
  return Number(value.toFixed(digits));
}
