/** What is said on `WS /v1/ws`, as `docs/protocol.md` has it: one JSON object a text message. */

import { z } from "zod";
import { emittersTopic } from "../core/emitters.ts";
import { Failure } from "../core/failure.ts";
import { jsonMembers } from "../core/json/json.ts";
import { renderPosition } from "../core/position.ts";
import { endType } from "../core/record.ts";
import { parseName } from "../core/topic.ts";
import type { Format } from "../hub/chunk.ts";
import { renderEvent } from "./events.ts";
import { type NamedTarget, type TargetKind, targetKinds } from "./live/target.ts";
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

/** A message of more characters takes milliseconds, whatever is in it. */
const parsedCharsMax = 64 * 1024;

/**
 * `JSON.parse` reads long strings in no time, and takes 100 ms for 1 MB that nests deep or has many
 * members. Marks in strings count as well; such a message is only read more slowly.
 */
export function isQuickToParse(text: string): boolean {
  if (text.length <= parsedValuesMax) return true;
  if (text.length > parsedCharsMax) return false;
  for (const mark of "[{:,") {
    let count = 0;
    for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
      if (++count > parsedValuesMax) return false;
    }
  }
  return true;
}

/** A message that `isQuickToParse`. Throws `invalid`, naming the field. */
export function parseMessage(text: string): ClientMessage {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new Failure("invalid", "Cannot parse the message: it is not JSON", { cause: error });
  }
  return checkMessage(given);
}

/** Throws `invalid`, naming the field. */
export function checkMessage(given: unknown): ClientMessage {
  return parseWith(clientMessage, given, "the message");
}

/** The `ref` alone, of a message that is not going to be looked at further; it `isQuickToParse`. */
export function parseRef(text: string): Ref {
  const ref = jsonMembers(text)?.get("ref");
  return ref === undefined ? undefined : refShape.safeParse(JSON.parse(ref)).data;
}

interface GivenAddress {
  readonly topic?: string | undefined;
  readonly key?: string | undefined;
  readonly emitter?: string | undefined;
}

/** What `subscribe` and `unsubscribe` name. */
export function parseTarget(
  given: GivenAddress & { readonly [kind in TargetKind]?: string | undefined },
): Address | NamedTarget {
  const named = targetKinds.flatMap((kind) => {
    const name = given[kind];
    return name === undefined ? [] : [{ kind, name }];
  });
  const [target] = named;
  const { topic, key, emitter } = given;
  if (target === undefined) {
    if ((topic ?? emitter) !== undefined) return parseAddress(given);
    const expected = ["topic", "emitter", ...targetKinds].join(", ");
    throw new Failure(
      "invalid",
      `Cannot find a target in the message: expected one of ${expected}`,
    );
  }
  if (named.length === 1 && (topic ?? key ?? emitter) === undefined) return target;
  throw new Failure("invalid", "Cannot use several targets in a message: expected one");
}

/** Topics, keys and emitters: what can be appended to. */
export function parseAddress(given: GivenAddress): Address {
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

/** Names a channel in a message from the server: an emitter by its id. */
export function addressMembers(topic: string, key: string | undefined): Record<string, string> {
  if (topic === emittersTopic && key !== undefined) return { emitter: key };
  return key === undefined ? { topic } : { topic, key };
}

/** `{"op":"events",…}`, the same text for all subscribers of a channel; no events: a heartbeat. */
export const wsFormat: Format<string> = {
  render({ topic, key, records, through }) {
    const head = JSON.stringify({ op: "events", ...addressMembers(topic, key) }).slice(0, -1);
    const events = records.flatMap((stored) =>
      key === undefined || stored.record.contentType !== endType ? [renderEvent(stored)] : [],
    );
    return `${head},"events":[${events.join(",")}],"position":"${renderPosition(through)}"}`;
  },
};
