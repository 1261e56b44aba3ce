/** What is asked of a series, as a query string spells it. */
import { invalidField, quoted } from "../../../core/failure.ts";
import { valuesMax } from "../measurement.ts";
import type { Span } from "../series-port.ts";
import { parseTime } from "../../../core/time.ts";
import { fills } from "../query/fill.ts";
import { tagIssue } from "../point.ts";
import { aggregates, type SeriesQuery } from "../query/query.ts";
import { parseCount } from "../../../http/start.ts";

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const hourNs = 3_600_000_000_000n;
export const pointsDefault = 500;
export const pointsMax = 10_000;

/** The seed's query: at least 10 minutes, of which none is older than what is kept. */
const seedRangeNsMin = 600_000_000_000n;
/** A start that was a day ago when it was written is not refused for the time that it travelled. */
const lateNsMax = 60_000_000_000n;

/** Throws `invalid`, naming the field. */
export function parseSeedQuery(
  query: URLSearchParams,
  oldestNs: bigint,
): { readonly tag: string; readonly startNs: bigint; readonly endNs: bigint } {
  const tag = parseTag(query.get("tag") ?? "");
  const startNs = parseInt64("start", query.get("start") ?? "");
  const endNs = parseInt64("end", query.get("end") ?? "");
  if (endNs - startNs < seedRangeNsMin) {
    throw invalidField(
      "end",
      `Cannot use end "${endNs}": it is ${endNs - startNs} ns after start, expected at least ${seedRangeNsMin} (10 minutes)`,
    );
  }
  if (startNs < oldestNs - lateNsMax) {
    throw invalidField(
      "start",
      `Cannot use start "${startNs}": measurements are kept from ${oldestNs} on, expected a later start`,
    );
  }
  return { tag, startNs, endNs };
}

/** The tag, unless no measurement can have it. Throws `invalid`, naming the field. */
export function parseTag(tag: string): string {
  const wrong = tagIssue(tag);
  if (wrong === undefined) return tag;
  throw invalidField("tag", wrong);
}

/** The beginning of a tag, or a place between tags; empty when left out. Throws `invalid`. */
export function parseTagPart(field: string, text: string | undefined): string {
  if (text === undefined || (text.isWellFormed() && !/\p{Cc}/u.test(text))) return text ?? "";
  throw invalidField(field, `Cannot use ${field} ${quoted(text)}: expected text as tags have it`);
}

/** Throws `invalid`, naming the field. */
export function parseSeriesQuery(
  given: string,
  query: URLSearchParams,
  nowNs: bigint,
): SeriesQuery {
  const tag = parseTag(given);
  const { fromNs, toNs } = parseRange(query, nowNs);
  const agg = parseChoice("agg", query.get("agg") ?? "last", aggregates);
  const window = query.get("window");
  const weight = query.get("weight");
  if ((agg === "moving") !== (window !== null)) {
    throw invalidField(
      "window",
      "Cannot answer: window goes with agg=moving, expected both or neither",
    );
  }
  if ((agg === "weighted") !== (weight !== null)) {
    throw invalidField(
      "weight",
      "Cannot answer: weight goes with agg=weighted, expected both or neither",
    );
  }
  const columns = query.get("columns");
  const wanted = columns?.split(",").map((text) => parseCount("columns", text, valuesMax - 1));
  if (agg === "lttb" && wanted !== undefined && wanted.length !== 1) {
    throw invalidField("columns", "Cannot draw several columns with agg=lttb: expected one");
  }
  return {
    tag,
    startNs: fromNs,
    endNs: toNs,
    points: parseCount("points", query.get("points") ?? String(pointsDefault), pointsMax, 1),
    agg,
    fill: parseChoice("fill", query.get("fill") ?? "null", fills),
    columns: wanted,
    windowNs: window === null ? 0n : parseDuration("window", window),
    weight: weight === null ? 0 : parseCount("weight", weight, valuesMax - 1),
  };
}

/** The last hour, unless told. Throws `invalid`, naming the field. */
export function parseRange(query: URLSearchParams, nowNs: bigint): Span {
  const end = query.get("end");
  const toNs = end === null ? nowNs : parseInstant("end", end);
  const start = query.get("start");
  const fromNs = start === null ? toNs - hourNs : parseInstant("start", start);
  if (fromNs < toNs) return { fromNs, toNs };
  throw invalidField(
    "end",
    `Cannot use end "${toNs}": it is not after start, expected a later one`,
  );
}

/** Nanoseconds since the Unix epoch, or RFC 3339. */
function parseInstant(field: string, text: string): bigint {
  if (/^-?\d+$/.test(text)) return parseInt64(field, text);
  const ns = parseTime(text);
  if (ns !== undefined) return ns;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(text)}: expected nanoseconds since 1970, or a time like 2026-11-21T10:00:00Z`,
  );
}

function parseInt64(field: string, text: string): bigint {
  const ns = /^-?\d{1,19}$/.test(text) ? BigInt(text) : int64Max + 1n;
  if (ns >= int64Min && ns <= int64Max) return ns;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(text)}: expected nanoseconds since 1970, a whole number of 64 bits`,
  );
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
function parseDuration(field: string, text: string): bigint {
  const match = /^(\d{1,18})(ns|us|ms|s|m|h|d)?$/.exec(text);
  const ns = BigInt(match?.[1] ?? 0) * (unitNs[match?.[2] ?? "ns"] ?? 1n);
  if (ns > 0n && ns <= int64Max) return ns;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(text)}: expected a duration like 90s, 5m or 1h`,
  );
}

export function parseChoice<Choice extends string>(
  field: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(text)}: expected one of ${choices.join(", ")}`,
  );
}
