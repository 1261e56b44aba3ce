/** The result as one JSON object (`--json`); the report for people is rendered from it. */

import { availableParallelism } from "node:os";
import type { MeasurementTally } from "../../src/cli/simulate/measurements-tally.ts";
import { rounded } from "../figures.ts";
import type { LatencySummary } from "../latencies.ts";
import { type Usage, usageSince } from "../usage.ts";
import type { ClientsResult } from "./clients.ts";
import type { QueryOptions } from "./options.ts";
import type { ReadBackResult } from "./read-back.ts";

export interface QueryMeasured {
  readonly tally: MeasurementTally;
  readonly asked: ClientsResult;
  readonly back: ReadBackResult;
  /** Number of measurements that the store must contain. */
  readonly expected: number;
  readonly stored: number | undefined;
  /** What is wrong with the first wrong answer; undefined when all are right. */
  readonly wrong: string | undefined;
  readonly usedBefore: Usage;
  readonly used: Usage;
}

/** A figure that is not known is null. */
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
  /** Preloaded, acknowledged and read back: how many the store must contain, and how many it does. */
  readonly expected: number;
  readonly stored: number | null;
  readonly queries: {
    readonly answered: number;
    readonly failed: number;
    readonly why: string;
    readonly latency_ms: Quantiles;
    /** How many took at most so many milliseconds and more than the bound before. */
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

export function summarizeQuery(options: QueryOptions, measured: QueryMeasured): QuerySummary {
  const { tally, asked, back, expected, stored, wrong, usedBefore, used } = measured;
  const ok =
    tally.acknowledged === tally.sent &&
    (stored ?? expected) === expected &&
    asked.failed + back.failed === 0 &&
    wrong === undefined;
  const latencies = asked.latencies.summary();
  const [to10 = 0, to50 = 0, to99 = 0, more = 0] = latencies.steps.map(({ count }) => count);
  const lags = back.lags.summary();
  const { cpuSeconds, childrenCpuSeconds, peakBytes } = usageSince(usedBefore, used);
  return {
    bench: "query",
    ok,
    cores: availableParallelism(),
    log: options.gateway === undefined ? options.log : "unknown",
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
    expected,
    stored: stored ?? null,
    queries: {
      answered: latencies.count,
      failed: asked.failed,
      why: asked.failure,
      latency_ms: quantiles(latencies),
      histogram: { 10: to10, 50: to50, 99: to99, "100+": more },
    },
    read_back: {
      written: back.written,
      at_once: back.atOnce,
      failed: back.failed,
      why: back.failure,
      lag_ms: quantiles(lags),
      histogram: lags.steps,
    },
    verified: wrong === undefined ? options.verify : 0,
    wrong: wrong ?? null,
    gateway_cpu_s: rounded(cpuSeconds, 2),
    postgres_cpu_s: rounded(childrenCpuSeconds, 2),
    peak_bytes: peakBytes ?? null,
  };
}

function quantiles({ p50, p99, max }: LatencySummary): Quantiles {
  return { p50, p99, max };
}
