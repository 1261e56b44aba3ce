/** The result as one JSON object (`--json`); the report for people is rendered from it. */

import { availableParallelism } from "node:os";
import { byFloor, rounded, spread } from "../figures.ts";
import type { Runs } from "../runs.ts";
import type { CollectMeasured } from "./measure.ts";
import type { CollectOptions } from "./options.ts";

/** A figure that is not known is null. */
export interface CollectSummary {
  readonly bench: "collect";
  /** Every record was accepted, and the log contains as many, where it was counted. */
  readonly ok: boolean;
  readonly cores: number;
  readonly log: string;
  readonly method: "collect" | "publish";
  readonly connections: number;
  readonly records: number;
  /** Number of records per message or call. */
  readonly batch: number;

  readonly runs: Readonly<Record<keyof Runs<unknown>, CollectRunSummary>>;
  /** The gateway's figure divided by the mean of both floors'. */
  readonly ratios: {
    readonly records_per_s: number | null;
    readonly records_per_cpu_s: number | null;
    /** The faster floor divided by the slower: 1 on a quiet machine. */
    readonly floor_spread: number | null;
  };
}

export interface CollectRunSummary {
  readonly seconds: number;
  readonly accepted: number;
  readonly refused: number;
  /** Number of records in the log afterwards. */
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
  const perSecond = floors.map(({ records_per_s }) => records_per_s);
  const perCpu = floors.map(({ records_per_cpu_s }) => records_per_cpu_s);
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
      records_per_s: byFloor(runs.gateway.records_per_s, perSecond),
      records_per_cpu_s: byFloor(runs.gateway.records_per_cpu_s, perCpu),
      floor_spread: spread(perSecond),
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
