/** The rate of a topic to which so little is appended that a span mostly has nothing. */

import { everyMs } from "./node.ts";

/** With as many records a span says the rate by itself. */
const slowMax = 5;
/** After so many times its usual pause a topic is silent. */
const pausesMax = 3;

export interface SlowTopic {
  /** Records in the span that is asked about, and in the last one that has any. */
  readonly inSpan: number;
  readonly records: number;
  /** When the last record came, in ms since 1970, and the last one of the spans before it. */
  readonly lastMs: number | null;
  readonly lastBeforeMs: number | null;
}

/**
 * Records per second: those of the last span over the time since the record before them. 0 once it has been
 * silent for longer than that explains; undefined where the span itself says the rate.
 */
export function slowRate(
  { inSpan, records, lastMs, lastBeforeMs }: SlowTopic,
  span: number,
): number | undefined {
  if (inSpan >= slowMax || records >= slowMax || records <= 0) return undefined;
  if (lastMs === null || lastBeforeMs === null || lastMs <= lastBeforeMs) return undefined;
  const pauseMs = (lastMs - lastBeforeMs) / records;
  const silentMs = (span + 1) * everyMs - lastMs;
  return silentMs > pausesMax * pauseMs ? 0 : 1000 / pauseMs;
}
