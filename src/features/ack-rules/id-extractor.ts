/** What a record of a rule's topics says: which id, in which of the rule's places. */
import { ackIdBytesMax, type AckRuleConfig, type IdAt } from "./rule.ts";
import { jsonMembers } from "../../core/json.ts";
import { eventFromRecord, lifecycleTopic } from "../lifecycle/event.ts";
import { isJsonType } from "../../core/record.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { Occurrence } from "./ids.ts";
import type { TopicRecord } from "./topics-reader.ts";

export interface IdExtractor {
  /** The topics that the rule reads. */
  readonly topics: readonly string[];
  /** Of records in any order, each with its topic. Rejects with `unavailable` without a schema. */
  sight(records: readonly TopicRecord[]): Promise<Sighted>;
}

export interface Sighted {
  readonly sightings: readonly Occurrence[];
  /** Records that should have had an id: none was there, or none that can be one. */
  readonly withoutId: number;
}

export function createSighter({ places }: AckRuleConfig, decoder: RecordDecoder): IdExtractor {
  if ("topics" in places) return topicSighter(places.topics, places.id, decoder);
  return eventSighter(places.events, places.appId);
}

function topicSighter(topics: readonly string[], at: IdAt, decoder: RecordDecoder): IdExtractor {
  const placeOf = new Map(topics.map((topic, place) => [topic, place]));
  const path = "key" in at ? undefined : pathOf(at);
  return {
    topics,
    async sight(records) {
      const ids =
        path === undefined
          ? records.map(({ stored }) => usable(stored.record.key))
          : await idsAt(path, records, decoder);
      const sightings: Occurrence[] = [];
      for (const [i, { topic, stored }] of records.entries()) {
        const id = ids[i];
        const place = placeOf.get(topic);
        if (id === undefined || place === undefined) continue;
        sightings.push({ id, place, ns: stored.receivedNs });
      }
      return { sightings, withoutId: records.length - sightings.length };
    },
  };
}

/** Other events, and other applications', are none of the rule's. */
function eventSighter(events: readonly string[], appId: string | undefined): IdExtractor {
  const placeOf = new Map(events.map((event, place) => [event, place]));
  return {
    topics: [lifecycleTopic],
    async sight(records) {
      const sightings: Occurrence[] = [];
      let withoutId = 0;
      for (const { stored } of records) {
        const event = eventFromRecord(stored.record);
        if (event === undefined) {
          withoutId++;
          continue;
        }
        const place = placeOf.get(event.event);
        if (place === undefined || (appId !== undefined && event.appId !== appId)) continue;
        sightings.push({ id: event.messageId, place, ns: stored.receivedNs });
      }
      return { sightings, withoutId };
    },
  };
}

const text = new TextDecoder();

/** Ids in values: JSON as it is, all else as the registry decodes it. */
async function idsAt(
  path: readonly string[],
  records: readonly TopicRecord[],
  decoder: RecordDecoder,
): Promise<readonly (string | undefined)[]> {
  const encoded = records.filter(({ stored }) => !isJsonType(stored.record.contentType));
  const decoded = encoded.length === 0 ? [] : await decoder.decode(encoded.map(recordOf));
  let next = 0;
  return records.map(({ stored: { record } }) => {
    if (isJsonType(record.contentType)) return idFromJson(text.decode(record.value), path);
    const answer = decoded[next++];
    return answer !== undefined && "json" in answer ? idFromJson(answer.json, path) : undefined;
  });
}

function recordOf({ stored }: TopicRecord) {
  return stored.record;
}

/** The names that lead to the id. A field's path is that of its JSON, see `memberOf`. */
function pathOf(at: Exclude<IdAt, { readonly key: true }>): readonly string[] {
  if ("field" in at) return at.field.split(".");
  const [, ...tokens] = at.pointer.split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The text at the path, or the integer there as it was written; undefined: nothing that is an id. */
function idFromJson(json: string, path: readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Another client of the broker wrote it: it says it is JSON, and is none.
    return undefined;
  }
  for (const name of path) value = memberOf(value, name);
  if (typeof value === "string") return usable(value);
  if (typeof value !== "number") return undefined;
  if (Number.isSafeInteger(value)) return String(value);
  // It was rounded: its own text is looked up, which costs more and is rare.
  const exact = path.reduce<string | undefined>(exactMember, json);
  return exact !== undefined && /^-?\d+$/.test(exact) ? usable(exact) : undefined;
}

/** Protobuf's JSON writes `message_id` as `messageId`: either name finds it. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const members = value as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(members, name)) return members[name];
  const camel = camelFrom(name);
  return Object.hasOwn(members, camel) ? members[camel] : undefined;
}

function exactMember(json: string | undefined, name: string): string | undefined {
  const members = json === undefined ? undefined : jsonMembers(json);
  return members?.get(name) ?? members?.get(camelFrom(name));
}

function camelFrom(name: string): string {
  return name.replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The store keeps ids as text, which has no NUL and no half of a surrogate pair. */
function usable(id: string): string | undefined {
  if (id === "" || id.length > ackIdBytesMax || id.includes("\0") || !id.isWellFormed()) {
    return undefined;
  }
  if (id.length * 3 <= ackIdBytesMax) return id;
  return new TextEncoder().encode(id).byteLength <= ackIdBytesMax ? id : undefined;
}
