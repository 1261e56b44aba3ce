/** Queries of series as their texts spell them. All parsers throw `invalid`, naming the field. */

import { type Failure, invalidField, quoted } from "../../../core/failure.ts";
import { fieldValue, parseChoice, parseCount } from "../../../core/parse.ts";
import { expectedTime, parseTime } from "../../../core/time.ts";
import { valuesMax } from "../measurement.ts";
import { tagIssue } from "../point.ts";
import type { Fill } from "../query/fill.ts";
import { type Aggregate, aggregates, type SeriesQuery } from "../query/query.ts";
import type { SeriesOrder, SeriesPlace, Span } from "../series-port.ts";

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const hourNs = 3_600_000_000_000n;

/** A tag that a measurement can have. */
export function parseTag(text: string, field: string): string {
  if (text === "") throw missingParam(field, "the name of a series");
  const wrong = tagIssue(text);
  if (wrong === undefined) return text;
  throw invalidField(field, wrong);
}

/** The beginning of a tag, or a place between tags. */
export function parseTagPart(text: string, field: string): string {
  if (text.isWellFormed() && !/\p{Cc}/u.test(text)) return text;
  throw wrongParam(field, text, "text as tags have it");
}

/**
 * The `next` of an earlier page as `after`: a tag in the list by tag, and behind its rank in the
 * others.
 */
export function parsePlace(text: string, sort: SeriesOrder): SeriesPlace {
  if (sort === "tag") return { rank: 0n, tag: parseTagPart(text, "after") };
  const [, rank, tag] = /^(-?\d{1,19}):(.*)$/su.exec(text) ?? [];
  if (rank === undefined || tag === undefined) {
    throw wrongParam("after", text, "the next of an earlier answer");
  }
  return { rank: parseInt64(rank, "after"), tag: parseTagPart(tag, "after") };
}

export function renderPlace({ rank, tag }: SeriesPlace, sort: SeriesOrder): string {
  return sort === "tag" ? tag : `${rank}:${tag}`;
}

const unitNs: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: hourNs,
  d: 24n * hourNs,
};

/** A time, absolute or relative to now; in nanoseconds. */
export type Instant = bigint | { readonly agoNs: bigint };

const instantForms =
  "nanoseconds since 1970, a time like 2026-11-21T10:00:00Z, or one relative to now like -1h";

/** Nanoseconds since the Unix epoch, RFC 3339, or `-90s`, `-1h`: relative to now. */
export function parseInstant(text: string, field: string): Instant {
  if (text === "") throw missingParam(field, instantForms);
  if (/^-?\d+$/.test(text)) return parseInt64(text, field);
  const ago = /^-(\d{1,18})(ns|us|ms|s|m|h|d)$/.exec(text);
  const agoNs = BigInt(ago?.[1] ?? 0) * (unitNs[ago?.[2] ?? ""] ?? 0n);
  if (ago !== null && agoNs <= int64Max) return { agoNs };
  const ns = parseTime(text);
  if (ns !== undefined) return ns;
  throw wrongParam(field, text, expectedTime(text, instantForms));
}

function parseInt64(text: string, field: string): bigint {
  const ns = /^-?\d{1,19}$/.test(text) ? BigInt(text) : int64Max + 1n;
  if (ns >= int64Min && ns <= int64Max) return ns;
  throw wrongParam(field, text, "nanoseconds since 1970, a whole number of 64 bits");
}

function instantNs(instant: Instant, nowNs: bigint): bigint {
  return typeof instant === "bigint" ? instant : nowNs - instant.agoNs;
}

/** `90s`, `5m`; nanoseconds where there is no unit. */
export function parseDuration(text: string, field: string): bigint {
  const match = /^(\d{1,18})(ns|us|ms|s|m|h|d)?$/.exec(text);
  const ns = BigInt(match?.[1] ?? 0) * (unitNs[match?.[2] ?? "ns"] ?? 1n);
  if (ns > 0n && ns <= int64Max) return ns;
  throw wrongParam(field, text, "a duration like 90s, 5m or 1h");
}

/** `avg` is `mean`. */
export function parseAggregate(text: string, field: string): Aggregate {
  return text === "avg" ? "mean" : fieldValue(field, text, parseChoice(text, aggregates));
}

/** Indexes of values, separated by commas. */
export function parseColumns(text: string, field: string): readonly number[] {
  return text
    .split(",")
    .map((column) => fieldValue(field, column, parseCount(column, 0, valuesMax - 1)));
}

function wrongParam(field: string, text: string, expected: string): Failure {
  return invalidField(field, `Cannot use ${field} ${quoted(text)}: expected ${expected}`);
}

function missingParam(field: string, expected: string): Failure {
  return invalidField(field, `Cannot use ${field}: it is missing, expected ${expected}`);
}

/** Coarser units that nanoseconds are confused with, by the number of digits of a time of today. */
const unitsByDigits: Readonly<Record<number, string>> = {
  10: "seconds",
  13: "milliseconds",
  16: "microseconds",
};

function wrongBound(field: "start" | "end", ns: bigint, reason: string): Failure {
  const unit = unitsByDigits[String(ns).length];
  const why = unit === undefined ? reason : `these look like ${unit}, expected nanoseconds`;
  return invalidField(field, `Cannot use ${field} "${ns}": ${why}`);
}

/** The samples of `/api`: at least 10 minutes, of which none is older than what is kept. */
const sampledNsMin = 600_000_000_000n;
/** A start that was a day ago when it was written is not refused for the time that it travelled. */
const lateNsMax = 60_000_000_000n;

/** Clocks of a sampled range: the time now, and that of the oldest measurement that is kept. */
interface SampledClock {
  readonly nowNs: bigint;
  readonly oldestNs: bigint;
}

export function sampledFrom(
  { start, end }: { readonly start: Instant; readonly end: Instant },
  { nowNs, oldestNs }: SampledClock,
): Span {
  const fromNs = instantNs(start, nowNs);
  const toNs = instantNs(end, nowNs);
  if (toNs - fromNs < sampledNsMin) {
    throw wrongBound(
      "end",
      toNs,
      `it is ${toNs - fromNs} ns after start, expected at least ${sampledNsMin} (10 minutes)`,
    );
  }
  if (fromNs < oldestNs - lateNsMax) {
    throw wrongBound(
      "start",
      fromNs,
      `measurements are kept from ${oldestNs} on, expected a later start`,
    );
  }
  return { fromNs, toNs };
}

interface RangeParams {
  readonly start: Instant | undefined;
  readonly end: Instant | undefined;
}

/** The last hour by default. */
export function rangeFrom({ start, end }: RangeParams, nowNs: bigint): Span {
  const toNs = end === undefined ? nowNs : instantNs(end, nowNs);
  const fromNs = start === undefined ? toNs - hourNs : instantNs(start, nowNs);
  if (fromNs < toNs) return { fromNs, toNs };
  throw wrongBound("end", toNs, "it is not after start, expected a later one");
}

export interface SeriesParams extends RangeParams {
  readonly points: number;
  readonly agg: Aggregate;
  readonly fill: Fill;
  readonly columns: readonly number[] | undefined;
  readonly window: bigint | undefined;
  readonly weight: number | undefined;
  readonly band: boolean;
}

export function seriesQueryFrom(tag: string, given: SeriesParams, nowNs: bigint): SeriesQuery {
  const { fromNs, toNs } = rangeFrom(given, nowNs);
  const { points, agg, fill, columns, window, weight, band } = given;
  if ((agg === "moving") !== (window !== undefined)) {
    throw invalidField(
      "window",
      "Cannot answer: window goes with agg=moving, expected both or neither",
    );
  }
  if ((agg === "weighted") !== (weight !== undefined)) {
    throw invalidField(
      "weight",
      "Cannot answer: weight goes with agg=weighted, expected both or neither",
    );
  }
  if (agg === "lttb" && columns !== undefined && columns.length !== 1) {
    throw invalidField("columns", "Cannot draw several columns with agg=lttb: expected one");
  }
  return {
    tag,
    startNs: fromNs,
    endNs: toNs,
    points,
    agg,
    fill,
    columns,
    windowNs: window ?? 0n,
    weight: weight ?? 0,
    band,
  };
}
