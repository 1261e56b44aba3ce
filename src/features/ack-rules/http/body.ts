/** The body that creates an ack rule: what its shape cannot say. */

import type { z } from "zod";
import { invalidField } from "../../../core/failure.ts";
import { parseEventId } from "../../lifecycle/event.ts";
import {
  type AckPlaces,
  type AckRuleConfig,
  type IdAt,
  keepMsDefault,
  overdueTopic,
} from "../rule.ts";
import type { ruleRequestShape } from "./endpoints.ts";

export type RuleRequest = z.output<typeof ruleRequestShape>;

/** Complete and checked. Throws `invalid` naming the field. */
export function ackRuleFrom(name: string, given: RuleRequest): AckRuleConfig {
  const places = placesFrom(given);
  return {
    name,
    places,
    output: outputFrom(given.output, places),
    deadlineMs: given.deadline_ms,
    keepMs: given.keep_ms ?? keepMsDefault,
    from: given.from ?? "now",
  };
}

function placesFrom({ topics, id, events, app_id }: RuleRequest): AckPlaces {
  if ((topics === undefined) === (events === undefined)) {
    throw invalidField(
      "/topics",
      "Cannot create a rule of nothing: expected either topics or events",
    );
  }
  const names = topics ?? events ?? [];
  if (new Set(names).size < names.length) {
    const field = topics === undefined ? "/events" : "/topics";
    throw invalidField(field, "Cannot use the same place twice: expected each name once");
  }
  if (topics === undefined) {
    if (id === undefined) return { events: eventNames(events ?? []), appId: appName(app_id) };
    throw invalidField("/id", "Cannot use id with events: an event's id is its message_id");
  }
  if (app_id !== undefined) {
    throw invalidField("/app_id", "Cannot use app_id with topics: only events have one");
  }
  return { topics, id: id ?? messageIdPointer };
}

/** As lifecycle events name them. */
function eventNames(names: readonly string[]): readonly string[] {
  return names.map((name, i) => parseEventId(`/events/${i}`, name));
}

function appName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : parseEventId("/app_id", name);
}

const messageIdPointer: IdAt = { pointer: "/message_id" };

function outputFrom(output: string, places: AckPlaces): string {
  // The topic of overdue ids is named after it, and must be a name as well.
  const longest = 200 - overdueTopic("").length;
  if (output.length > longest) {
    throw invalidField(
      "/output",
      `Cannot use output "${output}": expected at most ${longest} characters`,
    );
  }
  const read = "topics" in places ? places.topics : [];
  if (read.includes(output) || read.includes(overdueTopic(output))) {
    throw invalidField("/output", `Cannot use output "${output}": the rule would see its own acks`);
  }
  return output;
}
