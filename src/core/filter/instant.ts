/** Times as people and programs give them. */

import { expectedTime, knownTimes, parseTime } from "../time.ts";

/** By the number of digits: seconds, milliseconds, microseconds, nanoseconds since the Unix epoch. */
const units = [
  { digitsMax: 10, ns: 1_000_000_000n },
  { digitsMax: 13, ns: 1_000_000n },
  { digitsMax: 16, ns: 1_000n },
  { digitsMax: 19, ns: 1n },
] as const;

/** Nanoseconds since the Unix epoch, of an RFC 3339 time or of a number; undefined for anything else. */
export function parseInstant(text: string): bigint | undefined {
  if (!/^\d+$/.test(text)) return parseTime(text);
  const unit = units.find(({ digitsMax }) => text.length <= digitsMax);
  const ns = unit && BigInt(text) * unit.ns;
  return ns !== undefined && ns < 2n ** 63n ? ns : undefined;
}

/** What is expected in place of a text that `parseInstant` does not take. */
export function expectedInstant(text: string): string {
  if (/^\d+$/.test(text)) return knownTimes;
  return expectedTime(text, "an RFC 3339 time, or a number since 1970");
}
