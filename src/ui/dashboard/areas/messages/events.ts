/** Events of one message as rows: read from records, and neighbours of one name as one. */

import type { SluiceEvent } from "../../../../client/event.ts";
import { lossyTextFromUtf8 } from "../../../../core/utf8.ts";
import { printJson } from "../../../exact-json.ts";

export interface MessageEvent {
  readonly position: string;
  /** RFC 3339: when it happened, by its service. */
  readonly time: string | undefined;
  /** RFC 3339: when the gateway received it. */
  readonly received: string | undefined;
  /** The event as JSON. */
  readonly text: string;
  readonly appId: string | undefined;
  readonly event: string;
}

/** `gap`: events between two of the list are gone. */
export type Entry = MessageEvent | { readonly position: string; readonly gap: string };

/** A record as a page of the topic has it, with details. */
export interface PageRecord {
  readonly position: string;
  readonly time: string;
  readonly received?: string;
  readonly data: unknown;
}

export function entryFromEvent({ position, time, text, data, details }: SluiceEvent): MessageEvent {
  return { position, time, received: details?.received, text, ...namesIn(data) };
}

/** An event that came by gRPC is bytes there; the socket has it as JSON. */
export function entryFromRecord({ position, time, received, data }: PageRecord): MessageEvent {
  const event = decoded(data) ?? data;
  return { position, time, received, text: printJson(event), ...namesIn(event) };
}

function namesIn(data: unknown): Pick<MessageEvent, "appId" | "event"> {
  const { app_id, event } = (typeof data === "object" && data !== null ? data : {}) as {
    readonly app_id?: unknown;
    readonly event?: unknown;
  };
  return {
    appId: typeof app_id === "string" ? app_id : undefined,
    event: typeof event === "string" ? event : "not an event",
  };
}

const fieldNames = ["", "app_id", "message_id", "event", "created_at"] as const;

/** The texts of a `MarsWeb.GrpcService.EventRequest`; undefined for anything else. */
function decoded(data: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof data !== "object" || data === null || !("base64" in data)) return undefined;
  const { base64, ...others } = data;
  if (typeof base64 !== "string" || Object.keys(others).length > 0) return undefined;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const event: Record<string, string> = {};
  for (let at = 0; at < bytes.length;) {
    // Each of its fields is a text: a tag of one byte, the length, the bytes.
    const name = fieldNames[(bytes[at] ?? 0) >> 3];
    const isText = ((bytes[at] ?? 0) & 7) === 2;
    let length = 0;
    let shift = 0;
    do {
      at++;
      length |= ((bytes[at] ?? 0) & 0x7f) << shift;
      shift += 7;
    } while ((bytes[at] ?? 0) >= 0x80 && shift < 28);
    at++;
    if (name === undefined || name === "" || !isText) return undefined;
    event[name] = lossyTextFromUtf8(bytes.subarray(at, at + length));
    at += length;
  }
  return event;
}

/** Neighbours of one name, as one row: `SENT × 41`. Newest first, as the entries. */
export interface Run {
  /** The position of its newest. */
  readonly position: string;
  readonly name: string;
  readonly events: readonly MessageEvent[];
}

export type Line = Run | { readonly position: string; readonly gap: string };

export function runsOf(entries: readonly Entry[]): readonly Line[] {
  const lines: Line[] = [];
  let run: MessageEvent[] = [];
  for (const entry of entries) {
    if ("gap" in entry) {
      run = [];
      lines.push(entry);
    } else if (run[0]?.event === entry.event) {
      run.push(entry);
    } else {
      run = [entry];
      lines.push({ position: entry.position, name: entry.event, events: run });
    }
  }
  return lines;
}
