import { expect, test } from "bun:test";
import { systemClock } from "../core/clock.ts";
import { GarbageGuard } from "./garbage.ts";

const mega = 1024 * 1024;

/** A process of this size, whose next looks are taken by hand; a collection leaves `kept` of it. */
function rig(bytesMax = 1024 * mega) {
  const process = { bytes: 100 * mega, kept: 100 * mega, collections: 0 };
  const waits: number[] = [];
  let look = () => {};
  const clock = {
    ...systemClock,
    after: (ms: number, callback: () => void) => {
      waits.push(ms);
      look = callback;
      return () => (look = () => {});
    },
  };
  const runtime = {
    memoryBytes: () => process.bytes,
    collectGarbage: () => {
      process.collections++;
      process.bytes = process.kept;
    },
  };
  const guard = new GarbageGuard({ clock, runtime, bytesMax });
  return { process, guard, look: () => look(), waitMs: () => waits.at(-1) };
}

test("garbage is collected past the bound, and again no sooner than after a rest", () => {
  const { process, look, waitMs } = rig();
  look();
  expect([process.collections, waitMs()]).toEqual([0, 100]);
  process.bytes = 1100 * mega;
  look();
  expect([process.collections, process.bytes, waitMs()]).toEqual([1, 100 * mega, 2000]);
  look();
  expect([process.collections, waitMs()]).toEqual([1, 100]);
});

test("what is in use is not collected again and again, but what comes on top of it is", () => {
  const { process, look, waitMs } = rig();
  process.bytes = 1100 * mega;
  process.kept = 900 * mega;
  look();
  expect([process.collections, waitMs()]).toEqual([1, 2000]);
  process.bytes = 1100 * mega;
  look();
  expect([process.collections, waitMs()]).toEqual([1, 100]);
  process.bytes = 1200 * mega;
  look();
  expect(process.collections).toBe(2);
});

test("where callers may have little, the process may still be as large as one that is busy", () => {
  const { process, look } = rig(16 * mega);
  process.bytes = 500 * mega;
  look();
  expect(process.collections).toBe(0);
  process.bytes = 600 * mega;
  look();
  expect(process.collections).toBe(1);
});

test("a closed one looks no more", () => {
  const { process, guard, look } = rig();
  guard.close();
  process.bytes = 1100 * mega;
  look();
  expect(process.collections).toBe(0);
});
