import { expect, test } from "bun:test";
import type { Clock } from "../clock.ts";
import { Failure } from "../failure.ts";
import { Quota } from "./quota.ts";

function setUp(max: number) {
  const state = { nowMs: 1_000_000, stored: 0, counted: 0, away: false };
  const clock: Pick<Clock, "nowMs"> = { nowMs: () => state.nowMs };
  const quota = new Quota({
    what: "topics",
    max,
    setting: "SLUICE_TOPICS_MAX",
    clock: clock as Clock,
    count: async () => {
      state.counted++;
      if (state.away) throw new Failure("unavailable", "away");
      return state.stored;
    },
  });
  return { quota, state };
}

const full = "there are 3 topics, expected at most 3 (SLUICE_TOPICS_MAX)";

test("it admits up to its bound, and asks the store once until the bound is reached", async () => {
  const { quota, state } = setUp(3);
  for (let i = 0; i < 3; i++) {
    await quota.admit("Cannot create topic");
    state.stored++;
  }
  expect(state.counted).toBe(1);
  await expect(quota.admit("Cannot create topic")).rejects.toThrow(`Cannot create topic: ${full}`);
  expect(quota.status()).toEqual({ count: 3, max: 3 });
});

test("while it is full it asks at most once a second, and sees what other nodes removed", async () => {
  const { quota, state } = setUp(3);
  state.stored = 3;
  for (let i = 0; i < 50; i++) await expect(quota.admit("No")).rejects.toThrow(full);
  expect(state.counted).toBe(1);
  state.stored = 2;
  state.nowMs += 1000;
  await quota.admit("No");
  expect(state.counted).toBe(2);
});

test("what is released may be added again at once; many at once fit together or not at all", async () => {
  const { quota } = setUp(3);
  await expect(quota.admit("No", 4)).rejects.toThrow("there are 0 topics");
  await quota.admit("No", 3);
  quota.release(2);
  await expect(quota.admit("No", 3)).rejects.toThrow("there are 1 topics");
  await quota.admit("No", 2);
});

test("without the store nothing is admitted that was not counted, and status still answers", async () => {
  const { quota, state } = setUp(3);
  state.away = true;
  await expect(quota.admit("No")).rejects.toThrow("away");
  expect(quota.status()).toEqual({ count: undefined, max: 3 });
});
