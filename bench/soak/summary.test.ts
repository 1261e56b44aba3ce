import { describe, expect, test } from "bun:test";
import type { SoakMeasured } from "./measure.ts";
import type { SoakOptions } from "./options.ts";
import { renderSoak } from "./report.ts";
import { Deliveries } from "./subscriber.ts";
import { summarizeSoak } from "./summary.ts";

const options: SoakOptions = {
  load: {
    subscribers: 1,
    reconnectSeconds: 9,
    events: 50,
    measurements: 0,
    lifecycle: 0,
    watches: 0,
  },
  ...{ minutes: 20, warmUpMinutes: 10, slopeMax: 0.1, log: "embedded", json: false },
};

/** Memory grows by a megabyte a minute, up to the given minute. */
function measured(grownUntil: number, lost = 0): SoakMeasured {
  const samples = Array.from({ length: 20 }, (_, minutes) => ({
    minutes,
    bytes: (100 + Math.min(minutes, grownUntil)) * 1024 ** 2,
  }));
  const deliveries = Object.assign(new Deliveries(), { delivered: 100, lost });
  const before = { liveBytes: 1, objects: { Function: 5, Promise: 7, Map: 1 } };
  const after = { liveBytes: 2, objects: { Function: 5, Promise: 9, Map: 11 } };
  return { deliveries, samples, heaps: [before, after] };
}

describe("the summary of a soak", () => {
  test("is fine where memory grew in the warm-up only", () => {
    const summary = summarizeSoak(options, measured(10));
    expect(summary).toMatchObject({ ok: true, memory: { slope_bytes_per_minute: 0 } });
    expect(renderSoak(summary)).toContain("memory grows by 0.00 MB a minute after 10 minutes");
  });

  test("is not where it grows on, or where an event was lost", () => {
    const grows = summarizeSoak(options, measured(20));
    expect(grows).toMatchObject({ ok: false, memory: { slope_bytes_per_minute: 1024 ** 2 } });
    expect(renderSoak(grows)).toContain("MORE THAN 0.10 MB a minute");
    const loses = summarizeSoak(options, measured(10, 1));
    expect(loses.ok).toBe(false);
    expect(renderSoak(loses)).toContain("EVENTS WERE LOST");
  });

  test("has the classes that became more, the largest growth first", () => {
    expect(summarizeSoak(options, measured(10)).live.grown).toEqual([
      { name: "Map", before: 1, after: 11 },
      { name: "Promise", before: 7, after: 9 },
    ]);
  });
});
