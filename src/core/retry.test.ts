import { expect, test } from "bun:test";
import { SimClock } from "../../test/simulation/clock.ts";
import { retry } from "./retry.ts";

const retryMs = { first: 100, most: 500 };

function rig() {
  const clock = new SimClock();
  const startMs = clock.nowMs();
  const stop = new AbortController();
  const attemptsMs: number[] = [];
  const failures: string[] = [];
  const options = {
    clock,
    retryMs,
    signal: stop.signal,
    onFailure: (error: unknown) => failures.push(String(error)),
  };
  const attempt = (succeedsAt: number) => async () => {
    attemptsMs.push(clock.nowMs() - startMs);
    if (attemptsMs.length < succeedsAt) throw new Error(`attempt ${attemptsMs.length}`);
    return "answer";
  };
  return { clock, stop, attemptsMs, failures, options, attempt };
}

test("each wait is twice as long as the one before, up to the longest", async () => {
  const { clock, attemptsMs, failures, options, attempt } = rig();
  const answer = retry(options, attempt(6));
  clock.advance(10_000);
  expect(await answer).toBe("answer");
  expect(attemptsMs).toEqual([0, 100, 300, 700, 1200, 1700]);
  expect(failures).toHaveLength(5);
  expect(failures[0]).toBe("Error: attempt 1");
  expect(clock.timers).toBe(0);
});

test("an aborted signal ends it, in a wait or before the first attempt", async () => {
  const { clock, stop, attemptsMs, options, attempt } = rig();
  const answer = retry(options, attempt(99));
  clock.advance(250);
  stop.abort();
  expect(await answer).toBeUndefined();
  expect(clock.timers).toBe(0);
  expect(await retry(options, attempt(99))).toBeUndefined();
  expect(attemptsMs).toEqual([0, 100]);
});

test("what onFailure throws ends it", async () => {
  const { options, attempt } = rig();
  const onFailure = () => {
    throw new Error("pointless");
  };
  await expect(retry({ ...options, onFailure }, attempt(2))).rejects.toThrow("pointless");
});
