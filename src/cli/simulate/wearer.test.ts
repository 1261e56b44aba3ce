import { expect, test } from "bun:test";
import { createRandom } from "./random.ts";
import { Wearer, type WearerActivity } from "./wearer.ts";

const seeds = [1, 2, 3, 4, 5];
const hour = 3600;

/** An hour, second by second. */
function hourOf(seed: number) {
  const wearer = new Wearer(createRandom(seed));
  return Array.from({ length: hour }, () => {
    wearer.advance(1);
    const { activity, bpm, steps, cadence, confidence } = wearer;
    return { activity, bpm, steps, cadence, confidence, motion: wearer.motion() };
  });
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]) => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
};

test("the same seed gives the same wearer, another one does not", () => {
  expect(hourOf(7)).toEqual(hourOf(7));
  expect(hourOf(7)).not.toEqual(hourOf(8));
});

test("rests, walks and runs, for longer than a moment", () => {
  for (const seed of seeds) {
    const seconds = hourOf(seed);
    expect(new Set(seconds.map(({ activity }) => activity)).size).toBe(3);
    const changes = seconds.filter(({ activity }, i) => activity !== seconds[i - 1]?.activity);
    expect(changes.length).toBeWithin(20, hour / 8);
  }
});

test("the heart stays human, is slow to follow, and beats faster in motion", () => {
  for (const seed of seeds) {
    const seconds = hourOf(seed);
    const bpms = seconds.map(({ bpm }) => bpm);
    expect(Math.min(...bpms)).toBeGreaterThan(40);
    expect(Math.max(...bpms)).toBeLessThan(200);
    const jumps = bpms.slice(1).map((bpm, i) => Math.abs(bpm - (bpms[i] ?? 0)));
    expect(Math.max(...jumps)).toBeLessThan(10);
    const of = (what: WearerActivity) =>
      mean(seconds.filter(({ activity }) => activity === what).map(({ bpm }) => bpm));
    expect(of("running")).toBeGreaterThan(of("resting") + 15);
  }
});

test("steps are counted at the cadence of the activity", () => {
  for (const seed of seeds) {
    const seconds = hourOf(seed);
    for (const [i, { activity, steps, cadence }] of seconds.entries()) {
      if (activity === "resting") expect(cadence).toBe(0);
      else expect(cadence).toBeGreaterThan(90);
      const before = seconds[i - 1]?.steps ?? 0;
      expect(steps - before).toBeWithin(0, 5);
    }
    const expected = seconds.reduce((sum, { cadence }) => sum + cadence / 60, 0);
    expect(seconds.at(-1)?.steps).toBeWithin(expected * 0.97, expected * 1.03);
  }
});

test("at rest the watch feels gravity alone, in motion the arm", () => {
  for (const { activity, motion, confidence } of hourOf(3)) {
    const { x, y, z } = motion;
    expect([x.length, y.length, z.length]).toEqual([25, 25, 25]);
    expect(confidence).toBeWithin(0, 1.001);
    if (activity === "resting") {
      const g = x.map((a, i) => Math.hypot(a, y[i] ?? 0, z[i] ?? 0));
      expect(mean(g)).toBeWithin(970, 1030);
      expect(deviation(z)).toBeLessThan(40);
    } else {
      expect(deviation(z)).toBeGreaterThan(activity === "walking" ? 60 : 400);
    }
  }
});
