import { expect, test } from "bun:test";
import { keyHash } from "./key-hash.ts";

test("a key's hash is what it was when rows were stored under it", () => {
  const keys = ["", "a", "emitter-1", "ключ", "🔑", "\u0000", "k".repeat(200)];
  expect(keys.map(keyHash)).toEqual([
    3338908027751811, 7929297801672961, 670798517665281, 1715554846423774, 6600153242402357,
    4446763975410778, 7576681010593545,
  ]);
});

test("hashes are safe integers and rarely collide", () => {
  const hashes = new Set<number>();
  for (let i = 0; i < 100_000; i++) hashes.add(keyHash(`emitter-${i.toString(36)}`));
  expect(hashes.size).toBe(100_000);
  for (const hash of hashes) {
    if (!Number.isSafeInteger(hash) || hash < 0) throw new Error(`${hash}`);
  }
});
