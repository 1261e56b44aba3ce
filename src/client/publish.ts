/** Appends events. */

import type { Issue } from "../core/failure.ts";
import { ask } from "./http.ts";
import { jsonFromEvents } from "./json-text.ts";
import type { Settings } from "./options.ts";
import { checkTarget, recordsPath, type Target } from "./target.ts";

/**
 * An array: each value is one event, bigints stay exact. A string: JSON or NDJSON as it is. Bytes:
 * one record of `contentType` (topics only).
 */
export type Events = readonly unknown[] | string | Uint8Array<ArrayBuffer>;

export interface PublishOptions {
  /**
   * Visible ASCII, at most 200 characters, new for each call. With it the client retries when it
   * cannot know whether the events were stored: the gateway stores them once.
   */
  readonly idempotencyKey?: string | undefined;
  /** Content type of bytes; `application/octet-stream` by default. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The result of an append; what was accepted is durable. */
export interface Published {
  readonly accepted: number;
  /** Position of the last accepted event. */
  readonly position: string;
  /** The refused events, by index; the others were appended. */
  readonly refused: readonly Issue[];
}

/** Throws when nothing was accepted; `errors` then has the reason for each event. */
export async function publish(
  settings: Settings,
  target: Target,
  events: Events,
  options: PublishOptions = {},
): Promise<Published> {
  checkTarget(target);
  const { idempotencyKey, signal } = options;
  const text = await ask(settings, {
    method: "POST",
    path: recordsPath(target),
    body: bodyFromEvents(events),
    headers: {
      "content-type": contentTypeOf(events, options),
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
    },
    repeatable: idempotencyKey !== undefined,
    signal,
  });
  return JSON.parse(text) as Published;
}

/** One event per line, so that a bad one is refused individually. */
function bodyFromEvents(events: Events): string | Uint8Array<ArrayBuffer> {
  if (typeof events === "string" || events instanceof Uint8Array) return events;
  return jsonFromEvents(events, "an array, text or a Uint8Array").join("\n");
}

function contentTypeOf(events: Events, { contentType }: PublishOptions): string {
  if (events instanceof Uint8Array) return contentType ?? "application/octet-stream";
  // A string may be JSON or NDJSON: for this type, the gateway detects which.
  return typeof events === "string" ? "application/json" : "application/x-ndjson";
}
