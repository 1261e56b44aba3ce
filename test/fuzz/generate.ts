/** Generated values for fuzzing. */

import type { Random } from "../support/random.ts";

export interface FuzzRandom extends Random {
  /** One of the choices; an entry that is there twice is twice as frequent. */
  pick<T>(choices: readonly T[]): T;
  /** Up to `lengthMax` items; short lists are more frequent than long ones. */
  list<T>(lengthMax: number, item: (index: number) => T): T[];
  /** Up to `lengthMax` characters of an alphabet, each a code point or one of several texts. */
  text(alphabet: string | readonly string[], lengthMax: number): string;
  bytes(lengthMax: number): Uint8Array<ArrayBuffer>;
}

export function fuzzRandom(random: Random): FuzzRandom {
  const list = <T>(lengthMax: number, item: (index: number) => T) =>
    Array.from({ length: random.int(random.int(lengthMax + 1) + 1) }, (_, index) => item(index));
  const pick = <T>(choices: readonly T[]): T => {
    if (choices.length === 0) throw new Error("Cannot pick one of no choices");
    // The index is one of the array's.
    return choices[random.int(choices.length)] as T;
  };
  return {
    ...random,
    pick,
    list,
    text: (alphabet, lengthMax) => {
      const choices = typeof alphabet === "string" ? Array.from(alphabet) : alphabet;
      return list(lengthMax, () => pick(choices)).join("");
    },
    bytes: (lengthMax) => Uint8Array.from(list(lengthMax, () => random.int(256))),
  };
}

/** The bytes with a few of them changed, removed, repeated, or cut off: damage that transfers cause. */
export function damaged(random: FuzzRandom, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let damage = Array.from(bytes);
  for (let left = 1 + random.int(4); left > 0; left--) {
    const at = random.int(damage.length + 1);
    const size = 1 + random.int(8);
    const change = random.int(5);
    if (change === 0) damage.splice(at, 1, random.int(256));
    else if (change === 1) damage.splice(at, size);
    else if (change === 2) damage.splice(at, 0, ...damage.slice(at, at + size));
    else if (change === 3) damage.splice(at, 0, ...random.bytes(8));
    else if (random.chance(0.2)) damage = damage.slice(0, at);
  }
  return Uint8Array.from(damage);
}
