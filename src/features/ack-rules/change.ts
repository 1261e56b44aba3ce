/** A change of a rule: what differs, and which sightings stay. Pure. */

import type { AckRuleConfig, KeptRule } from "./rule.ts";
import { placeNames } from "./rule.ts";

export interface PlacesChange {
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export function placesChange(from: AckRuleConfig, to: AckRuleConfig): PlacesChange {
  const [before, after] = [placeNames(from), placeNames(to)];
  return {
    removed: before.filter((place) => !after.includes(place)),
    added: after.filter((place) => !before.includes(place)),
  };
}

/**
 * The slots of the changed rule: places that stay keep theirs, so that no id has to be rewritten at
 * once. An added place gets one that no id has a sighting in, which excludes those of removed places.
 */
export function slotsAfter(
  rule: AckRuleConfig & Pick<KeptRule, "slots">,
  to: AckRuleConfig,
): readonly number[] {
  const before = new Map(placeNames(rule).map((place, i) => [place, rule.slots[i]]));
  const used = new Set(rule.slots);
  let free = 0;
  return placeNames(to).map((place) => {
    const slot = before.get(place);
    if (slot !== undefined) return slot;
    while (used.has(free)) free++;
    used.add(free);
    return free;
  });
}

/** Whether ids have to be looked at one by one. */
export function mustSettle(from: AckRuleConfig, to: AckRuleConfig): boolean {
  return (
    placesChange(from, to).removed.length > 0 ||
    from.deadlineMs !== to.deadlineMs ||
    from.keepMs !== to.keepMs
  );
}

/** Names of the members in which the two differ. The order of places does not matter. */
export function differences(from: AckRuleConfig, to: AckRuleConfig): readonly string[] {
  const [a, b] = [comparable(from), comparable(to)];
  return Object.keys({ ...a, ...b }).filter((name) => a[name] !== b[name]);
}

/** Each member as text. */
function comparable(config: AckRuleConfig): Readonly<Record<string, string | undefined>> {
  const { places, output, deadlineMs, keepMs, from } = config;
  return {
    topics: "topics" in places ? JSON.stringify(places.topics.toSorted()) : undefined,
    id: "topics" in places ? JSON.stringify(places.id) : undefined,
    events: "events" in places ? JSON.stringify(places.events.toSorted()) : undefined,
    app_id: "events" in places ? places.appId : undefined,
    output,
    deadline_ms: deadlineMs?.toString(),
    keep_ms: keepMs.toString(),
    from,
  };
}
