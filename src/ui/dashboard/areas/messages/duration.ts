/** Spans of time for people, from nanoseconds to days. */

import { timeFromNs } from "../../kit/time-text.ts";

const steps = [
  { below: 1000n, unit: "ns", ns: 1n },
  { below: 1_000_000n, unit: "µs", ns: 1000n },
  { below: 1_000_000_000n, unit: "ms", ns: 1_000_000n },
  { below: 60_000_000_000n, unit: "s", ns: 1_000_000_000n },
] as const;

/** Two or three digits: `420 ms`, `1.2 s`, `2 h 04 min`. A span backwards has a minus. */
export function renderSpan(ns: bigint): string {
  if (ns < 0n) return `−${renderSpan(-ns)}`;
  for (const { below, unit, ns: one } of steps) {
    if (ns < below) return `${withTenth(ns, one)} ${unit}`;
  }
  const seconds = ns / 1_000_000_000n;
  if (seconds < 3600n) return pair(seconds / 60n, "min", seconds % 60n, "s");
  const minutes = seconds / 60n;
  if (minutes < 1440n) return pair(minutes / 60n, "h", minutes % 60n, "min");
  return pair(minutes / 1440n, "d", (minutes / 60n) % 24n, "h");
}

/** A tenth where there is one, below ten. */
function withTenth(ns: bigint, one: bigint): string {
  const tenths = (ns * 10n) / one;
  const isShort = tenths < 100n && tenths % 10n !== 0n;
  return isShort ? `${tenths / 10n}.${tenths % 10n}` : String(tenths / 10n);
}

function pair(large: bigint, largeUnit: string, small: bigint, smallUnit: string): string {
  if (small === 0n) return `${large} ${largeUnit}`;
  return `${large} ${largeUnit} ${String(small).padStart(2, "0")} ${smallUnit}`;
}

/** RFC 3339 with the digits that say something. */
export function timeOf(ns: bigint): string {
  return timeFromNs(ns).replace(/\.?0+Z$/, "Z");
}

export function nsFromMs(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
