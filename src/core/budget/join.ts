/** What came in parts, as one. */

import type { Turn } from "./turn.ts";

/** Bytes that are copied within a fraction of a millisecond. */
const copiedAtOnce = 256 * 1024;

/** Megabytes are copied in turns: a page of fresh memory costs more than its copy. A single part is not copied. */
export async function joinInTurns(
  parts: readonly Uint8Array[],
  length: number,
  turn: Turn,
): Promise<Uint8Array> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (at > copiedAtOnce && turn.isOver) await turn.next();
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
