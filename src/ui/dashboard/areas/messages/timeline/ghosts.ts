/** The expected stages that a message lacks: why, and where they would usually have been. */

import { nsFromTime } from "../../../kit/time-text.ts";
import type { AppSettings, Funnel, Lifecycle } from "../api.ts";
import { nsFromMs, renderSpan } from "../duration.ts";

export type Reason = "not due" | "late" | "overdue" | "not kept" | "hidden";

export interface Ghost {
  readonly event: string;
  readonly reason: Reason;
  /** The expected stage before it; undefined for the first. */
  readonly after: string | undefined;
  /** Where half of all messages have it by, and 99 of 100; undefined where nothing is known. */
  readonly usualNs: bigint | undefined;
  readonly latestNs: bigint | undefined;
  /** In words: why it is missing, and when it usually comes. */
  readonly why: string;
  readonly usual: string;
}

export interface GhostInput {
  readonly lifecycle: Lifecycle;
  readonly app: AppSettings;
  /** Of the app's expected events; undefined until it is known. */
  readonly funnel: Funnel | undefined;
  readonly nowNs: bigint;
}

/** Where a stage is, or is thought to be. */
interface Place {
  readonly usualNs: bigint | undefined;
  readonly latestNs: bigint | undefined;
  readonly isSeen: boolean;
}

/** When the message becomes overdue; undefined for an app without a deadline. */
export function deadlineOf(lifecycle: Lifecycle, app: AppSettings): bigint | undefined {
  const first = lifecycle.events[0];
  if (app.deadline_ms === null || first === undefined) return undefined;
  return nsFromTime(first.first_at) + nsFromMs(app.deadline_ms);
}

/** In the order in which the app expects them. */
export function ghostsOf(input: GhostInput): readonly Ghost[] {
  const { lifecycle, app, funnel } = input;
  const firsts = new Map(lifecycle.events.map((one) => [one.event, nsFromTime(one.first_at)]));
  const ghosts: Ghost[] = [];
  let before: Place = { usualNs: undefined, latestNs: undefined, isSeen: false };
  for (const [i, event] of app.expected.entries()) {
    const atNs = firsts.get(event);
    if (atNs !== undefined) {
      before = { usualNs: atNs, latestNs: atNs, isSeen: true };
      continue;
    }
    const delay = funnel?.stages.find((stage) => stage.event === event)?.delay_ms;
    const place: Place = {
      usualNs: shifted(before.usualNs, delay?.p50),
      latestNs: shifted(before.latestNs, delay?.p99),
      isSeen: false,
    };
    const after = app.expected[i - 1];
    const reason = reasonOf(input, i, place, firsts);
    const why = whyWords(input, reason);
    const usual = usualWords(after, place, before, input.nowNs);
    const { usualNs, latestNs } = place;
    ghosts.push({ event, reason, after, usualNs, latestNs, why, usual });
    before = place;
  }
  return ghosts;
}

function shifted(fromNs: bigint | undefined, ms: number | undefined): bigint | undefined {
  return fromNs === undefined || ms === undefined ? undefined : fromNs + nsFromMs(ms);
}

function reasonOf(
  { lifecycle, app, funnel, nowNs }: GhostInput,
  index: number,
  place: Place,
  firsts: ReadonlyMap<string, bigint>,
): Reason {
  const event = app.expected[index] ?? "";
  if (isHidden(lifecycle, event)) return "hidden";
  if (isForgotten(app, funnel, index, firsts)) return "not kept";
  const deadlineNs = deadlineOf(lifecycle, app);
  if (deadlineNs !== undefined && deadlineNs <= nowNs) return "overdue";
  return place.latestNs !== undefined && place.latestNs < nowNs ? "late" : "not due";
}

/** A lifecycle keeps the least names; one behind all of them may have come and not be among them. */
function isHidden({ events, events_not_shown: count = 0 }: Lifecycle, event: string): boolean {
  return count > 0 && events.every((one) => one.event < event);
}

/**
 * Whether it usually comes so long before the first stage that was seen that a lifecycle is dropped
 * in between.
 */
function isForgotten(
  { expected, kept_ms: keptMs }: AppSettings,
  funnel: Funnel | undefined,
  index: number,
  firsts: ReadonlyMap<string, bigint>,
): boolean {
  if (keptMs === 0 || expected.slice(0, index).some((event) => firsts.has(event))) return false;
  let gapMs = 0;
  for (const event of expected.slice(index + 1)) {
    gapMs += funnel?.stages.find((stage) => stage.event === event)?.delay_ms?.p99 ?? 0;
    if (firsts.has(event)) return gapMs > keptMs;
  }
  return false;
}

function whyWords({ lifecycle, app, nowNs }: GhostInput, reason: Reason): string {
  const deadlineNs = deadlineOf(lifecycle, app);
  const left = deadlineNs === undefined ? "" : ` Overdue in ${renderSpan(deadlineNs - nowNs)}.`;
  const words: Readonly<Record<Reason, string>> = {
    "not due": `Not due yet.${left}`,
    late: `Late.${left}`,
    overdue: `Overdue for ${renderSpan(nowNs - (deadlineNs ?? nowNs))}.`,
    hidden: `Hidden: it may be among the ${lifecycle.events_not_shown ?? 0} events whose names are beyond the 100 that a lifecycle keeps.`,
    "not kept": `Not kept: it may have come and been dropped, as a lifecycle is kept for ${renderSpan(nsFromMs(app.kept_ms))} after its last event.`,
  };
  return words[reason];
}

function usualWords(
  after: string | undefined,
  { usualNs, latestNs }: Place,
  before: Place,
  nowNs: bigint,
): string {
  if (after === undefined) return "It is the first stage: no earlier one says when it comes.";
  if (usualNs === undefined || latestNs === undefined || before.usualNs === undefined) {
    return `How long after ${after} it usually comes is not known.`;
  }
  const usual = renderSpan(usualNs - before.usualNs);
  const latest = renderSpan(latestNs - before.usualNs);
  const now = before.isSeen ? `; now ${renderSpan(nowNs - before.usualNs)}` : "";
  return `Usually ${usual} after ${after}, 99 of 100 within ${latest}${now}.`;
}
