import { expect, test } from "bun:test";
import { InFlight } from "./in-flight.ts";

test("calls past the bound are refused, retryably; a lone one is admitted, however large", () => {
  const inFlight = new InFlight(100);
  inFlight.admit(1000);
  expect(inFlight.isFull).toBe(true);
  expect(() => inFlight.admit(1)).toThrow(
    "Cannot append 1 bytes: 1000 are not yet durable, at most 100 may be",
  );
  inFlight.release(1000);
  inFlight.admit(60);
  inFlight.admit(40);
  expect(() => inFlight.admit(1)).toThrow("100 are not yet durable");
  expect(inFlight.bytes).toBe(100);
});

test("all that wait go on together once half is free", async () => {
  const inFlight = new InFlight(100);
  inFlight.add(120);
  let free = 0;
  const waiting = [1, 2, 3].map(() => inFlight.room().then(() => free++));
  inFlight.release(69);
  await Promise.resolve();
  expect(free).toBe(0);
  inFlight.release(1);
  await Promise.all(waiting);
  expect([free, inFlight.bytes]).toEqual([3, 50]);
});
