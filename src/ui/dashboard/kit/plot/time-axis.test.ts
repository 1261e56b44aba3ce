import { expect, test } from "bun:test";
import { renderSpan, timeTicks } from "./time-axis.ts";

const base = 1_795_946_531_420_113_007n;
const at = (places: readonly number[]) => places.map((place) => base + BigInt(place));

test("ticks are at round times, and no more than there is room for", () => {
  const hour = timeTicks(base, [0, 3_600_000_000_000], 7, "utc");
  expect(at(hour.at).every((ns) => ns % 600_000_000_000n === 0n)).toBe(true);
  expect(hour.texts).toEqual(["10:10", "10:20", "10:30", "10:40", "10:50", "11:00"]);
  const days = timeTicks(base, [0, 3 * 86_400_000_000_000], 4, "utc");
  expect(days.texts).toEqual(["11-30", "12-01", "12-02"]);
  const seconds = timeTicks(base, [0, 4_000_000_000], 4, "utc");
  expect(seconds.texts).toEqual(["10:02:12", "10:02:13", "10:02:14", "10:02:15"]);
  const parts = timeTicks(base, [0, 400_000_000], 4, "utc");
  expect(parts.texts).toEqual(["10:02:11.5", "10:02:11.6", "10:02:11.7", "10:02:11.8"]);
});

test("below a millisecond they count from one, each nanosecond apart", () => {
  const { at: places, texts, note } = timeTicks(base, [0, 4], 5, "utc");
  expect(places).toEqual([0, 1, 2, 3, 4]);
  expect(texts).toEqual([
    "+113 007 ns",
    "+113 008 ns",
    "+113 009 ns",
    "+113 010 ns",
    "+113 011 ns",
  ]);
  expect(note).toBe("after 10:02:11.420");
  const micro = timeTicks(base, [0, 50_000], 5, "utc");
  expect(micro.texts).toEqual(["+120 µs", "+130 µs", "+140 µs", "+150 µs", "+160 µs"]);
});

test("ticks stay in their range, at any width", () => {
  for (let width = 1; width < 4e17; width *= 7) {
    const { at: places, texts } = timeTicks(base, [width / 3, width], 6, "utc");
    expect(places.length).toBeLessThanOrEqual(7);
    expect(texts.length).toBe(places.length);
    expect(places.every((place) => place >= width / 3 && place <= width)).toBe(true);
    // The hours of several days are apart by the date at midnight.
    if (width < 8e13) expect(new Set(texts).size).toBe(texts.length);
  }
});

test.each([
  [41n, "41 ns"],
  [1_500n, "1.5 µs"],
  [970_000_000n, "970 ms"],
  [59_900_000_000n, "59.9 s"],
  [60_000_000_000n, "1 min"],
  [7_440_000_000_000n, "2 h 4 min"],
  [90_000_000_000_000n, "1 d 1 h"],
])("%d ns is %s", (ns, text) => {
  expect(renderSpan(ns)).toBe(text);
});
