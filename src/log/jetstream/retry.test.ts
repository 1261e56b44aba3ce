import { describe, expect, test } from "bun:test";
import { JetStreamApiError } from "@nats-io/jetstream";
import type { Clock } from "../../core/clock.ts";
import { withRetry } from "./retry.ts";

/** Its time goes on by each wait alone, which is over at once. */
function waitingClock(): Clock {
  let ms = 0;
  return {
    nowMs: () => ms,
    nowNs: () => BigInt(ms) * 1_000_000n,
    after(waitMs, callback) {
      ms += waitMs;
      queueMicrotask(callback);
      return () => undefined;
    },
  };
}

const apiError = (code: number) =>
  new JetStreamApiError({ code: 503, err_code: code, description: `error ${code}` });
const electing = () => apiError(10008);

/** A call that throws these in turn and then answers, with how often it was made. */
function failing(...errors: Error[]) {
  const made = { calls: 0 };
  const call = () => {
    const error = errors[made.calls++];
    return error === undefined ? Promise.resolve("answer") : Promise.reject(error);
  };
  return { made, call };
}

const open = { isClosed: () => false };

describe("withRetry", () => {
  test("waits for the leader that a cluster says it has not, longer each time", async () => {
    const clock = waitingClock();
    const { made, call } = failing(...Array.from({ length: 6 }, electing));
    expect(await withRetry({ clock, nc: open }, call)).toBe("answer");
    expect(made.calls).toBe(7);
    expect(clock.nowMs()).toBeWithin(1_750, 3_501);
  });

  test("a cluster without a leader for longer is given up within the caller's deadline", async () => {
    const clock = waitingClock();
    const { made, call } = failing(...Array.from({ length: 1_000 }, electing));
    await expect(withRetry({ clock, nc: open }, call)).rejects.toThrow("error 10008");
    expect(made.calls).toBe(9);
    expect(clock.nowMs()).toBeWithin(2_750, 5_501);
  });

  test("any other answer is final", async () => {
    const { made, call } = failing(apiError(10059));
    await expect(withRetry({ clock: waitingClock(), nc: open }, call)).rejects.toThrow("10059");
    expect(made.calls).toBe(1);
  });

  test("three calls without an answer are enough", async () => {
    const silence = Array.from({ length: 9 }, (_, i) => new Error(`silence ${i}`));
    const { call } = failing(...silence);
    await expect(withRetry({ clock: waitingClock(), nc: open }, call)).rejects.toThrow("silence 2");
  });

  test("a closed connection is not retried", async () => {
    const { made, call } = failing(electing(), electing());
    const nc = { isClosed: () => true };
    await expect(withRetry({ clock: waitingClock(), nc }, call)).rejects.toThrow("error 10008");
    expect(made.calls).toBe(1);
  });
});
