/** The body that makes an ack rule. */
import { z } from "zod";
import {
  type AckPlaces,
  type AckRuleConfig,
  type IdAt,
  keepMsDefault,
  overdueTopic,
  placesMax,
} from "../rule.ts";
import { emittersTopic } from "../../../core/emitters.ts";
import { Failure, invalidField } from "../../../core/failure.ts";
import { checkJson } from "../../../core/json.ts";
import { lifecycleTopic, parseEventId } from "../../lifecycle/event.ts";
import { parseName } from "../../../core/topic.ts";
import { parseWith } from "../../../http/validate.ts";

/** Complete and checked. Throws `invalid` naming the field. */
export function parseAckRule(name: string, body: Uint8Array): AckRuleConfig {
  const json = checkJson(body);
  if (!json.ok) throw new Failure("invalid", json.message);
  const given = parseWith(ruleBody, JSON.parse(new TextDecoder().decode(body)));
  const places = wantedPlaces(given);
  return {
    name,
    places,
    output: wantedOutput(given.output, places),
    deadlineMs: given.deadline_ms,
    keepMs: given.keep_ms ?? keepMsDefault,
    from: given.from ?? "now",
  };
}

const dayMs = 24 * 60 * 60 * 1000;
/** As lifecycle events name them. */
const eventName = z.string().transform((name) => parseEventId("events", name));
const appName = z.string().transform((name) => parseEventId("app_id", name));
const topicName = z.string().transform((name) => parseName(name, "topics"));

const ruleBody = z.strictObject({
  topics: z.array(topicName).min(1).max(placesMax).optional(),
  id: z
    .union(
      [
        z.strictObject({ key: z.literal(true) }),
        z.strictObject({
          pointer: z
            .string()
            .max(1000)
            .regex(/^(\/([^~/]|~[01])*)+$/),
        }),
        z.strictObject({
          field: z
            .string()
            .max(1000)
            .regex(/^\w+(\.\w+)*$/),
        }),
      ],
      'expected {"key":true}, {"pointer":"/a/b"} or {"field":"a.b"}',
    )
    .optional(),
  events: z.array(eventName).min(1).max(placesMax).optional(),
  app_id: appName.optional(),
  output: z.string(),
  deadline_ms: z
    .int()
    .min(1)
    .max(366 * dayMs)
    .optional(),
  keep_ms: z
    .int()
    .min(1000)
    .max(3660 * dayMs)
    .optional(),
  from: z.enum(["now", "earliest"]).optional(),
});

function wantedPlaces({ topics, id, events, app_id }: z.output<typeof ruleBody>): AckPlaces {
  if ((topics === undefined) === (events === undefined)) {
    throw invalidField(
      "/topics",
      "Cannot tell what is to be seen: expected either topics or events",
    );
  }
  const names = topics ?? events ?? [];
  if (new Set(names).size < names.length) {
    const field = topics === undefined ? "/events" : "/topics";
    throw invalidField(field, "Cannot use the same place twice: expected each name once");
  }
  if (topics === undefined) {
    if (id === undefined) return { events: events ?? [], appId: app_id };
    throw invalidField("/id", "Cannot use id with events: an event's id is its message_id");
  }
  if (app_id !== undefined) {
    throw invalidField("/app_id", "Cannot use app_id with topics: only events have one");
  }
  return { topics, id: id ?? messageIdPointer };
}

const messageIdPointer: IdAt = { pointer: "/message_id" };
/** Topics that Sluice writes by rules of their own. */
const reserved = new Set([emittersTopic, lifecycleTopic]);

function wantedOutput(given: string, places: AckPlaces): string {
  // The topic of overdue ids is named after it, and has to be a name, too.
  const longest = 200 - overdueTopic("").length;
  const output = parseName(given, "output");
  if (output.length > longest) {
    throw invalidField(
      "/output",
      `Cannot use output "${output}": expected at most ${longest} characters`,
    );
  }
  if (reserved.has(output)) {
    throw invalidField("/output", `Cannot use output "${output}": it is a topic of Sluice's own`);
  }
  const read = "topics" in places ? places.topics : [];
  if (read.includes(output) || read.includes(overdueTopic(output))) {
    throw invalidField("/output", `Cannot use output "${output}": the rule would see its own acks`);
  }
  return output;
}
