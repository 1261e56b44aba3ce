/** Finds the ids in the records of a rule's topics, and the place that each record stands for. */

import { jsonMembers } from "../../core/json/json.ts";
import { isLongJson, namedMembers } from "../../core/json/members.ts";
import { isDotSegment } from "../../core/parse.ts";
import { ackType, isJsonType } from "../../core/record.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import { textFromUtf8 } from "../../core/utf8.ts";
import { eventFromRecord, lifecycleTopic } from "../lifecycle/event.ts";
import type { Occurrence } from "./ids.ts";
import type { TopicRecord } from "./reading/topics-reader.ts";
import { ackIdBytesMax, type AckRuleConfig, type IdAt } from "./rule.ts";

export interface IdExtractor {
  /** The topics that the rule reads. */
  readonly topics: readonly string[];
  /** The records may be in any order. Rejects with `unavailable` when a schema is unavailable. */
  extract(records: readonly TopicRecord[]): Promise<Extracted>;
}

export interface Extracted {
  readonly occurrences: readonly Occurrence[];
  /** Number of records that should have an id and have no usable one. */
  readonly withoutId: number;
}

export function createIdExtractor({ places }: AckRuleConfig, decoder: RecordDecoder): IdExtractor {
  if ("topics" in places) return topicExtractor(places.topics, places.id, decoder);
  return eventExtractor(places.events, places.appId);
}

function topicExtractor(topics: readonly string[], at: IdAt, decoder: RecordDecoder): IdExtractor {
  const placeOf = new Map(topics.map((topic, place) => [topic, place]));
  const path = "key" in at ? undefined : pathOf(at);
  return {
    topics,
    async extract(all) {
      // An ack is about an id, and is not an occurrence of it: rules could feed each other forever.
      const records = all.filter(({ stored }) => stored.record.contentType !== ackType);
      const ids =
        path === undefined
          ? records.map(({ stored }) => usableId(stored.record.key))
          : await idsAt(path, records, decoder);
      const occurrences: Occurrence[] = [];
      for (const [i, { topic, stored }] of records.entries()) {
        const id = ids[i];
        const place = placeOf.get(topic);
        if (id === undefined || place === undefined) continue;
        occurrences.push({ id, place, ns: stored.receivedNs });
      }
      return { occurrences, withoutId: records.length - occurrences.length };
    },
  };
}

/** Ignores other events, and those of other applications. */
function eventExtractor(events: readonly string[], appId: string | undefined): IdExtractor {
  const placeOf = new Map(events.map((event, place) => [event, place]));
  return {
    topics: [lifecycleTopic],
    async extract(records) {
      const occurrences: Occurrence[] = [];
      let withoutId = 0;
      for (const { stored } of records) {
        const event = eventFromRecord(stored.record);
        if (event === undefined) {
          withoutId++;
          continue;
        }
        const place = placeOf.get(event.event);
        if (place === undefined || (appId !== undefined && event.appId !== appId)) continue;
        occurrences.push({ id: event.messageId, place, ns: stored.receivedNs });
      }
      return { occurrences, withoutId };
    },
  };
}

/** Ids in values. Anything but JSON is decoded by the registry first. */
async function idsAt(
  path: readonly string[],
  records: readonly TopicRecord[],
  decoder: RecordDecoder,
): Promise<readonly (string | undefined)[]> {
  const encoded = records.filter(({ stored }) => !isJsonType(stored.record.contentType));
  const decoded = encoded.length === 0 ? [] : await decoder.decode(encoded.map(recordOf));
  let next = 0;
  return records.map(({ stored: { record } }) => {
    if (isJsonType(record.contentType)) return idFromBytes(record.value, path);
    const answer = decoded[next++];
    return answer !== undefined && "json" in answer ? idFromJson(answer.json, path) : undefined;
  });
}

/** Goes down the path without parsing what is long: that would take 50 ms for a record of a megabyte. */
function idFromBytes(json: Uint8Array, path: readonly string[]): string | undefined {
  if (!isLongJson(json)) return idFromJson(utf8Text(json), path);
  const [name, ...rest] = path;
  // No id is as long.
  if (name === undefined) return undefined;
  const camel = camelFrom(name);
  const members = namedMembers(json, [name, camel]);
  const member = members?.get(name) ?? members?.get(camel);
  return member === undefined ? undefined : idFromBytes(member, rest);
}

/** Undefined unless it is UTF-8: with U+FFFD in their place, bytes that differ would become one id. */
function utf8Text(value: Uint8Array): string | undefined {
  try {
    return textFromUtf8(value);
  } catch {
    return undefined;
  }
}

function recordOf({ stored }: TopicRecord) {
  return stored.record;
}

/** The member names that lead to the id. A field's path is the path in its JSON, see `memberOf`. */
function pathOf(at: Exclude<IdAt, { readonly key: true }>): readonly string[] {
  if ("field" in at) return at.field.split(".");
  const [, ...tokens] = at.pointer.split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The text at the path, or the integer there as it was written; undefined when it is not an id. */
function idFromJson(json: string | undefined, path: readonly string[]): string | undefined {
  if (json === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // Another client of the broker wrote it with the content type of JSON, but it is not JSON.
    return undefined;
  }
  for (const name of path) value = memberOf(value, name);
  if (typeof value === "string") return usableId(value);
  if (typeof value !== "number") return undefined;
  if (Number.isSafeInteger(value)) return String(value);
  // The number was rounded. Finding its text costs more, and is rarely needed.
  const exact = path.reduce<string | undefined>(exactMember, json);
  return exact !== undefined && /^-?\d+$/.test(exact) ? usableId(exact) : undefined;
}

/** Finds a member by either name, because Protobuf's JSON writes `message_id` as `messageId`. */
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

/** The store keeps ids as text, which must not have a NUL or half of a surrogate pair. */
function usableId(id: string): string | undefined {
  if (id === "" || id.length > ackIdBytesMax || id.includes("\0") || !id.isWellFormed()) {
    return undefined;
  }
  if (isDotSegment(id)) return undefined;
  if (id.length * 3 <= ackIdBytesMax) return id;
  return new TextEncoder().encode(id).byteLength <= ackIdBytesMax ? id : undefined;
}
