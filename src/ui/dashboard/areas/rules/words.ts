/** Numbers of ack rules as words. */

import { renderCount, renderDuration } from "../../../format.ts";
import { directionOf } from "../../kit/direction.ts";
import type { Preview, RuleConfig, RuleLag } from "./api.ts";

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${renderCount(count)} ${count === 1 ? one : many}`;
}

/** `2.43 ms`, `4.1 s`, `3 min 20 s`. */
export function renderMs(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toPrecision(3))} s`;
  return renderDuration(ms / 1000);
}

export function renderDeadline({ deadline_ms: ms }: RuleConfig): string {
  return ms === undefined ? "none" : renderMs(ms);
}

/** A rule that is further behind is late with its acks. */
export const behindS = 10;

/** `12.4 s behind orders, rising`; a lag that nobody notices is none. */
export function renderRuleLag(lag: RuleLag | null | undefined): string {
  if (lag === undefined || lag === null) return "–";
  const { topic, lag_s: now, lag_before_s: before } = lag;
  if (now < 1) return "none";
  return `${renderMs(now * 1000)} behind ${topic}${directionOf(now, before)}`;
}

/** What a change would do, a sentence each; empty where it changes nothing of what is known. */
export function effectsOf(preview: Preview, hasAdded: boolean): readonly string[] {
  const sightings = Object.entries(preview.forgotten_sightings).map(
    ([place, count]) => `What was seen in ${place} is forgotten: ${counted(count, "open id")}.`,
  );
  const waiting = hasAdded
    ? "Ids that go on waiting, and lack what is added as well"
    : "Ids that go on waiting";
  const parts: readonly (readonly [string, number])[] = [
    ["Ids that get their ack at once, because nothing else is missing", preview.completed_ids],
    ["Ids that are forgotten, because they were seen nowhere else", preview.forgotten_ids],
    ["Ids that become overdue", preview.overdue_ids],
    ["Overdue ids that have time left again", preview.reopened_ids],
    [waiting, preview.waiting_ids],
  ];
  const shown = parts.filter(([, count]) => count > 0);
  return [...sightings, ...shown.map(([text, count]) => `${text}: ${renderCount(count)}.`)];
}
