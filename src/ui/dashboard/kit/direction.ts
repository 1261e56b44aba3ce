/** Where a lag goes: `, rising`, `, falling`, or nothing where it stays. */

/** Less than this is no direction, in seconds. */
const leastS = 0.5;

export function directionOf(nowS: number, beforeS: number): string {
  if (Math.abs(nowS - beforeS) < leastS) return "";
  return nowS > beforeS ? ", rising" : ", falling";
}
