import { expect, test } from "bun:test";
import type { Clock } from "../core/clock.ts";
import { silent } from "../core/logger.ts";
import { DatabaseClock } from "./database-clock.ts";

const databaseNs = 1_800_000_000_000_000_000n;

function clockAhead(ms: number): DatabaseClock {
  const ns = databaseNs + BigInt(ms) * 1_000_000n;
  const clock: Clock = {
    nowMs: () => Number(ns / 1_000_000n),
    nowNs: () => ns,
    after: () => () => {},
  };
  return new DatabaseClock({ clock, logger: silent, query: () => Promise.resolve(databaseNs) });
}

test.each([0, 59_000, -59_000])(
  "a node that is %d ms ahead sweeps by the database's time",
  async (ms) => {
    const clock = clockAhead(ms);
    expect(await clock.sweepNs()).toBe(databaseNs);
    expect(clock.nowMs()).toBe(Number(databaseNs / 1_000_000n) + ms);
  },
);

test.each([61_000, -61_000, 90_000_000])(
  "a node that is %d ms ahead drops nothing, and stamps the database's time",
  async (ms) => {
    const clock = clockAhead(ms);
    await expect(clock.sweepNs()).rejects.toThrow(`is ${ms} ms ahead`);
    expect(clock.nowNs()).toBe(databaseNs);
    expect(clock.nowMs()).toBe(Number(databaseNs / 1_000_000n));
  },
);
