import { describe, expect, test } from "bun:test";
import type { MinuteCounts, TimeSpan } from "./lifecycle.ts";
import { missingByMinute, type MissingQuery } from "./missing.ts";

const minuteNs = 60_000_000_000n;
const turn = { requireCaller() {} };

/** As many lifecycles in each minute; remembers the spans that it was queried for. */
function storeOf(perMinute: number) {
  const spans: TimeSpan[] = [];
  return {
    spans,
    missingByMinute(_appId: string, _stages: readonly string[], span: TimeSpan) {
      spans.push(span);
      const minutes: MinuteCounts[] = [];
      for (let at = span.toNs - minuteNs; at >= span.fromNs; at -= minuteNs) {
        minutes.push({ minuteNs: at, lifecycles: perMinute, missing: [perMinute] });
      }
      return Promise.resolve(minutes);
    },
  };
}

const asked: MissingQuery = {
  appId: "a",
  stages: ["SENT"],
  sinceNs: 0n,
  untilNs: 1440n * minuteNs,
};

describe("missing by minute", () => {
  test("every minute comes once, earliest first, in few spans where there is little", async () => {
    const store = storeOf(1);
    const found = await missingByMinute(store, asked, turn);
    expect(found.minutes.map((one) => one.minuteNs / minuteNs)).toEqual(
      Array.from({ length: 1440 }, (_, i) => BigInt(i)),
    );
    expect([found.fromNs, found.toNs]).toEqual([0n, asked.untilNs]);
    expect(store.spans.length).toBeLessThan(12);
  });

  test("it stops at a million lifecycles, and says how far it came", async () => {
    const store = storeOf(10_000);
    const { fromNs, minutes } = await missingByMinute(store, asked, turn);
    const counted = minutes.reduce((sum, { lifecycles }) => sum + lifecycles, 0);
    expect(counted).toBeGreaterThanOrEqual(1_000_000);
    expect(counted).toBeLessThan(1_200_000);
    expect(minutes[0]?.minuteNs).toBe(fromNs);
    const rest = await missingByMinute(store, { ...asked, untilNs: fromNs }, turn);
    expect(rest.minutes.at(-1)?.minuteNs).toBe(fromNs - minuteNs);
  });

  test("minutes are whole, before 1970 as well", async () => {
    const query = { ...asked, sinceNs: -1n, untilNs: 1n };
    const found = await missingByMinute(storeOf(1), query, turn);
    expect([found.fromNs, found.toNs]).toEqual([-minuteNs, minuteNs]);
    const first = { ...asked, sinceNs: -(2n ** 63n), untilNs: -(2n ** 63n) + 2n * minuteNs };
    expect((await missingByMinute(storeOf(1), first, turn)).fromNs).toBeGreaterThan(-(2n ** 63n));
  });

  test("more than a day is refused; a caller that left ends it", async () => {
    const long = { ...asked, untilNs: asked.untilNs + 1n };
    await expect(missingByMinute(storeOf(1), long, turn)).rejects.toThrow("more than a day");
    const store = storeOf(1);
    const left = {
      requireCaller() {
        if (store.spans.length === 2) throw new Error("left");
      },
    };
    await expect(missingByMinute(store, asked, left)).rejects.toThrow("left");
    expect(store.spans.length).toBe(2);
  });
});
