/** The occurrences and the ack of each id of an ack rule, read from the rule's topics and its output. */

import type { SluiceClient, SluiceEvent } from "../../client/index.ts";
import { SluiceError } from "../../client/index.ts";
import { jsonMembers } from "../../core/json/json.ts";
import { namesFromPointer } from "../json-pointer.ts";

/** The response of `GET /v1/ack-rules/{name}`. */
export interface AckRuleAnswer {
  readonly name: string;
  readonly topics?: readonly string[];
  readonly id?: { readonly key?: true; readonly pointer?: string; readonly field?: string };
  readonly output: string;
  readonly from?: "now" | "earliest";
  readonly created_at?: string;
}

export interface AckedId {
  readonly id: string;
  /** RFC 3339, for each topic; undefined where it was not seen. */
  readonly seen: readonly (string | undefined)[];
  readonly seenMs: readonly (number | undefined)[];
  readonly ack: string | undefined;
  readonly ackMs: number | undefined;
  /** Time from the last occurrence to the ack. */
  readonly delayMs: number | undefined;
}

export interface Acks {
  readonly rule: string;
  readonly topics: readonly string[];
  /** Ordered by their first occurrence. */
  readonly ids: readonly AckedId[];
  /** Time of the first occurrence of all. */
  readonly firstMs: number;
  /** Acks beyond the first of an id; 0 unless something is wrong. */
  readonly repeated: number;
  /** Records in which no id was found. */
  readonly withoutId: number;
}

interface Ack {
  readonly rule?: string;
  readonly message_id?: string;
  readonly seen?: Readonly<Record<string, string>>;
  readonly delay_ms?: number;
}

interface Found {
  readonly seen: (string | undefined)[];
  ack?: { readonly time: string; readonly delayMs: number | undefined };
}

/** `progress` is called with the number of records read. Throws a `SluiceError`. */
export async function readAcks(
  client: SluiceClient,
  rule: AckRuleAnswer & { readonly topics: readonly string[] },
  progress: (records: number) => void,
): Promise<Acks> {
  const { name, topics, output, id = { pointer: "/message_id" } } = rule;
  const found = new Map<string, Found>();
  const sinceMs = rule.from === "now" ? Date.parse(rule.created_at ?? "") || 0 : 0;
  let read = 0;
  let withoutId = 0;
  let repeated = 0;
  for (const [index, topic] of topics.entries()) {
    for await (const event of eventsOf(client, topic)) {
      progress(++read);
      const time = event.time ?? "";
      // Records from before the rule's creation do not count.
      if (Date.parse(time) < sinceMs) continue;
      const at = idOf(event, id);
      if (at === undefined) withoutId++;
      else of(at).seen[index] ??= time;
    }
  }
  // Read after the topics, so an ack may belong to an id that appeared in the meantime.
  for await (const event of eventsOf<Ack>(client, output)) {
    progress(++read);
    const { rule: by, message_id: at, seen = {}, delay_ms: delayMs } = event.data;
    if (by !== name || at === undefined) continue;
    const one = of(at);
    if (one.ack !== undefined) {
      repeated++;
      continue;
    }
    one.ack = { time: event.time ?? "", delayMs };
    // The rule's own times, at which the gateway received the records.
    for (const [index, topic] of topics.entries()) one.seen[index] = seen[topic] ?? one.seen[index];
  }
  const ids = [...found].map(([id, one]) => ackedId(id, topics.length, one));
  ids.sort((a, b) => firstOf(a) - firstOf(b));
  const [first] = ids;
  const firstMs = first === undefined ? 0 : firstOf(first);
  return { rule: name, topics, ids, firstMs, repeated, withoutId };

  function of(id: string): Found {
    let one = found.get(id);
    if (one === undefined) found.set(id, (one = { seen: [] }));
    return one;
  }
}

/** A topic that does not exist yet is read as an empty one. */
async function* eventsOf<Data>(
  client: SluiceClient,
  topic: string,
): AsyncGenerator<SluiceEvent<Data>> {
  try {
    for await (const { events } of client.pages<Data>({ topic }, { limit: 1000 })) yield* events;
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "not_found") throw error;
  }
}

function ackedId(id: string, count: number, { seen, ack }: Found): AckedId {
  const times = Array.from({ length: count }, (_, index) => seen[index]);
  const seenMs = times.map((time) => (time === undefined ? undefined : msOf(time)));
  const ackMs = ack === undefined ? undefined : msOf(ack.time);
  const lastMs = Math.max(...seenMs.map((ms) => ms ?? 0));
  return {
    id,
    seen: times,
    seenMs,
    ack: ack?.time,
    ackMs,
    delayMs: ackMs === undefined ? undefined : (ack?.delayMs ?? ackMs - lastMs),
  };
}

function firstOf({ seenMs, ackMs }: AckedId): number {
  return Math.min(...[...seenMs, ackMs].map((ms) => ms ?? Number.POSITIVE_INFINITY));
}

/** With microseconds: `Date` stops at milliseconds. */
function msOf(time: string): number {
  const below = /\.\d{3}(\d{1,6})/.exec(time)?.[1] ?? "";
  return Date.parse(time) + Number(`0.${below}`);
}

/** A text, or an integer as its JSON has it: an int64 is exact. */
function idOf(
  event: SluiceEvent,
  { key, pointer, field = "" }: NonNullable<AckRuleAnswer["id"]>,
): string | undefined {
  if (key === true) return event.key;
  const path = pointer === undefined ? field.split(".") : namesFromPointer(pointer);
  let at: string | undefined = event.text;
  for (const name of path) at = at === undefined ? undefined : jsonMembers(at)?.get(name);
  if (at === undefined) return undefined;
  if (at.startsWith('"')) return String(JSON.parse(at)) || undefined;
  return /^-?\d+$/.test(at) ? at : undefined;
}
