/** The result as one JSON object (`--json`); the report for people is rendered from it. */

import { availableParallelism } from "node:os";
import { byFloor, rounded, spread } from "../figures.ts";
import type { LogChoice } from "../program.ts";
import type { Runs } from "../runs.ts";
import type { SaveMeasured } from "./measure.ts";
import type { SaveOptions } from "./options.ts";

/** A figure that is not known is null. */
export interface SaveSummary {
  readonly bench: "save";
  /** Everything was acknowledged and stored, and not more than was in flight at the end. */
  readonly ok: boolean;
  readonly cores: number;
  readonly log: LogChoice;
  readonly by: "wrk" | "own";
  readonly connections: number;
  readonly tags: number;
  readonly runs: Readonly<Record<keyof Runs<unknown>, SaveRunSummary>>;
  /** The gateway's figure divided by the mean of both floors'. */
  readonly ratios: {
    readonly requests_per_s: number | null;
    readonly requests_per_cpu_s: number | null;
    /** The faster floor divided by the slower: 1 on a quiet machine. */
    readonly floor_spread: number | null;
  };
}

export interface SaveRunSummary {
  readonly seconds: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly broken: number;
  /** Number of rows in the store afterwards. */
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
  const perSecond = floors.map(({ requests_per_s }) => requests_per_s);
  const perCpu = floors.map(({ requests_per_cpu_s }) => requests_per_cpu_s);
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
      requests_per_s: byFloor(runs.gateway.requests_per_s, perSecond),
      requests_per_cpu_s: byFloor(runs.gateway.requests_per_cpu_s, perCpu),
      floor_spread: spread(perSecond),
    },
  };
}

/** wrk stops without waiting for the last answer of each connection, so one more request of each may be stored. */
function isWhole(run: SaveRunSummary, connections: number): boolean {
  const { acknowledged, refused, broken, stored } = run;
  if (acknowledged === 0 || refused > 0 || broken > 0) return false;
  return stored === null || (stored >= acknowledged && stored <= acknowledged + connections);
}

function summarize(run: SaveMeasured): SaveRunSummary {
  const { seconds, acknowledged, refused, broken, latencyMs } = run.load;
  return {
    seconds: rounded(seconds, 3) ?? 0,
    acknowledged,
    refused,
    broken,
    stored: run.stored ?? null,
    requests_per_s: rounded(acknowledged / seconds, 0),
    latency_ms: { p50: latencyMs.p50, p99: latencyMs.p99, max: latencyMs.max },
    cpu_s: rounded(run.cpuSeconds, 2),
    requests_per_cpu_s: rounded(acknowledged / (run.cpuSeconds ?? Number.NaN), 0),
    postgres_cpu_s: rounded(run.childrenCpuSeconds, 2),
    peak_bytes: run.peakBytes ?? null,
  };
}
