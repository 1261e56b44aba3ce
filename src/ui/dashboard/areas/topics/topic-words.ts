/** Settings and figures of topics in words. */

import { renderBytes, renderCount, renderDuration } from "../../../format.ts";
import { directionOf } from "../../kit/direction.ts";
import type { Lag } from "./topics-api.ts";

export function renderRetention(ms: number): string {
  return ms === 0 ? "kept" : `kept ${renderDuration(ms / 1000)}`;
}

export function renderSizeMax(bytes: number): string {
  return bytes === 0 ? "no limit" : renderBytes(bytes);
}

/** In seconds and entries, with its direction. */
export function renderLag(lag: Lag | null): string {
  if (lag === null) return "no consumer";
  const entries = lag.lag_entries === null ? "" : `, ${renderCount(lag.lag_entries)} entries`;
  return `lag ${lag.lag_s.toFixed(1)} s${entries}${directionOf(lag.lag_s, lag.lag_before_s)}`;
}
