import { expect, test } from "bun:test";
import { Failure } from "../../core/failure.ts";
import { isRetryable, retryPauseMs } from "./retry.ts";

test("pauses double up to a bound, vary at random, and are at least as long as requested", () => {
  const unavailable = new Failure("unavailable", "down");
  for (const [attempts, low, high] of [
    [0, 125, 250],
    [1, 250, 500],
    [4, 2000, 4000],
    [50, 2500, 5000],
  ] as const) {
    const pauses = Array.from({ length: 200 }, () => retryPauseMs(attempts, unavailable));
    expect(Math.min(...pauses)).toBeWithin(low, low * 1.2);
    expect(Math.max(...pauses)).toBeWithin(high * 0.9, high + 1);
  }
  const asked = new Failure("overloaded", "busy", { retryAfterMs: 9000 });
  expect(retryPauseMs(0, asked)).toBeWithin(9000, 9126);
});

test("what the request itself is wrong about is not tried again", () => {
  const isTried = (code: ConstructorParameters<typeof Failure>[0]) =>
    isRetryable(new Failure(code, ""));
  expect((["unavailable", "shutting_down", "overloaded"] as const).map(isTried)).not.toContain(
    false,
  );
  expect((["invalid", "forbidden", "not_found", "internal"] as const).map(isTried)).not.toContain(
    true,
  );
});
