import { describe, expect, test } from "bun:test";
import { Failure } from "../failure.ts";
import type { CallerLimit } from "../metrics/counters.ts";
import { type AllowanceLimits, Allowances } from "./allowance.ts";

const none: AllowanceLimits = {
  requestsPerSecond: 0,
  recordsPerSecond: 0,
  bytesPerSecond: 0,
  streamsMax: 0,
  createsPerHour: 0,
};

function setUp(limits: Partial<AllowanceLimits>) {
  let nowMs = 1000;
  const hits: CallerLimit[] = [];
  const clock = {
    nowMs: () => nowMs,
    nowNs: () => BigInt(nowMs) * 1_000_000n,
    after: () => () => {},
  };
  const allowances = new Allowances({ ...none, ...limits }, clock, (limit) => hits.push(limit));
  return {
    allowances,
    mine: allowances.of("key:a"),
    hits,
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
}

function refusal(act: () => unknown): Failure | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

describe("what a caller may use", () => {
  test("requests fill up with time, and a refusal says when", () => {
    const { mine, hits, wait } = setUp({ requestsPerSecond: 10 });
    for (let i = 0; i < 10; i++) mine.admit(true);
    const refused = refusal(() => mine.admit(true));
    expect(refused?.code).toBe("overloaded");
    expect(refused?.retryAfterMs).toBe(100);
    expect(refused?.rateLimit).toEqual({ policy: "requests", quota: 10, windowMs: 1000 });
    expect(refused?.message).toContain("SLUICE_CALLER_REQUESTS_PER_SECOND");
    expect(hits).toEqual(["requests"]);
    wait(100);
    mine.admit(true);
    expect(refusal(() => mine.admit(true))).toBeDefined();
    wait(3_600_000);
    for (let i = 0; i < 10; i++) mine.admit(true);
    expect(refusal(() => mine.admit(true))).toBeDefined();
  });

  test("a large batch is a debt that later writes pay, and reads do not", () => {
    const { mine, wait } = setUp({ recordsPerSecond: 100 });
    mine.admit(true);
    mine.spend(1000, 5);
    expect(refusal(() => mine.admit(true))?.retryAfterMs).toBe(9010);
    expect(mine.pauseMs).toBe(9010);
    mine.admit(false);
    wait(9010);
    expect(mine.pauseMs).toBe(0);
    mine.admit(true);
  });

  test("bytes are limited apart from records", () => {
    const { mine, hits } = setUp({ bytesPerSecond: 1000 });
    mine.spend(1_000_000, 1500);
    expect(refusal(() => mine.admit(true))?.retryAfterMs).toBe(501);
    expect(mine.pauseMs).toBe(501);
    expect(hits).toEqual(["bytes", "bytes"]);
  });

  test("a stream counts until it is released, once", () => {
    const { mine } = setUp({ streamsMax: 2 });
    const first = mine.openStream();
    mine.openStream();
    expect(refusal(() => mine.openStream())?.message).toContain("SLUICE_CALLER_STREAMS_MAX");
    first();
    first();
    mine.openStream();
    expect(refusal(() => mine.openStream())?.code).toBe("overloaded");
  });

  test("each kind of thing has its own number in an hour", () => {
    const { mine, wait } = setUp({ createsPerHour: 2 });
    mine.create("topics");
    mine.create("topics");
    mine.create("emitters");
    expect(refusal(() => mine.create("topics"))?.rateLimit?.windowMs).toBe(3_600_000);
    wait(1_800_000);
    mine.create("topics");
  });

  test("callers do not share, and one caller has one allowance", () => {
    const { allowances, mine } = setUp({ requestsPerSecond: 1 });
    mine.admit(true);
    allowances.of("key:b").admit(true);
    expect(allowances.of("key:a")).toBe(mine);
    expect(refusal(() => mine.admit(true))).toBeDefined();
  });

  test("nothing is limited by 0, and a clock that is set back gives nothing and takes nothing", () => {
    const free = setUp({}).mine;
    for (let i = 0; i < 1000; i++) {
      free.admit(true);
      free.spend(1e9, 1e12);
      free.openStream();
      free.create("topics");
    }
    expect(free.pauseMs).toBe(0);
    const { mine, wait } = setUp({ requestsPerSecond: 1 });
    mine.admit(true);
    wait(-60_000);
    expect(refusal(() => mine.admit(true))?.retryAfterMs).toBe(1000);
    wait(1000);
    mine.admit(true);
  });
});
