import { expect, test } from "bun:test";
import { MemoryAccount } from "../../core/budget/memory.ts";
import { Turns } from "../../core/budget/turn.ts";
import { LateChunks } from "./late-chunks.ts";

function rig() {
  const receiving = new MemoryAccount(1000).share("receiving", 1);
  const taken: string[] = [];
  let isPaused = false;
  const late = new LateChunks({
    turns: new Turns(),
    receiving,
    lease: { pause: () => (isPaused = true), resume: () => (isPaused = false) },
    take: (chunk) => taken.push(Buffer.from(chunk).toString()),
  });
  return { receiving, taken, late, isPaused: () => isPaused };
}

test("chunks are taken later, in their order, and the socket is not read meanwhile", async () => {
  const { receiving, taken, late, isPaused } = rig();
  const chunk = Buffer.from("one");
  late.push(chunk);
  chunk.fill("x");
  late.push(Buffer.from("two"));
  expect(taken).toEqual([]);
  expect(isPaused()).toBe(true);
  expect(receiving.bytes).toBe(6);
  await new Promise<void>((resolve) => late.after(resolve));
  expect(taken).toEqual(["one", "two"]);
  expect([late.isEmpty, isPaused(), receiving.bytes]).toEqual([true, false, 0]);
});

test("a call that is over takes none of them, and another one begins", async () => {
  const { receiving, taken, late, isPaused } = rig();
  late.push(Buffer.from("one"));
  late.drop();
  expect([late.isEmpty, isPaused(), receiving.bytes]).toEqual([true, false, 0]);
  late.push(Buffer.from("two"));
  await new Promise<void>((resolve) => late.after(resolve));
  expect(taken).toEqual(["two"]);
  let isCalled = false;
  late.after(() => (isCalled = true));
  expect(isCalled).toBe(true);
});
