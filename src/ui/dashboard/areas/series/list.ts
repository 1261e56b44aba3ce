/** The list of series, and what visible ones have done lately. */

import { request } from "../../../http.ts";
import { int64From, numberFrom } from "./answer.ts";

export const orders = ["tag", "rate", "silent"] as const;
export type Order = (typeof orders)[number];

export interface ListedSeries {
  readonly tag: string;
  readonly rate: number;
  readonly last: Last | undefined;
}

export interface Last {
  readonly timeNs: bigint;
  readonly values: readonly number[];
}

export interface SeriesPage {
  readonly series: readonly ListedSeries[];
  /** As `after`, gives those that follow. */
  readonly next: string | undefined;
  readonly nowNs: bigint;
}

export interface ListQuery {
  readonly prefix?: string;
  readonly q?: string;
  readonly sort?: Order;
  readonly after?: string;
  readonly limit: number;
}

interface GivenSeries {
  readonly tag: string;
  readonly rate: unknown;
  readonly last: { readonly time: unknown; readonly values: readonly unknown[] } | null;
}

/** Throws `Refused`. */
export async function listSeries(
  { prefix, q, sort, after, limit }: ListQuery,
  signal?: AbortSignal,
): Promise<SeriesPage> {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries({ prefix, q, sort, after })) {
    if (value !== undefined && value !== "") query.set(name, value);
  }
  interface Given {
    readonly now: unknown;
    readonly series: readonly GivenSeries[];
    readonly next: string | null;
  }
  const init = signal === undefined ? {} : { signal };
  const { now, series, next } = await request<Given>(`/v1/series?${query}`, init);
  return {
    series: series.map(listedFrom),
    next: next ?? undefined,
    nowNs: int64From(now),
  };
}

function listedFrom({ tag, rate, last }: GivenSeries): ListedSeries {
  return {
    tag,
    rate: numberFrom(rate),
    last:
      last === null
        ? undefined
        : { timeNs: int64From(last.time), values: last.values.map(numberFrom) },
  };
}

export interface Recent extends ListedSeries {
  /** Measurements of each ten seconds of ten minutes, the oldest first. */
  readonly counts: readonly number[];
  /** The 99th percentile of the pauses between its newest measurements, and their median. */
  readonly pauseNs: bigint | undefined;
  readonly medianPauseNs: bigint | undefined;
}

export interface RecentAnswer {
  readonly nowNs: bigint;
  readonly series: readonly Recent[];
}

/** Of a hundred tags at most. Throws `Refused`. */
export async function readRecent(
  tags: readonly string[],
  signal?: AbortSignal,
): Promise<RecentAnswer> {
  interface Given {
    readonly now: unknown;
    readonly series: readonly (GivenSeries & {
      readonly counts: readonly number[];
      readonly pauses: { readonly p50: unknown; readonly p99: unknown } | null;
    })[];
  }
  const { now, series } = await request<Given>("/v1/series-recent", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tags }),
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    nowNs: int64From(now),
    series: series.map(({ counts, pauses, ...listed }) => ({
      ...listedFrom(listed),
      counts,
      pauseNs: pauses === null ? undefined : int64From(pauses.p99),
      medianPauseNs: pauses === null ? undefined : int64From(pauses.p50),
    })),
  };
}
