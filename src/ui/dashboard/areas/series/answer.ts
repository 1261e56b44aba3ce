/** Series as the gateway answers them, with times as bigints. */

import { Refused, request } from "../../../http.ts";
import type { Fill, Shown } from "./view.ts";

/** One point of a line's answer, with what it was taken from. */
export interface Point {
  readonly timeNs: bigint;
  /** Of an aggregate: the cell `[from, to)` and how many measurements it has. */
  readonly fromNs: bigint | undefined;
  readonly count: number | undefined;
  /** Of `last`: when it was measured. */
  readonly atNs: bigint | undefined;
  readonly values: readonly (number | null)[] | null;
}

export interface BandCell {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly count: number;
  readonly min: readonly (number | null)[] | null;
  readonly max: readonly (number | null)[] | null;
}

export interface SeriesAnswer {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly nowNs: bigint;
  /** What came before is in the answer. */
  readonly untilNs: bigint;
  readonly points: readonly Point[];
  readonly band: readonly BandCell[];
}

export interface Asked {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly points: number;
  readonly fill: Fill;
}

/** Narrower cells are computed from single measurements, of which a query reads a million. */
const rolledUpNs = 20_000_000_000n;

/**
 * A series over a range. Where it has too many measurements for narrow cells, cells are wider. Throws
 * `Refused`.
 */
export async function readSeries(
  shown: Shown,
  asked: Asked,
  signal?: AbortSignal,
): Promise<SeriesAnswer> {
  try {
    return await readOnce(shown, asked, signal);
  } catch (error) {
    const points = Number((asked.endNs - asked.startNs) / rolledUpNs);
    const isTooFine = error instanceof Refused && /cells of 20 s/.test(error.message);
    if (!isTooFine || points < 2 || points >= asked.points) throw error;
    return await readOnce(shown, { ...asked, points }, signal);
  }
}

async function readOnce(
  { tag, columns, agg, of }: Shown,
  { startNs, endNs, points, fill }: Asked,
  signal: AbortSignal | undefined,
): Promise<SeriesAnswer> {
  const isPlotted = agg === "lttb";
  const query = new URLSearchParams({
    ...{ tag, start: String(startNs), end: String(endNs), points: String(points) },
    ...{ agg, fill: isPlotted ? "null" : fill, band: String(!isPlotted) },
  });
  const picked = isPlotted ? columns.slice(0, 1) : columns;
  if (picked.length > 0) query.set("columns", picked.join(","));
  if (agg === "moving") query.set("window", of);
  if (agg === "weighted") query.set("weight", of);
  const init = signal === undefined ? {} : { signal };
  return answerFrom(await request<Readonly<Record<string, unknown>>>(`/v1/samples?${query}`, init));
}

type Members = Readonly<Record<string, unknown>>;

export function answerFrom(given: Members): SeriesAnswer {
  return {
    startNs: int64From(given["start"]),
    endNs: int64From(given["end"]),
    nowNs: int64From(given["now"]),
    untilNs: int64From(given["queryable_until"]),
    points: membersOf(given["points"]).map((point) => ({
      timeNs: int64From(point["time"]),
      fromNs: optionalInt64(point["from"]),
      count: point["count"] === undefined ? undefined : numberFrom(point["count"]),
      atNs: optionalInt64(point["at"]),
      values: valuesFrom(point["values"]),
    })),
    band: membersOf(given["band"] ?? []).map((cell) => ({
      fromNs: int64From(cell["from"]),
      toNs: int64From(cell["to"]),
      count: numberFrom(cell["count"]),
      min: valuesFrom(cell["min"]),
      max: valuesFrom(cell["max"]),
    })),
  };
}

function membersOf(list: unknown): readonly Members[] {
  return list as readonly Members[];
}

function valuesFrom(list: unknown): readonly (number | null)[] | null {
  if (list === null) return null;
  return (list as readonly unknown[]).map((value) => (value === null ? null : numberFrom(value)));
}

/** `parseJson` leaves all but small integers as they are written. */
export function int64From(value: unknown): bigint {
  return BigInt(sourceOf(value));
}

function optionalInt64(value: unknown): bigint | undefined {
  return value === undefined || value === null ? undefined : int64From(value);
}

/** A float64, which JavaScript's numbers are. */
export function numberFrom(value: unknown): number {
  return typeof value === "number" ? value : Number(sourceOf(value));
}

function sourceOf(value: unknown): string {
  const { rawJSON } = Object(value) as { rawJSON?: string };
  return rawJSON ?? String(value);
}
