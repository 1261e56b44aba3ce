/** What was measured as one JSON object, `--json`, and what the report for people is made of. */
import { availableParallelism } from "node:os";
import type { LogChoice } from "../program.ts";
import type { Runs } from "../runs.ts";
import type { SaveMeasured } from "./measure.ts";
import type { SaveOptions } from "./options.ts";

/** A figure that cannot be had is null. */
export interface SaveSummary {
  readonly bench: "save";
  /** All was acknowledged, and the store has it, and no more than was on its way in the end. */
  readonly ok: boolean;
  readonly cores: number;
  readonly log: LogChoice;
  readonly by: "wrk" | "own";
  readonly connections: number;
  readonly tags: number;
  readonly runs: Readonly<Record<keyof Runs<unknown>, SaveRunSummary>>;
  /** The gateway by the mean of both floors. */
  readonly ratios: {
    readonly requests_per_s: number | null;
    readonly requests_per_cpu_s: number | null;
    /** The faster floor by the slower: 1 on a quiet machine. */
    readonly floor_spread: number | null;
  };
}

export interface SaveRunSummary {
  readonly seconds: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly broken: number;
  /** Rows in the store afterwards. */
  readonly stored: number | null;
  readonly requests_per_s: number | null;
  readonly latency_ms: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly cpu_s: number | null;
  readonly requests_per_cpu_s: number | null;
  readonly postgres_cpu_s: number | null;
  readonly peak_bytes: number | null;
}

export function summarizeSave(
  { load: { connections, tags }, log }: SaveOptions,
  { floor, gateway, floorAgain }: Runs<SaveMeasured>,
): SaveSummary {
  const runs = {
    floor: summarize(floor),
    gateway: summarize(gateway),
    floorAgain: summarize(floorAgain),
  };
  const floors = [runs.floor, runs.floorAgain];
  const speeds = floors.map(({ requests_per_s }) => requests_per_s ?? Number.NaN);
  const perCpu = floors.map(({ requests_per_cpu_s }) => requests_per_cpu_s ?? Number.NaN);
  return {
    bench: "save",
    ok: Object.values(runs).every((run) => isWhole(run, connections)),
    cores: availableParallelism(),
    log,
    by: gateway.load.by,
    connections,
    tags,
    runs,
    ratios: {
      requests_per_s: rounded((runs.gateway.requests_per_s ?? Number.NaN) / mean(speeds), 3),
      requests_per_cpu_s: rounded(
        (runs.gateway.requests_per_cpu_s ?? Number.NaN) / mean(perCpu),
        3,
      ),
      floor_spread: rounded(Math.max(...speeds) / Math.min(...speeds), 3),
    },
  };
}

/** One request of each connection may be stored and its answer not waited for: wrk's time is over. */
function isWhole(run: SaveRunSummary, connections: number): boolean {
  const { acknowledged, refused, broken, stored } = run;
  if (acknowledged === 0 || refused > 0 || broken > 0) return false;
  return stored === null || (stored >= acknowledged && stored <= acknowledged + connections);
}

function summarize(run: SaveMeasured): SaveRunSummary {
  const { seconds, acknowledged, refused, broken, p50Us, p99Us, maxUs } = run.load;
  return {
    seconds: rounded(seconds, 3) ?? 0,
    acknowledged,
    refused,
    broken,
    stored: run.stored ?? null,
    requests_per_s: rounded(acknowledged / seconds, 0),
    latency_ms: { p50: p50Us / 1e3, p99: p99Us / 1e3, max: maxUs / 1e3 },
    cpu_s: rounded(run.cpuSeconds, 2),
    requests_per_cpu_s: rounded(acknowledged / (run.cpuSeconds ?? Number.NaN), 0),
    postgres_cpu_s: rounded(run.childrenCpuSeconds, 2),
    peak_bytes: run.peakBytes ?? null,
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
