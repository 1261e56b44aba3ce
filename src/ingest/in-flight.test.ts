import { expect, test } from "bun:test";
import { Portion } from "../core/access/portion.ts";
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

/** Callers that take all they get, in turns, until none gets more. */
function fill(inFlight: InFlight, callers: readonly Portion[]): readonly number[] {
  for (let isTaking = true; isTaking;) {
    isTaking = false;
    for (const portion of callers) {
      if (inFlight.isFullFor(portion)) continue;
      inFlight.add(1, portion);
      isTaking = true;
    }
  }
  return callers.map(({ bytes }) => bytes);
}

test("one caller leaves a third to others, and several get equal portions", () => {
  const inFlight = new InFlight(2100);
  const [first, second, third] = [new Portion(), new Portion(), new Portion()];
  expect(fill(inFlight, [first])).toEqual([1400]);
  // A later one gets its part at once, and the same as the first once that has given back.
  expect(fill(inFlight, [first, second])).toEqual([1400, 466]);
  inFlight.release(1400, first);
  inFlight.release(466, second);
  expect(fill(inFlight, [first, second])).toEqual([840, 840]);
  for (const portion of [first, second]) inFlight.release(portion.bytes, portion);
  expect(fill(inFlight, [first, second, third])).toEqual([600, 600, 600]);
  expect(inFlight.bytes).toBe(1800);
});

test("a caller past its part is refused alone, and counted", () => {
  let hits = 0;
  const inFlight = new InFlight(300, () => hits++);
  const [greedy, other] = [new Portion(), new Portion()];
  inFlight.admit(150, greedy);
  expect(() => inFlight.admit(151, greedy)).toThrow("Cannot append 151 bytes: 150 are not yet");
  expect(hits).toBe(0);
  inFlight.add(60, greedy);
  const message =
    "Cannot take more of this caller: 210 of its bytes are not yet durable, at most 180 may be";
  expect(() => inFlight.admit(1, greedy)).toThrow(message);
  expect(() => inFlight.refuseIfFull(greedy)).toThrow(
    expect.objectContaining({ code: "overloaded", retryAfterMs: 1000 }),
  );
  expect([inFlight.isFullFor(greedy), hits]).toEqual([true, 2]);

  inFlight.refuseIfFull(other);
  inFlight.admit(50, other);
  inFlight.admit(1, undefined);
  // Past the bound of all, everybody is refused, and no caller is at fault.
  inFlight.add(100);
  expect([other, undefined].map((portion) => inFlight.isFullFor(portion))).toEqual([true, true]);
  expect(() => inFlight.refuseIfFull(other)).toThrow("361 bytes are not yet durable, at most 300");
  expect(hits).toBe(2);
});

test("a stream past its part waits for half of it, and others do not wait", async () => {
  const inFlight = new InFlight(300);
  const [greedy, other] = [new Portion(), new Portion()];
  inFlight.add(200, greedy);
  let goesOn = false;
  const room = inFlight.room(greedy).then(() => (goesOn = true));
  inFlight.admit(30, other);
  inFlight.release(30, other);
  inFlight.release(49, greedy);
  await Promise.resolve();
  expect(goesOn).toBe(false);
  inFlight.release(1, greedy);
  await room;
  expect(greedy.bytes).toBe(150);

  // Nothing else would wake it: what is free is others'.
  inFlight.add(10, greedy);
  inFlight.add(100, other);
  inFlight.release(150, greedy);
  expect(inFlight.isFullFor(greedy)).toBe(false);
  inFlight.add(185, other);
  expect([inFlight.isFull, inFlight.isFullFor(greedy)]).toEqual([false, true]);
  const last = inFlight.room(greedy);
  inFlight.release(10, greedy);
  await last;
  expect([inFlight.bytes, inFlight.isFullFor(greedy)]).toEqual([285, false]);

  // When others give back, it goes on as well.
  inFlight.add(10, greedy);
  const again = inFlight.room(greedy);
  inFlight.release(145, other);
  await again;
  expect(inFlight.bytes).toBe(150);
});

test("who waits for all goes on although a greedy caller keeps more than half", async () => {
  const inFlight = new InFlight(300);
  const [greedy, other] = [new Portion(), new Portion()];
  inFlight.add(180, greedy);
  inFlight.add(120, other);
  expect(inFlight.isFull).toBe(true);
  let goesOn = 0;
  for (const portion of [other, undefined]) void inFlight.room(portion).then(() => goesOn++);
  inFlight.release(120, other);
  const comesAgain = () => {
    inFlight.release(20, greedy);
    inFlight.admit(20, greedy);
  };
  for (let i = 0; i < 8; i++) comesAgain();
  await Promise.resolve();
  expect(goesOn).toBe(0);
  // As much as there may be has become durable meanwhile.
  comesAgain();
  await Promise.resolve();
  expect([goesOn, inFlight.bytes, inFlight.isFullFor(other)]).toEqual([2, 180, false]);
});
