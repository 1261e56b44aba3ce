/**
 * Clocks that are wrong, found by comparing the times that services sent with those of receipt. What
 * is shown is never corrected by it: it is said in words.
 */

import { nsFromTime } from "../../../kit/time-text.ts";
import type { SeenEvent } from "../api.ts";
import { renderSpan } from "../duration.ts";

export interface Skew {
  readonly event: string;
  readonly sentence: string;
}

/** Less than this is the way of an event, and the rounding of a time. */
const toleratedNs = 1_000_000n;

/** `expected`: the order in which the app expects its events. */
export function skewsOf(
  events: readonly SeenEvent[],
  expected: readonly string[],
): readonly Skew[] {
  return [...events.flatMap(fromFuture), ...outOfOrder(events, expected)];
}

/** No event is received before it happens. */
function fromFuture({ event, first_at, received_last_at }: SeenEvent): Skew[] {
  if (received_last_at === null) return [];
  const aheadNs = nsFromTime(first_at) - nsFromTime(received_last_at);
  if (aheadNs <= toleratedNs) return [];
  const by = renderSpan(aheadNs);
  return [
    {
      event,
      sentence: `${event} says that it happened ${by} after the gateway received it: the clock that wrote it is at least ${by} ahead of the gateway's.`,
    },
  ];
}

/** They happened in the other order than the app expects, by what their services say. */
function outOfOrder(events: readonly SeenEvent[], expected: readonly string[]): Skew[] {
  const seen = expected.flatMap((name) => events.find(({ event }) => event === name) ?? []);
  return seen.slice(1).flatMap((later, i) => {
    const earlier = seen[i];
    if (earlier === undefined) return [];
    const byNs = nsFromTime(earlier.first_at) - nsFromTime(later.first_at);
    if (byNs <= toleratedNs) return [];
    const by = renderSpan(byNs);
    const order = `${later.event} says that it happened ${by} before ${earlier.event}, which is expected before it`;
    const [first, second] = [earlier.received_first_at, later.received_first_at];
    if (first === null || second === null || nsFromTime(first) > nsFromTime(second)) {
      return [{ event: later.event, sentence: `${order}.` }];
    }
    const sentence = `${order}, and was received after it: the clocks of the two differ by at least ${by}, or ${later.event} was sent late.`;
    return [{ event: later.event, sentence }];
  });
}
