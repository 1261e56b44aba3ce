import { expect, test } from "bun:test";
import { seededRandom } from "../../../test/support/random.ts";
import { Fifo } from "./fifo.ts";

test("it does what an array does, however long it grows", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const fifo = new Fifo<number>();
    const array: number[] = [];
    for (let i = 0; i < 2000; i++) {
      if (random.chance(0.01)) {
        fifo.clear();
        array.length = 0;
      } else if (random.chance(0.55)) {
        fifo.push(i);
        array.push(i);
      } else expect(fifo.shift()).toBe(array.shift());
      expect(fifo.length).toBe(array.length);
    }
  }
});
