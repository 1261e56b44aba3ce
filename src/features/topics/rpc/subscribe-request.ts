/** What a caller of `Subscribe` requests: which records, and where they start. */

import type { Caller } from "../../../core/access/caller.ts";
import type { Failure } from "../../../core/failure.ts";
import { invalidField } from "../../../core/failure.ts";
import type { Log } from "../../../core/log.ts";
import { parsePosition, type Position } from "../../../core/position.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";
import type { SubscribeRequest } from "../../../gen/sluice/v1/consumer_pb.ts";
import type { Hub } from "../../../hub/hub.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import type { Pages } from "../../../log/pages.ts";

export interface ConsumerDeps {
  readonly hub: Pick<Hub, "subscribe" | "livePosition">;
  readonly log: Pick<Log, "bounds">;
  readonly pages: Pick<Pages, "tailStart">;
  readonly rules: Pick<TopicRules, "requireRead">;
}

export interface SubscribeStart {
  readonly topic: string;
  readonly key: string | undefined;
  /** Always a position: it is sent before the first record, so that nothing can be missed. */
  readonly start: Position;
}

/** As over HTTP. */
const tailMax = 1000;

/** Throws `forbidden`, `unauthenticated`, `invalid`, `invalid_position`, and what the hub and the log throw of the topic. */
export async function parseSubscribe(
  { hub, log, pages, rules }: ConsumerDeps,
  request: SubscribeRequest,
  caller: Caller,
  signal: AbortSignal,
): Promise<SubscribeStart> {
  const key = parseKey(request.key);
  const topic = rules.requireRead(request.topic, key, caller);
  const { start } = request;
  if (start.case === "after") return { topic, key, start: parsePosition(start.value) };
  if (start.case === "tail") {
    if (start.value > tailMax) throw tooManyOfTail(start.value);
    return { topic, key, start: await pages.tailStart(topic, key, start.value, signal) };
  }
  const earliest = start.case === "earliest" && start.value;
  const position = earliest ? (await log.bounds(topic)).start : await hub.livePosition(topic);
  return { topic, key, start: position };
}

function parseKey(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength === 0) return undefined;
  try {
    return textFromUtf8(bytes);
  } catch {
    throw invalidField("key", "Cannot use key: its bytes are not UTF-8, expected a record's key");
  }
}

function tooManyOfTail(given: number): Failure {
  return invalidField(
    "tail",
    `Cannot use tail "${given}": expected a whole number from 0 to ${tailMax}`,
  );
}
