import { describe, expect, test } from "bun:test";
import { SimulatedSeries, tagName } from "./measurements-series.ts";
import { createRandom } from "./random.ts";

function seriesOf(seed: number, tags = 10_000, values = 10): SimulatedSeries {
  return new SimulatedSeries({ random: createRandom(seed), tags, values, prefix: "t-" });
}

function countTags(series: SimulatedSeries, drawn: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let n = 0; n < drawn; n++) {
    const { tag } = series.next();
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return counts;
}

describe("SimulatedSeries", () => {
  test("of all the first tag has 1 %, the second 1 % of the rest, and so on", () => {
    const drawn = 200_000;
    const counts = countTags(seriesOf(1), drawn);
    for (const index of [0, 1, 10, 100, 200]) {
      const expected = drawn * 0.01 * 0.99 ** index;
      const found = counts.get(tagName("t-", index)) ?? 0;
      // Five standard deviations of a count.
      expect(Math.abs(found - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  test("of few tags the last one is drawn, and none beyond it", () => {
    const counts = countTags(seriesOf(2, 3), 3000);
    expect([...counts.keys()].toSorted()).toEqual(["t-00001", "t-00002", "t-00003"]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(800);
  });

  test("the values of a tag change gradually, at most two of ten at once", () => {
    const series = seriesOf(3, 1);
    let last = series.next().values;
    let moved = 0;
    for (let n = 0; n < 1000; n++) {
      const { values } = series.next();
      const changes = values.map((value, i) => Math.abs(value - (last[i] ?? 0)));
      expect(changes.filter((change) => change > 0).length).toBeLessThanOrEqual(2);
      expect(Math.max(...changes)).toBeLessThanOrEqual(0.51);
      moved += Math.max(...changes) > 0 ? 1 : 0;
      last = values;
    }
    expect(moved).toBeGreaterThan(900);
  });

  test("a line is what POST /save takes, exact to the nanosecond, and the same seed says the same", () => {
    const timeNs = 1_795_263_600_123_456_789n;
    const line = seriesOf(4, 5, 3).line(timeNs);
    expect(line).toStartWith('{"time":1795263600123456789,"tag":"t-0000');
    const { values } = JSON.parse(line) as { values: number[] };
    expect(values).toHaveLength(3);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(seriesOf(4, 5, 3).next().values).toEqual(values);
    expect(seriesOf(5, 5, 3).next().values).not.toEqual(values);
  });
});
