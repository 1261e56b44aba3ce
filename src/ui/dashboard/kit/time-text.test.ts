import { describe, expect, test } from "bun:test";
import { nsFromTime, readTime, renderTime, timeFromNs } from "./time-text.ts";

const now = Date.parse("2026-11-29T10:00:00Z");

describe("times on the screen", () => {
  test("keep every digit that was given", () => {
    expect(renderTime("2026-11-29T10:02:11.420113007Z", "utc")).toBe(
      "2026-11-29 10:02:11.420 113 007 UTC",
    );
    expect(renderTime("2026-11-29T10:02:11Z", "utc")).toBe("2026-11-29 10:02:11 UTC");
    expect(renderTime("2026-11-29T11:02:11.5+01:00", "utc")).toBe("2026-11-29 10:02:11.5 UTC");
  });

  test("that are none stay as they are", () => {
    for (const text of ["", "Hello", "2026-11-29", "2026-99-99T10:02:11Z"]) {
      expect(renderTime(text, "utc")).toBe(text);
    }
  });

  test("go to nanoseconds and back without a loss", () => {
    for (const ns of [1_795_263_600_123_456_789n, 0n, -1n, 999_999_999n]) {
      expect(nsFromTime(timeFromNs(ns))).toBe(ns);
    }
  });
});

describe("times that people paste", () => {
  const cases: readonly (readonly [input: string, time: string])[] = [
    ["2026-11-29T10:02:11.420113007Z", "2026-11-29T10:02:11.420113007Z"],
    ["2026-11-29 10:02:11.420 113 007Z", "2026-11-29T10:02:11.420113007Z"],
    ["2026-11-29 10:02", "2026-11-29T10:02:00.000000000Z"],
    ["2026-11-29", "2026-11-29T00:00:00.000000000Z"],
    ["1795946531", "2026-11-29T10:02:11.000000000Z"],
    ["1795946531420", "2026-11-29T10:02:11.420000000Z"],
    ["1795946531420113", "2026-11-29T10:02:11.420113000Z"],
    ["1795946531420113007", "2026-11-29T10:02:11.420113007Z"],
    ["15 min ago", "2026-11-29T09:45:00.000Z"],
    ["-90s", "2026-11-29T09:58:30.000Z"],
    ["2h", "2026-11-29T08:00:00.000Z"],
    ["2 hours ago", "2026-11-29T08:00:00.000Z"],
    ["1 day", "2026-11-28T10:00:00.000Z"],
    ["3 secs ago", "2026-11-29T09:59:57.000Z"],
    ["now", "2026-11-29T10:00:00.000Z"],
  ];
  for (const [input, time] of cases) {
    test(input, () => expect(readTime(input, now, "utc")?.time).toBe(time));
  }

  test("and texts that are none", () => {
    // Units that are other ones, and ages beyond what there is of time.
    const odd = ["5 months ago", "5 ms ago", "3 decades", "999999999999 d", `${"9".repeat(400)}s`];
    for (const text of ["", "soon", "12", "2026-13-40 10:00", "1".repeat(25), ...odd]) {
      expect(readTime(text, now, "utc")).toBeUndefined();
    }
  });
});
