/** Queries of series as their texts spell them. All parsers throw `invalid`, naming the field. */

import { type Failure, invalidField, quoted } from "../../../core/failure.ts";
import { fieldValue, parseCount } from "../../../core/parse.ts";
import { parseTime } from "../../../core/time.ts";
import { valuesMax } from "../measurement.ts";
import { tagIssue } from "../point.ts";
import type { Fill } from "../query/fill.ts";
import type { Aggregate, SeriesQuery } from "../query/query.ts";
import type { Span } from "../series-port.ts";

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const hourNs = 3_600_000_000_000n;

/** A tag that a measurement can have. */
export function parseTag(text: string, field: string): string {
  const wrong = tagIssue(text);
  if (wrong === undefined) return text;
  throw invalidField(field, wrong);
}

/** The beginning of a tag, or a place between tags. */
export function parseTagPart(text: string, field: string): string {
  if (text.isWellFormed() && !/\p{Cc}/u.test(text)) return text;
  throw wrongParam(field, text, "text as tags have it");
}

/** Nanoseconds since the Unix epoch. */
export function parseInt64(text: string, field: string): bigint {
  const ns = /^-?\d{1,19}$/.test(text) ? BigInt(text) : int64Max + 1n;
  if (ns >= int64Min && ns <= int64Max) return ns;
  throw wrongParam(field, text, "nanoseconds since 1970, a whole number of 64 bits");
}

/** Nanoseconds since the Unix epoch, or RFC 3339. */
export function parseInstant(text: string, field: string): bigint {
  if (/^-?\d+$/.test(text)) return parseInt64(text, field);
  const ns = parseTime(text);
  if (ns !== undefined) return ns;
  throw wrongParam(field, text, "nanoseconds since 1970, or a time like 2026-11-21T10:00:00Z");
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

/** `90s`, `5m`; nanoseconds where there is no unit. */
export function parseDuration(text: string, field: string): bigint {
  const match = /^(\d{1,18})(ns|us|ms|s|m|h|d)?$/.exec(text);
  const ns = BigInt(match?.[1] ?? 0) * (unitNs[match?.[2] ?? "ns"] ?? 1n);
  if (ns > 0n && ns <= int64Max) return ns;
  throw wrongParam(field, text, "a duration like 90s, 5m or 1h");
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

/** The samples of `/api`: at least 10 minutes, of which none is older than what is kept. */
const sampledNsMin = 600_000_000_000n;
/** A start that was a day ago when it was written is not refused for the time that it travelled. */
const lateNsMax = 60_000_000_000n;

export function checkSampled(startNs: bigint, endNs: bigint, oldestNs: bigint): void {
  if (endNs - startNs < sampledNsMin) {
    throw invalidField(
      "end",
      `Cannot use end "${endNs}": it is ${endNs - startNs} ns after start, expected at least ${sampledNsMin} (10 minutes)`,
    );
  }
  if (startNs < oldestNs - lateNsMax) {
    throw invalidField(
      "start",
      `Cannot use start "${startNs}": measurements are kept from ${oldestNs} on, expected a later start`,
    );
  }
}

interface RangeParams {
  readonly start: bigint | undefined;
  readonly end: bigint | undefined;
}

/** The last hour, unless told. */
export function rangeFrom({ start, end }: RangeParams, nowNs: bigint): Span {
  const toNs = end ?? nowNs;
  const fromNs = start ?? toNs - hourNs;
  if (fromNs < toNs) return { fromNs, toNs };
  throw invalidField(
    "end",
    `Cannot use end "${toNs}": it is not after start, expected a later one`,
  );
}

interface SeriesParams extends RangeParams {
  readonly points: number;
  readonly agg: Aggregate;
  readonly fill: Fill;
  readonly columns: readonly number[] | undefined;
  readonly window: bigint | undefined;
  readonly weight: number | undefined;
}

export function seriesQueryFrom(tag: string, given: SeriesParams, nowNs: bigint): SeriesQuery {
  const { fromNs, toNs } = rangeFrom(given, nowNs);
  const { points, agg, fill, columns, window, weight } = given;
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
  };
}
