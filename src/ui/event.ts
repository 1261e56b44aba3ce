/** An event as the pages show it, from a page of events, an SSE stream or a socket. */

import { parseJson } from "./exact-json.ts";

export interface ShownEvent {
  /** Unique in its list. */
  readonly id: string;
  /** Undefined where the stream has none. */
  readonly position: string | undefined;
  /** `HH:MM:SS.mmm`. */
  readonly time: string;
  readonly kind: EventKind;
  readonly level: Level | undefined;
  /** The process that wrote it, where it is a log line. */
  readonly from: string | undefined;
  /** One line. */
  readonly text: string;
  /** The record's JSON, or the text of the note or message. */
  readonly data: string;
}

/** `note`: something about the stream instead of a record. `sent`: a message of this page. */
export type EventKind = "record" | "note" | "sent";

export const levels = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof levels)[number];

/** `data` is the record's JSON text, `time` the record's time if the source has it. */
export function recordEvent(data: string, position: string | undefined, time?: string): ShownEvent {
  const line = logLine(data);
  return {
    id: position ?? nextId(),
    position,
    time: clockTime(line.time ?? time),
    kind: "record",
    level: line.level,
    from: line.from,
    text: line.text ?? data,
    data,
  };
}

export function noteEvent(text: string, kind: EventKind = "note", data = text): ShownEvent {
  const time = clockTime(undefined);
  return {
    id: nextId(),
    position: undefined,
    time,
    kind,
    level: undefined,
    from: undefined,
    text,
    data,
  };
}

let counted = 0;
function nextId(): string {
  return `#${counted++}`;
}

interface Line {
  readonly level?: Level | undefined;
  readonly time?: string | undefined;
  readonly from?: string | undefined;
  readonly text?: string | undefined;
}

/** Reads the members that log lines commonly have; anything else is shown as its JSON. */
function logLine(data: string): Line {
  let value: unknown;
  try {
    value = parseJson(data);
  } catch {
    // Plain text is shown as it is.
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  const member = (...names: string[]): string | undefined => {
    for (const name of names) {
      const found = (value as Record<string, unknown>)[name];
      if (typeof found === "string" || typeof found === "number") return String(found);
    }
    return undefined;
  };
  const from = member("process", "logger", "source");
  const pid = member("pid");
  return {
    level: levelFrom(member("level", "severity")),
    time: member("timestamp", "time", "ts"),
    from: from === undefined || pid === undefined || pid === "0" ? from : `${from}[${pid}]`,
    text: member("message", "msg"),
  };
}

function levelFrom(text: string | undefined): Level | undefined {
  const name = text?.toLowerCase() ?? "";
  if (/^(trace|debug)/.test(name)) return "debug";
  if (/^(info|notice)/.test(name)) return "info";
  if (name.startsWith("warn")) return "warn";
  return /^(err|fatal|crit|alert|emerg|panic)/.test(name) ? "error" : undefined;
}

function clockTime(time: string | undefined): string {
  const date = time === undefined ? new Date() : new Date(time);
  const known = Number.isNaN(date.getTime()) ? new Date() : date;
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(known.getMilliseconds()).padStart(3, "0");
  return `${two(known.getHours())}:${two(known.getMinutes())}:${two(known.getSeconds())}.${ms}`;
}
