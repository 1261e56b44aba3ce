/**
 * A client's message on `WS /v1/ws`, with the events of a publish as they were sent: a message of up to
 * 4 MiB must not be read in one piece, so long ones are read in turns.
 */

import type { Turn } from "../core/budget/turn.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import { arrayElements, jsonMembers } from "../core/json/json.ts";
import { elementsInTurns, objectMembers } from "../core/json/values.ts";
import { jsonType } from "../core/record.ts";
import { textFromUtf8 } from "../core/utf8.ts";
import type { IncomingRecord } from "../ingest/ingest.ts";
import {
  checkMessage,
  type ClientMessage,
  parseMessage,
  parseRef,
  type Ref,
} from "./ws-messages.ts";
import { publishMax, refShape } from "./ws-shapes.ts";

export type Received =
  | { readonly message: ClientMessage; readonly events: readonly Uint8Array[] }
  /** The `ref` is left out where it cannot be read. */
  | { readonly failure: Failure; readonly ref: Ref };

/** No message has as many; those of a longer one are not even counted. */
const membersMax = 64;

/** Values of members other than events are not longer. */
const memberBytesMax = 4096;

const utf8 = new TextEncoder();

/** A message that `isQuickToParse`. */
export function receive(text: string): Received {
  try {
    const message = parseMessage(text);
    const events = message.op === "publish" ? (jsonMembers(text)?.get("events") ?? "[]") : "[]";
    return { message, events: arrayElements(utf8.encode(events)) };
  } catch (error) {
    return { failure: failureFrom(error), ref: parseRef(text) };
  }
}

/** Any other one. */
export async function receiveInTurns(text: string, turn: Turn): Promise<Received> {
  let ref: Ref;
  try {
    const members = await membersOf(text, turn);
    const written = members.get("ref");
    if (written !== undefined) ref = refShape.safeParse(valueOf(written)).data;
    const array = members.get("events");
    const events = array?.[0] === OPEN_BRACKET ? await eventsOf(array, turn) : undefined;
    const given = Object.fromEntries(
      Array.from(members, ([name, value]) => [
        name,
        name === "events" && events !== undefined ? events.map(() => null) : valueOf(value),
      ]),
    );
    return { message: checkMessage(given), events: events ?? [] };
  } catch (error) {
    return { failure: failureFrom(error), ref };
  }
}

const OPEN_BRACKET = 0x5b;
/** What begins after more space is read until it fails. */
const beginsOtherwise = /^[ \t\n\r]{0,100}[^ \t\n\r{\ufeff]/;

async function membersOf(text: string, turn: Turn): Promise<Map<string, Uint8Array>> {
  // Before megabytes of anything else are copied.
  if (beginsOtherwise.test(text)) {
    throw new Failure("invalid", "Cannot use the message: expected a JSON object");
  }
  try {
    return await objectMembers(utf8.encode(text), membersMax, turn);
  } catch (error) {
    if (failureFrom(error).code === "cancelled") throw error;
    throw new Failure("invalid", "Cannot parse the message: it is not JSON", { cause: error });
  }
}

/** One event more than there may be stands for any number of them. */
async function eventsOf(array: Uint8Array, turn: Turn): Promise<readonly Uint8Array[]> {
  try {
    return await elementsInTurns(array, publishMax, turn);
  } catch (error) {
    if (failureFrom(error).code !== "too_large") throw error;
    return Array.from({ length: publishMax + 1 }, () => array);
  }
}

/** A long value other than a text is not looked at: it is an object, which no member is. */
function valueOf(json: Uint8Array): unknown {
  const isParsed = json.byteLength <= memberBytesMax || json[0] === QUOTE;
  return isParsed ? (JSON.parse(textFromUtf8(json)) as unknown) : {};
}

const QUOTE = 0x22;

/** The events' own texts, so that an int64 in them is exact. */
export function publishedRecords(
  events: readonly Uint8Array[],
  key: string,
  schemaId = 0,
): IncomingRecord[] {
  return events.map((value) => ({ value, key, contentType: jsonType, schemaId }));
}
