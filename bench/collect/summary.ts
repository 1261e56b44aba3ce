/** What was measured as one JSON object, `--json`, and what the report for people is made of. */
import { availableParallelism } from "node:os";
import type { CollectMeasured } from "./measure.ts";
import type { CollectOptions } from "./options.ts";
import type { Runs } from "../runs.ts";

/** A figure that cannot be had is null. */
export interface CollectSummary {
  readonly bench: "collect";
  /** Every record was accepted, and the log has as many, where it was counted. */
  readonly ok: boolean;
  readonly cores: number;
  readonly log: string;
  readonly method: "collect" | "publish";
  readonly connections: number;
  readonly records: number;
  /** Records of one message or call. */
  readonly batch: number;

  readonly runs: Readonly<Record<keyof Runs<unknown>, CollectRunSummary>>;
  /** The gateway by the mean of both floors. */
  readonly ratios: {
    readonly records_per_s: number | null;
    readonly records_per_cpu_s: number | null;
    /** The faster floor by the slower: 1 on a quiet machine. */
    readonly floor_spread: number | null;
  };
}

export interface CollectRunSummary {
  readonly seconds: number;
  readonly accepted: number;
  readonly refused: number;
  /** In the log afterwards. */
  readonly counted: number | null;
  readonly records_per_s: number | null;
  readonly cpu_s: number | null;
  readonly records_per_cpu_s: number | null;
  readonly postgres_cpu_s: number | null;
  readonly peak_bytes: number | null;
  readonly load_cpu_s: number;
}

export function summarizeCollect(
  { load, log, grpc }: CollectOptions,
  { floor, gateway, floorAgain }: Runs<CollectMeasured>,
): CollectSummary {
  const runs = {
    floor: summarize(floor),
    gateway: summarize(gateway),
    floorAgain: summarize(floorAgain),
  };
  const { connections, records, batch, method } = load;
  const all = [runs.floor, runs.gateway, runs.floorAgain];
  const floors = [runs.floor, runs.floorAgain];
  const speeds = floors.map(({ records_per_s }) => records_per_s ?? Number.NaN);
  return {
    bench: "collect",
    ok: all.every(
      ({ accepted, counted }) => accepted === records && (counted ?? records) === records,
    ),
    cores: availableParallelism(),
    log: grpc === undefined ? log : "unknown",
    method,
    connections,
    records,
    batch,
    runs,
    ratios: {
      records_per_s: rounded((runs.gateway.records_per_s ?? Number.NaN) / mean(speeds), 3),
      records_per_cpu_s: rounded(
        (runs.gateway.records_per_cpu_s ?? Number.NaN) /
          mean(floors.map(({ records_per_cpu_s }) => records_per_cpu_s ?? Number.NaN)),
        3,
      ),
      floor_spread: rounded(Math.max(...speeds) / Math.min(...speeds), 3),
    },
  };
}

function summarize(run: CollectMeasured): CollectRunSummary {
  const { seconds, accepted, refused, cpuSeconds: loadCpu } = run.load;
  return {
    seconds: rounded(seconds, 3) ?? 0,
    accepted,
    refused,
    counted: run.counted ?? null,
    records_per_s: rounded(accepted / seconds, 0),
    cpu_s: rounded(run.cpuSeconds, 2),
    records_per_cpu_s: rounded(accepted / (run.cpuSeconds ?? Number.NaN), 0),
    postgres_cpu_s: rounded(run.childrenCpuSeconds, 2),
    peak_bytes: run.peakBytes ?? null,
    load_cpu_s: rounded(loadCpu, 2) ?? 0,
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
