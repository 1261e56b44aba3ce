/** What is said on `WS /v1/ws`, as `docs/protocol.md` has it: one JSON object a text message. */

import { z } from "zod";
import { emittersTopic } from "../core/emitters.ts";
import { Failure } from "../core/failure.ts";
import { arrayElements, jsonMembers } from "../core/json/json.ts";
import { renderPosition } from "../core/position.ts";
import { endType, jsonType } from "../core/record.ts";
import type { DecodedRecord } from "../core/schemas.ts";
import { parseName } from "../core/topic.ts";
import type { Chunk, Format } from "../hub/chunk.ts";
import type { IncomingRecord } from "../ingest/ingest.ts";
import { renderEvent } from "./events.ts";
import { parseWith } from "./validate.ts";
import { clientMessages, refShape } from "./ws-shapes.ts";

const clientMessage = z.discriminatedUnion("op", [
  clientMessages.subscribe.shape,
  clientMessages.unsubscribe.shape,
  clientMessages.publish.shape,
  clientMessages.ping.shape,
]);

export type ClientMessage = z.output<typeof clientMessage>;
export type Ref = string | number | undefined;

/** A topic, a key of it, or an emitter (a key of the emitters' topic). */
export interface Address {
  readonly topic: string;
  readonly key: string | undefined;
  readonly emitter: boolean;
}

/** Containers, members or elements that `JSON.parse` creates within a millisecond or two. */
const parsedValuesMax = 4000;

/** Values of other members are not longer. */
const memberCharsMax = 4096;

/** Throws `invalid`, naming the field. */
export function parseMessage(text: string): ClientMessage {
  let given: unknown;
  try {
    given = isQuickToParse(text) ? JSON.parse(text) : scanMessage(text);
  } catch (error) {
    throw new Failure("invalid", "Cannot parse the message: it is not JSON", { cause: error });
  }
  return parseWith(clientMessage, given, "the message");
}

/**
 * `JSON.parse` reads long strings in no time, and takes 100 ms for 1 MB that nests deep or has many
 * members. Marks in strings count as well; such a message is only read more slowly.
 */
function isQuickToParse(text: string): boolean {
  if (text.length <= parsedValuesMax) return true;
  for (const mark of "[{:,") {
    let count = 0;
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
      if (++count > parsedValuesMax) return false;
    }
  }
  return true;
}

/** The message without what is in its events, which are read as text, and without other long values. */
function scanMessage(text: string): unknown {
  const members = jsonMembers(text);
  if (members === undefined) throw new SyntaxError("not an object");
  return Object.fromEntries(
    Array.from(members, ([name, value]) => {
      if (name === "events" && value.startsWith("[")) {
        return [name, arrayElements(new TextEncoder().encode(value)).map(() => null)];
      }
      const isParsed = value.length <= memberCharsMax || value.startsWith('"');
      return [name, isParsed ? (JSON.parse(value) as unknown) : {}];
    }),
  );
}

/** The `ref` alone, of a message that is not going to be looked at further. */
export function parseRef(text: string): Ref {
  const ref = jsonMembers(text)?.get("ref");
  return ref === undefined ? undefined : refShape.safeParse(JSON.parse(ref)).data;
}

export function parseAddress(given: {
  readonly topic?: string | undefined;
  readonly key?: string | undefined;
  readonly emitter?: string | undefined;
}): Address {
  if (given.emitter !== undefined) {
    if (given.topic !== undefined || given.key !== undefined) {
      throw new Failure(
        "invalid",
        "Cannot use emitter beside topic or key: expected one or the other",
      );
    }
    return { topic: emittersTopic, key: parseName(given.emitter, "emitter"), emitter: true };
  }
  if (given.topic === undefined) {
    throw new Failure(
      "invalid",
      "Cannot find an address in the message: expected topic or emitter",
    );
  }
  return { topic: parseName(given.topic, "topic"), key: given.key, emitter: false };
}

/** The events' own texts, so that an int64 in them is exact. */
export function publishedRecords(text: string, key: string, schemaId = 0): IncomingRecord[] {
  const events = jsonMembers(text)?.get("events") ?? "[]";
  return arrayElements(new TextEncoder().encode(events)).map((value) => ({
    value,
    key,
    contentType: jsonType,
    schemaId,
  }));
}

/** Names a channel in a message from the server: an emitter by its id. */
export function addressMembers(topic: string, key: string | undefined): Record<string, string> {
  if (topic === emittersTopic && key !== undefined) return { emitter: key };
  return key === undefined ? { topic } : { topic, key };
}

/** `{"op":"events",…}`, the same text for all subscribers of a channel; no events: a heartbeat. */
export const wsFormat: Format<string> = {
  render: (chunk) => renderDecodedEvents(chunk, []),
};

/** The same with what was decoded of each record. */
export function renderDecodedEvents(
  { topic, key, records, through }: Chunk,
  decoded: readonly (DecodedRecord | undefined)[],
): string {
  const head = JSON.stringify({ op: "events", ...addressMembers(topic, key) }).slice(0, -1);
  const events = records.flatMap((stored, i) =>
    key === undefined || stored.record.contentType !== endType
      ? [renderEvent(stored, decoded[i])]
      : [],
  );
  return `${head},"events":[${events.join(",")}],"position":"${renderPosition(through)}"}`;
}
