import { expect, test } from "bun:test";
import { createEmitterCache } from "./cache.ts";
import type { Emitter } from "./emitters-port.ts";

function emitter(id: string, endedMs?: number): Emitter {
  return { id, source: "external", rate: 0, createdMs: 0, endedMs, end: undefined };
}

test("a missing emitter is loaded on each call, and once for concurrent calls", async () => {
  const cache = createEmitterCache();
  let asked = 0;
  const missing = async (): Promise<undefined> => {
    asked++;
    return undefined;
  };
  await Promise.all([cache.get("x", missing), cache.get("x", missing)]);
  expect(asked).toBe(1);
  expect(await cache.get("x", async () => emitter("x"))).toEqual(emitter("x"));
  expect(await cache.get("x", missing)).toEqual(emitter("x"));
  expect(asked).toBe(1);
  await expect(cache.get("y", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
  expect(await cache.get("y", async () => emitter("y"))).toEqual(emitter("y"));
});

test("an end is not undone by an older answer", async () => {
  const cache = createEmitterCache();
  const answer = Promise.withResolvers<Emitter>();
  const asking = cache.get("x", () => answer.promise);
  cache.set(emitter("x", 5));
  answer.resolve(emitter("x"));
  expect((await asking)?.endedMs).toBe(5);
  expect(cache.peek("x")?.endedMs).toBe(5);
});

test("an emitter that was created after another one's end takes its place", () => {
  const cache = createEmitterCache();
  cache.set(emitter("x", 5));
  cache.set({ ...emitter("x"), createdMs: 6 });
  expect(cache.peek("x")?.endedMs).toBeUndefined();
  cache.drop("x");
  expect(cache.peek("x")).toBeUndefined();
});

test("it is bounded; the last used entries stay", async () => {
  const cache = createEmitterCache(3);
  for (const id of ["a", "b", "c"]) cache.set(emitter(id));
  await cache.get("a", async () => undefined);
  cache.set(emitter("d"));
  expect(cache.size).toBe(3);
  expect([cache.peek("a")?.id, cache.peek("b")?.id, cache.peek("d")?.id]).toEqual([
    "a",
    undefined,
    "d",
  ]);
});
