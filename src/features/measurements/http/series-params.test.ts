import { describe, expect, test } from "bun:test";
import {
  type Instant,
  parseAggregate,
  parseColumns,
  parseDuration,
  parseInstant,
  parseTag,
  parseTagPart,
  rangeFrom,
  sampledFrom,
  seriesQueryFrom,
} from "./series-params.ts";

type Parse = (text: string, field: string) => unknown;

const taken: readonly (readonly [parse: Parse, text: string, value: unknown])[] = [
  [parseTag, "cpu,host=a:usage", "cpu,host=a:usage"],
  [parseTagPart, "", ""],
  [parseTagPart, "x".repeat(500), "x".repeat(500)],
  [parseInstant, "0", 0n],
  [parseInstant, "-1", -1n],
  [parseInstant, "9223372036854775807", 9_223_372_036_854_775_807n],
  [parseInstant, "1795255927184000001", 1_795_255_927_184_000_001n],
  [parseInstant, "2026-11-21T10:00:00Z", 1_795_255_200_000_000_000n],
  [parseInstant, "2026-11-21T11:00:00+01:00", 1_795_255_200_000_000_000n],
  [parseInstant, "2026-11-21T10:00:00.000000001Z", 1_795_255_200_000_000_001n],
  [parseInstant, "-1h", { agoNs: 3_600_000_000_000n }],
  [parseInstant, "-90s", { agoNs: 90_000_000_000n }],
  [parseInstant, "-7d", { agoNs: 604_800_000_000_000n }],
  [parseInstant, "-5ms", { agoNs: 5_000_000n }],
  [parseInstant, "-0ns", { agoNs: 0n }],
  [parseAggregate, "mean", "mean"],
  [parseAggregate, "avg", "mean"],
  [parseAggregate, "last", "last"],
  [parseDuration, "5", 5n],
  [parseDuration, "90s", 90_000_000_000n],
  [parseDuration, "5m", 300_000_000_000n],
  [parseDuration, "1d", 86_400_000_000_000n],
  [parseColumns, "0", [0]],
  [parseColumns, "0,63,2", [0, 63, 2]],
];

for (const [parse, text, value] of taken) {
  test(`${parse.name} takes ${JSON.stringify(text)}`, () => {
    expect(parse(text, "field")).toEqual(value);
  });
}

const refused: readonly (readonly [parse: Parse, text: string, says: string])[] = [
  [parseTag, "", "Cannot use field: it is missing, expected the name of a series"],
  [parseTag, "ä".repeat(257), "it has 514 bytes"],
  [parseTag, "a\nb", "it has a control character"],
  [parseTag, "\ud800", "it has half of a surrogate pair"],
  [parseTagPart, "a\nb", "expected text as tags have it"],
  [parseInstant, "", "Cannot use field: it is missing, expected nanoseconds since 1970"],
  [parseInstant, "1.5", "expected nanoseconds since 1970"],
  [parseInstant, "9223372036854775808", "a whole number of 64 bits"],
  [parseInstant, "9223372036854775808", "a whole number of 64 bits"],
  [parseInstant, "yesterday", "a time like 2026-11-21T10:00:00Z, or one relative to now like -1h"],
  [parseInstant, "1h", "or one relative to now like -1h"],
  [parseInstant, "-1w", "or one relative to now like -1h"],
  [parseInstant, "-1h30m", "or one relative to now like -1h"],
  [parseInstant, "-999999999999999999d", "or one relative to now like -1h"],
  [parseAggregate, "median", "expected one of last, min, max, mean"],
  [parseDuration, "0", "expected a duration like 90s, 5m or 1h"],
  [parseDuration, "-5m", "expected a duration"],
  [parseDuration, "5 m", "expected a duration"],
  [parseDuration, "999999999999999999d", "expected a duration"],
  [parseColumns, "", 'Cannot use field ""'],
  [parseColumns, "0,", 'Cannot use field ""'],
  [parseColumns, "64", "expected a whole number from 0 to 63"],
];

for (const [parse, text, says] of refused) {
  test(`${parse.name} refuses ${JSON.stringify(text)}: ${says}`, () => {
    expect(() => parse(text, "field")).toThrow(says);
  });
}

describe("a range", () => {
  const now = 10n ** 18n;
  const hour = 3_600_000_000_000n;

  test.each([
    [undefined, undefined, now - hour, now],
    [undefined, 2n * hour, hour, 2n * hour],
    [hour, undefined, hour, now],
    [1n, 2n, 1n, 2n],
    [{ agoNs: hour }, undefined, now - hour, now],
    [{ agoNs: 2n * hour }, { agoNs: hour }, now - 2n * hour, now - hour],
    [undefined, { agoNs: hour }, now - 2n * hour, now - hour],
    [now - hour, { agoNs: 0n }, now - hour, now],
  ])("of %p to %p", (start, end, fromNs, toNs) => {
    expect(rangeFrom({ start, end }, now)).toEqual({ fromNs, toNs });
  });

  test("must not be empty", () => {
    expect(() => rangeFrom({ start: 2n, end: 2n }, now)).toThrow("it is not after start");
    expect(() => rangeFrom({ start: now, end: undefined }, now)).toThrow("it is not after start");
  });

  test("of samples is ten minutes or more, of what is kept", () => {
    const minute = 60_000_000_000n;
    const sampled = (start: Instant, end: Instant) =>
      sampledFrom({ start, end }, { nowNs: now + hour, oldestNs: now });
    expect(sampled(now, now + 10n * minute)).toEqual({ fromNs: now, toNs: now + 10n * minute });
    expect(() => sampled(now, now + 10n * minute - 1n)).toThrow("at least 600000000000");
    // It travelled for a minute.
    expect(sampled(now - minute, now + hour).fromNs).toBe(now - minute);
    expect(() => sampled(now - minute - 1n, now + hour)).toThrow("are kept from");
    expect(sampled({ agoNs: hour }, { agoNs: 0n })).toEqual({ fromNs: now, toNs: now + hour });
    expect(() => sampled({ agoNs: hour }, { agoNs: hour })).toThrow("it is 0 ns after start");
  });

  test("that is not valid says so where its times look like another unit", () => {
    const sampled = (start: bigint, end: bigint) => () =>
      sampledFrom({ start, end }, { nowNs: now, oldestNs: now - hour });
    expect(sampled(1_795_255_200n, 1_795_258_800n)).toThrow(
      'Cannot use end "1795258800": these look like seconds, expected nanoseconds',
    );
    expect(sampled(1_795_255_200_000n, now)).toThrow(
      'Cannot use start "1795255200000": these look like milliseconds, expected nanoseconds',
    );
    expect(sampled(1_795_255_200_000_000n, now)).toThrow(
      'Cannot use start "1795255200000000": these look like microseconds, expected nanoseconds',
    );
    expect(() => rangeFrom({ start: now, end: 1_795_258_800n }, now)).toThrow(
      'Cannot use end "1795258800": these look like seconds, expected nanoseconds',
    );
  });
});

describe("a query", () => {
  const given = {
    start: 1n,
    end: 2n,
    points: 500,
    agg: "last",
    fill: "null",
    columns: undefined,
    window: undefined,
    weight: undefined,
    band: false,
  } as const;

  test("is complete", () => {
    expect(seriesQueryFrom("a", given, 5n)).toEqual({
      tag: "a",
      startNs: 1n,
      endNs: 2n,
      points: 500,
      agg: "last",
      fill: "null",
      columns: undefined,
      windowNs: 0n,
      weight: 0,
      band: false,
    });
    const moving = { ...given, agg: "moving", window: 7n } as const;
    expect(seriesQueryFrom("a", moving, 5n)).toMatchObject({ agg: "moving", windowNs: 7n });
  });

  test.each([
    ["moving without window", { ...given, agg: "moving" }, "window goes with agg=moving"],
    ["window without moving", { ...given, window: 7n }, "window goes with agg=moving"],
    ["weighted without weight", { ...given, agg: "weighted" }, "weight goes with agg=weighted"],
    ["weight without weighted", { ...given, weight: 0 }, "weight goes with agg=weighted"],
    ["two columns of lttb", { ...given, agg: "lttb", columns: [0, 1] }, "Cannot draw several"],
  ] as const)("is not %s", (_, wrong, says) => {
    expect(() => seriesQueryFrom("a", wrong, 5n)).toThrow(says);
  });
});
