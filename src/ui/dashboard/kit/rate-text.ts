/** Rates in words that say something of slow ones as well. */

import { renderCount, renderDuration } from "../../format.ts";

/** Slower than this is said as the time between two. */
export const slowPerSecond = 0.5;

/** `1,204/s`, `12.4/s`, `1 every 40 s`, `0/s`. */
export function renderRate(perSecond: number): string {
  if (!(perSecond > 0)) return "0/s";
  if (perSecond >= 100) return `${renderCount(Math.round(perSecond))}/s`;
  if (perSecond >= slowPerSecond) return `${Number(perSecond.toFixed(1))}/s`;
  const seconds = 1 / perSecond;
  if (seconds < 10) return `1 every ${Number(seconds.toFixed(1))} s`;
  // `1 every 90 s` is read faster than a minute and 30 s.
  const every = seconds < 100 ? `${Math.round(seconds)} s` : renderDuration(seconds + 0.5);
  return `1 every ${every}`;
}
