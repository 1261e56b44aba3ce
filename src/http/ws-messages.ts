/** What is said on `WS /v1/ws`, as `docs/protocol.md` has it: one JSON object a text message. */
import { z } from "zod";
import { Failure } from "../core/failure.ts";
import { arrayElements, jsonMembers } from "../core/json.ts";
import { parseName } from "../core/topic.ts";
import type { Chunk, Format } from "../hub/chunk.ts";
import { emittersTopic } from "../core/emitters.ts";
import { endType, jsonType } from "../core/record.ts";
import { renderPosition } from "../core/position.ts";
import type { DecodedRecord } from "../core/schemas.ts";
import type { IncomingRecord } from "../ingest/ingest.ts";
import { renderEvent } from "./events.ts";
import { schemaIdMax } from "./request-records.ts";
import { tailMax } from "./start.ts";
import { parseWith } from "./validate.ts";

/** Close code of a socket that does not read fast enough: the client comes back and resumes. */
export const slowCode = 4008;

/** Events of one publish. */
const publishMax = 1000;

const address = {
  topic: z.string().optional(),
  key: z.string().optional(),
  emitter: z.string().optional(),
  ref: z.union([z.string().max(100), z.int()]).optional(),
};

const message = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.literal("subscribe"),
    ...address,
    after: z.string().optional(),
    tail: z.int().min(0).max(tailMax).optional(),
    decode: z.literal("json").optional(),
  }),
  z.strictObject({ op: z.literal("unsubscribe"), ...address }),
  z.strictObject({
    op: z.literal("publish"),
    ...address,
    events: z.array(z.unknown()).min(1).max(publishMax),
    dedup_id: z.string().min(1).max(200).optional(),
    schema_id: z.int().min(1).max(schemaIdMax).optional(),
  }),
  z.strictObject({ op: z.literal("ping"), ref: address.ref }),
]);

export type ClientMessage = z.output<typeof message>;
export type Ref = string | number | undefined;

/** A topic, a key of it, or an emitter (a key of the emitters' topic). */
export interface Address {
  readonly topic: string;
  readonly key: string | undefined;
  readonly emitter: boolean;
}

/** Throws `invalid`, naming the field. */
export function parseMessage(text: string): ClientMessage {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new Failure("invalid", "Cannot parse the message: it is not JSON", { cause: error });
  }
  return parseWith(message, given);
}

/** The `ref` alone, of a message that is not going to be looked at further. */
export function parseRef(text: string): Ref {
  const ref = jsonMembers(text)?.get("ref");
  return ref === undefined ? undefined : address.ref.safeParse(JSON.parse(ref)).data;
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
    throw new Failure("invalid", "Cannot tell where: expected topic or emitter");
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
