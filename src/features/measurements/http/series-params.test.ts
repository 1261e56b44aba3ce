import { describe, expect, test } from "bun:test";
import {
  checkSampled,
  parseColumns,
  parseDuration,
  parseInstant,
  parseInt64,
  parseTag,
  parseTagPart,
  rangeFrom,
  seriesQueryFrom,
} from "./series-params.ts";

type Parse = (text: string, field: string) => unknown;

const taken: readonly (readonly [parse: Parse, text: string, value: unknown])[] = [
  [parseTag, "cpu,host=a:usage", "cpu,host=a:usage"],
  [parseTagPart, "", ""],
  [parseTagPart, "x".repeat(500), "x".repeat(500)],
  [parseInt64, "0", 0n],
  [parseInt64, "-1", -1n],
  [parseInt64, "9223372036854775807", 9_223_372_036_854_775_807n],
  [parseInstant, "1795255927184000001", 1_795_255_927_184_000_001n],
  [parseInstant, "2026-11-21T10:00:00Z", 1_795_255_200_000_000_000n],
  [parseInstant, "2026-11-21T11:00:00+01:00", 1_795_255_200_000_000_000n],
  [parseInstant, "2026-11-21T10:00:00.000000001Z", 1_795_255_200_000_000_001n],
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
  [parseTag, "", 'Cannot use tag "": it has 0 bytes'],
  [parseTag, "ä".repeat(33), "it has 66 bytes"],
  [parseTag, "a\nb", "it has a control character"],
  [parseTag, "\ud800", "it has half of a surrogate pair"],
  [parseTagPart, "a\nb", "expected text as tags have it"],
  [parseInt64, "", "expected nanoseconds since 1970"],
  [parseInt64, "1.5", "expected nanoseconds since 1970"],
  [parseInt64, "9223372036854775808", "a whole number of 64 bits"],
  [parseInstant, "9223372036854775808", "a whole number of 64 bits"],
  [parseInstant, "yesterday", "or a time like 2026-11-21T10:00:00Z"],
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
  ])("of %p to %p", (start, end, fromNs, toNs) => {
    expect(rangeFrom({ start, end }, now)).toEqual({ fromNs, toNs });
  });

  test("must not be empty", () => {
    expect(() => rangeFrom({ start: 2n, end: 2n }, now)).toThrow("it is not after start");
    expect(() => rangeFrom({ start: now, end: undefined }, now)).toThrow("it is not after start");
  });

  test("of samples is ten minutes or more, of what is kept", () => {
    const minute = 60_000_000_000n;
    expect(() => checkSampled(now, now + 10n * minute, now)).not.toThrow();
    expect(() => checkSampled(now, now + 10n * minute - 1n, now)).toThrow("at least 600000000000");
    // It travelled for a minute.
    expect(() => checkSampled(now - minute, now + hour, now)).not.toThrow();
    expect(() => checkSampled(now - minute - 1n, now + hour, now)).toThrow("are kept from");
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
