import { expect, test } from "bun:test";
import { SimClock } from "../../test/simulation/clock.ts";
import { Failure } from "../core/failure.ts";
import { withDeadline } from "./deadline.ts";

const late = () => new Failure("unavailable", "late");
const failed = (error: unknown) => new Failure("internal", "failed", { cause: error });

test("an answer in time cancels the deadline", async () => {
  const clock = new SimClock();
  expect(await withDeadline(clock, Promise.resolve(1), 100, late, failed)).toBe(1);
  expect(clock.timers).toBe(0);
});

test("an error in time is a failure with its cause", async () => {
  const clock = new SimClock();
  const cause = new Error("a cause");
  const answer = withDeadline(clock, Promise.reject(cause), 100, late, failed);
  await expect(answer).rejects.toMatchObject({ code: "internal", cause });
  expect(clock.timers).toBe(0);
});

test("an answer that does not come in time is given up; what comes later changes nothing", async () => {
  const clock = new SimClock();
  const { promise, reject } = Promise.withResolvers<number>();
  const answer = withDeadline(clock, promise, 100, late, failed);
  const settled = answer.then(
    () => "answered",
    (error: Failure) => error.message,
  );
  clock.advance(100);
  reject(new Error("too late"));
  expect(await settled).toBe("late");
});
