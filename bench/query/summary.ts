/** What was measured as one JSON object, `--json`, and what the report for people is made of. */
import { availableParallelism } from "node:os";
import type { MeasurementTally } from "../../src/cli/simulate/measurements-tally.ts";
import type { Histogram } from "../histogram.ts";
import type { ClientsResult } from "./clients.ts";
import type { QueryOptions } from "./options.ts";
import type { ReadBackResult } from "./read-back.ts";
import type { Used } from "./servers.ts";

export interface QueryMeasured {
  readonly tally: MeasurementTally;
  readonly asked: ClientsResult;
  readonly back: ReadBackResult;
  /** How many measurements the store has to have. */
  readonly wanted: number;
  readonly stored: number | undefined;
  /** What is wrong with an answer. */
  readonly wrong: string | undefined;
  readonly usedBefore: Used;
  readonly used: Used;
}

/** A figure that cannot be had is null. */
export interface QuerySummary {
  readonly bench: "query";
  readonly ok: boolean;
  readonly cores: number;
  readonly log: string;
  readonly profile: string;
  readonly rate: number;
  readonly tags: number;
  readonly clients: number;
  readonly queries_per_s: number;
  readonly preloaded: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly sent_again: number;
  /** Preloaded, acknowledged and read back: what the store has to have, and what it has. */
  readonly wanted: number;
  readonly stored: number | null;
  readonly queries: {
    readonly answered: number;
    readonly failed: number;
    readonly why: string;
    readonly latency_ms: Quantiles;
    /** By seed 002's bounds in milliseconds; those that took at most so long, and more than the one before. */
    readonly histogram: Readonly<Record<"10" | "50" | "99" | "100+", number>>;
  };
  readonly read_back: {
    readonly written: number;
    readonly at_once: number;
    readonly failed: number;
    readonly why: string;
    readonly lag_ms: Quantiles;
    readonly histogram: readonly { readonly le: number; readonly count: number }[];
  };
  readonly verified: number;
  readonly wrong: string | null;
  readonly gateway_cpu_s: number | null;
  readonly postgres_cpu_s: number | null;
  readonly peak_bytes: number | null;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const lagStepsMs = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, Infinity];

export function summarizeQuery(options: QueryOptions, measured: QueryMeasured): QuerySummary {
  const { tally, asked, back, wanted, stored, wrong, usedBefore, used } = measured;
  const ok =
    tally.acknowledged === tally.sent &&
    (stored ?? wanted) === wanted &&
    asked.failed + back.failed === 0 &&
    wrong === undefined;
  return {
    bench: "query",
    ok,
    cores: availableParallelism(),
    log: options.url === undefined ? options.log : "unknown",
    profile: options.profile,
    rate: options.rate,
    tags: options.tags,
    clients: options.clients,
    queries_per_s: options.queries,
    preloaded: options.preload,
    sent: tally.sent,
    acknowledged: tally.acknowledged,
    refused: tally.refused,
    sent_again: tally.retries,
    wanted,
    stored: stored ?? null,
    queries: {
      answered: asked.latencies.total,
      failed: asked.failed,
      why: asked.failure,
      latency_ms: quantiles(asked.latencies),
      histogram: {
        10: within(asked.latencies, -1, 10),
        50: within(asked.latencies, 10, 50),
        99: within(asked.latencies, 50, 99),
        "100+": within(asked.latencies, 99, Infinity),
      },
    },
    read_back: {
      written: back.written,
      at_once: back.atOnce,
      failed: back.failed,
      why: back.failure,
      lag_ms: quantiles(back.lags),
      histogram: lagStepsMs.map((le, i) => ({
        le: le === Infinity ? back.lags.max / 1e3 : le,
        count: within(back.lags, lagStepsMs[i - 1] ?? -1, le),
      })),
    },
    verified: wrong === undefined ? options.verify : 0,
    wrong: wrong ?? null,
    gateway_cpu_s: difference(used.cpuSeconds, usedBefore.cpuSeconds),
    postgres_cpu_s: difference(used.childrenCpuSeconds, usedBefore.childrenCpuSeconds),
    peak_bytes: used.peakBytes ?? null,
  };
}

function quantiles(histogram: Histogram): Quantiles {
  return {
    p50: histogram.quantile(0.5) / 1e3,
    p99: histogram.quantile(0.99) / 1e3,
    max: histogram.max / 1e3,
  };
}

function within(histogram: Histogram, fromMs: number, toMs: number): number {
  return histogram.between(fromMs * 1e3, toMs * 1e3);
}

function difference(to: number | undefined, from: number | undefined): number | null {
  return to === undefined || from === undefined ? null : Number((to - from).toFixed(2));
}
