/** What a plot shows, as its address says it: everything that a reload must bring back. */

import { nsFromTime } from "../../kit/time-text.ts";

export const aggregates = [
  "mean",
  "last",
  "min",
  "max",
  "twa",
  "moving",
  "weighted",
  "lttb",
  "count",
] as const;
export type Aggregate = (typeof aggregates)[number];

export const fills = ["null", "previous", "linear", "none"] as const;
export type Fill = (typeof fills)[number];

export interface Shown {
  readonly tag: string;
  /** Columns of its values, from 0; empty: all. */
  readonly columns: readonly number[];
  readonly agg: Aggregate;
  /** The window of `moving` (`5m`), the weighing column of `weighted` (`2`); empty for the others. */
  readonly of: string;
}

export type Range =
  { readonly lastNs: bigint } | { readonly startNs: bigint; readonly endNs: bigint };

export interface PlotView {
  readonly shown: readonly Shown[];
  readonly range: Range;
  readonly fill: Fill;
  readonly isTable: boolean;
  readonly isLive: boolean;
}

const unitNs: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};
const lastDefault = "15m";
const rangeNsMin = 10n;
const int64Max = 2n ** 63n - 1n;

/** Undefined for what is not a duration above 0. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^(\d{1,15})(ns|us|ms|s|m|h|d)$/.exec(text);
  const ns = BigInt(match?.[1] ?? 0) * (unitNs[match?.[2] ?? ""] ?? 0n);
  return ns >= rangeNsMin && ns <= int64Max ? ns : undefined;
}

/** In the largest unit that divides it. */
export function renderDurationNs(ns: bigint): string {
  const unit = Object.entries(unitNs).findLast(([, size]) => ns % size === 0n);
  return unit === undefined ? `${ns}ns` : `${ns / unit[1]}${unit[0]}`;
}

const aggregatePattern = /^([a-z]+)(?::(\w{1,19}))?$/;

/** `<tag>~<columns>~<aggregate>`. A tag may contain `~`, so it is read from its end. */
export function parseShown(text: string): Shown {
  const [, tag, columns = "", last = ""] = /^(.+)~([\d,]*)~([a-z]+(?::\w+)?)$/su.exec(text) ?? [];
  const [, name = "", of = ""] = aggregatePattern.exec(last) ?? [];
  const agg = aggregates.find((each) => each === name);
  const indexes = columns === "" ? [] : columns.split(",").map(Number);
  const isRead = indexes.every((index) => Number.isInteger(index) && index < 64);
  if (tag === undefined || agg === undefined || !isRead) {
    return { tag: text, columns: [], agg: "mean", of: "" };
  }
  return { tag, columns: indexes, agg, of: of === "" ? parameterDefault(agg) : of };
}

export function renderShown({ tag, columns, agg, of }: Shown): string {
  return `${tag}~${columns.join(",")}~${agg}${of === "" ? "" : `:${of}`}`;
}

/** What an aggregate needs beside its name. */
export function parameterDefault(agg: Aggregate): string {
  if (agg === "moving") return "1m";
  return agg === "weighted" ? "1" : "";
}

export function viewFromQuery(query: URLSearchParams): PlotView {
  const fill = fills.find((each) => each === query.get("fill")) ?? "null";
  const range = rangeFrom(query);
  return {
    shown: query
      .getAll("s")
      .filter((text) => text !== "")
      .map(parseShown),
    range,
    fill,
    isTable: query.get("table") === "1",
    isLive: query.get("live") === "1" && "lastNs" in range,
  };
}

function rangeFrom(query: URLSearchParams): Range {
  const startNs = instantFrom(query.get("start"));
  const endNs = instantFrom(query.get("end"));
  if (startNs !== undefined && endNs !== undefined && endNs - startNs >= rangeNsMin) {
    return { startNs, endNs };
  }
  const lastNs = parseDuration(query.get("last") ?? lastDefault);
  return { lastNs: lastNs ?? parseDuration(lastDefault) ?? 1n };
}

/** Nanoseconds since 1970, or RFC 3339. */
function instantFrom(text: string | null): bigint | undefined {
  if (text === null) return undefined;
  if (/^-?\d{1,19}$/.test(text)) {
    const ns = BigInt(text);
    return ns <= int64Max && ns >= -int64Max ? ns : undefined;
  }
  try {
    return nsFromTime(text);
  } catch {
    // The address was written by hand: the default range is shown.
    return undefined;
  }
}

/** For `setQuery`: the members of the address that the view has. */
export function queryFromView(view: PlotView) {
  return {
    s: view.shown.map(renderShown),
    ...queryFromRange(view.range),
    fill: view.fill === "null" ? undefined : view.fill,
    table: view.isTable ? "1" : undefined,
    live: view.isLive ? "1" : undefined,
  };
}

function queryFromRange(range: Range) {
  if ("lastNs" in range) {
    return { last: renderDurationNs(range.lastNs), start: undefined, end: undefined };
  }
  return { last: undefined, start: String(range.startNs), end: String(range.endNs) };
}

/** The range between two times, within what an int64 holds, and wide enough to be drawn. */
export function rangeBetween(fromNs: bigint, toNs: bigint): Range {
  const [low, high] = fromNs < toNs ? [fromNs, toNs] : [toNs, fromNs];
  const startNs = low < -int64Max ? -int64Max : low;
  const wide = high - startNs < rangeNsMin ? startNs + rangeNsMin : high;
  return { startNs, endNs: wide > int64Max ? int64Max : wide };
}
