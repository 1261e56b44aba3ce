import { expect, test } from "bun:test";
import { systemClock } from "../core/clock.ts";
import { GarbageGuard } from "./garbage.ts";

const mega = 1024 * 1024;

/** A process of this size, whose next looks are taken by hand; a collection leaves `kept` of it. */
function rig() {
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
  const guard = new GarbageGuard({ clock, runtime, bytesMax: 512 * mega });
  return { process, guard, look: () => look(), waitMs: () => waits.at(-1) };
}

test("garbage is collected past the bound, and again no sooner than after a rest", () => {
  const { process, look, waitMs } = rig();
  look();
  expect([process.collections, waitMs()]).toEqual([0, 100]);
  process.bytes = 600 * mega;
  look();
  expect([process.collections, process.bytes, waitMs()]).toEqual([1, 100 * mega, 2000]);
  look();
  expect([process.collections, waitMs()]).toEqual([1, 100]);
});

test("what is in use is not collected again and again", () => {
  const { process, look, waitMs } = rig();
  process.bytes = 600 * mega;
  process.kept = 500 * mega;
  look();
  expect([process.collections, waitMs()]).toEqual([1, 60_000]);
});

test("a closed one looks no more", () => {
  const { process, guard, look } = rig();
  guard.close();
  process.bytes = 600 * mega;
  look();
  expect(process.collections).toBe(0);
});
