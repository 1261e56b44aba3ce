/**
 * Which of an app's messages lack which stage, by the minute of their first event. It goes back from
 * the latest minute in spans that grow while they hold little, and stops at a number of lifecycles.
 */

import type { Turn } from "../../core/budget/turn.ts";
import { invalidField } from "../../core/failure.ts";
import type { LifecycleStore, MinuteCounts } from "./lifecycle.ts";

export interface MissingQuery {
  readonly appId: string;
  readonly stages: readonly string[];
  readonly sinceNs: bigint;
  readonly untilNs: bigint;
}

export interface MissingByMinute {
  readonly stages: readonly string[];
  /** What was counted: whole minutes. It begins after the query's where there was too much. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** Earliest first; minutes without lifecycles are left out. */
  readonly minutes: readonly MinuteCounts[];
}

/** Minutes of one answer: a day. */
export const missingMinutesMax = 1440;
/** Lifecycles looked at for one answer: about a second. */
const lifecyclesMax = 1_000_000;
/** A span with fewer is followed by one of twice its length. */
const lifecyclesPerSpan = 20_000;

const minuteNs = 60_000_000_000n;

/** Throws `invalid` for a span of more than a day, `cancelled` when the caller has left. */
export async function missingByMinute(
  store: Pick<LifecycleStore, "missingByMinute">,
  { appId, stages, sinceNs, untilNs }: MissingQuery,
  turn: Pick<Turn, "requireCaller">,
): Promise<MissingByMinute> {
  const fromNs = minuteOf(sinceNs);
  const toNs = minuteOf(untilNs + minuteNs - 1n);
  if (toNs - fromNs > BigInt(missingMinutesMax) * minuteNs) {
    throw invalidField(
      "since",
      `Cannot count by minute from since to until: it is more than a day, expected ${missingMinutesMax} minutes at most`,
    );
  }
  const minutes: MinuteCounts[] = [];
  let spanNs = 10n * minuteNs;
  let atNs = toNs;
  for (let looked = 0; atNs > fromNs && looked < lifecyclesMax;) {
    turn.requireCaller();
    const span = { fromNs: atNs - spanNs > fromNs ? atNs - spanNs : fromNs, toNs: atNs };
    const counts = await store.missingByMinute(appId, stages, span);
    const found = counts.reduce((sum, { lifecycles }) => sum + lifecycles, 0);
    minutes.push(...counts);
    looked += found;
    atNs = span.fromNs;
    if (found < lifecyclesPerSpan) spanNs *= 2n;
    else if (found > 4 * lifecyclesPerSpan && spanNs > minuteNs) spanNs /= 2n;
  }
  return { stages, fromNs: atNs, toNs, minutes: minutes.toReversed() };
}

/** The beginning of the minute. The first of those that are stored is cut by the range of a time. */
function minuteOf(ns: bigint): bigint {
  const within = ((ns % minuteNs) + minuteNs) % minuteNs;
  const beginNs = ns - within;
  return beginNs < -(2n ** 63n) ? beginNs + minuteNs : BigInt.asIntN(64, beginNs);
}
