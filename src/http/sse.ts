/** Server-sent events: the format, and a subscription as an open response. */

import type { Caller } from "../core/access/caller.ts";
import type { Failure } from "../core/failure.ts";
import { type Position, renderPosition } from "../core/position.ts";
import { endType, type StoredRecord } from "../core/record.ts";
import type { DecodedRecord } from "../core/schemas.ts";
import type { ByteSink, Sent, SinkEvents } from "../core/sink.ts";
import type { Chunk, Format } from "../hub/chunk.ts";
import type { DirectSink, EndReason, Subscriber, Subscription } from "../hub/subscriber.ts";
import { jsonOf, renderData, renderDecoded } from "./events.ts";
import { problemFrom } from "./problem.ts";

/** No proxy may delay, compress or store a stream. */
export const sseHeaders = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

/**
 * How a silent stream says that it is alive, and where it is. `id`: a comment and a bare `id:`, which the
 * standard takes for the last event id without an event. `comment`: a comment alone, for clients that
 * report a bare `id:` as an empty message. `event`: an event named `position`, for clients that ignore
 * a bare `id:`.
 */
export const heartbeatStyles = ["id", "comment", "event"] as const;
export type HeartbeatStyle = (typeof heartbeatStyles)[number];

/** How long a browser waits before it reconnects. */
const retryMs = 1000;

const utf8 = new TextEncoder();

/**
 * An event is `id:` (the position) and `data:` (the record's JSON as it was appended); a
 * heartbeat is a comment and a bare `id:`, which moves a browser's last event id without an event.
 */
export const sseFormat: Format<Uint8Array> = {
  render(chunk: Chunk): Uint8Array {
    if (chunk.records.length === 0) return renderHeartbeat(chunk);
    return joinParts(
      chunk.records.flatMap((stored) => eventParts(stored, chunk.key !== undefined)),
    );
  },
};

/** The same, `data:` an object of what `renderDecoded` has of each record. */
export function renderDecodedSse(
  chunk: Chunk,
  decoded: readonly (DecodedRecord | undefined)[],
): Uint8Array {
  if (chunk.records.length === 0) return renderHeartbeat(chunk);
  return joinParts(
    chunk.records.flatMap((stored, i) => {
      const isEnd = chunk.key !== undefined && stored.record.contentType === endType;
      if (isEnd) return eventParts(stored, true);
      return [eventText(stored, `{${renderDecoded(stored.record, decoded[i])}}`)];
    }),
  );
}

export function renderSse(event: string, data: string, position: Position): Uint8Array {
  return utf8.encode(`event:${event}\nid:${renderPosition(position)}\ndata:${data}\n\n`);
}

/** The last event of a stream without a position. */
export function renderSseFailure(failure: Failure): Uint8Array {
  return utf8.encode(`event:error\ndata:${JSON.stringify(problemFrom(failure))}\n\n`);
}

function renderHeartbeat({ through }: Chunk, style: HeartbeatStyle = "id"): Uint8Array {
  const at = renderPosition(through);
  // No empty line ends a comment: some clients would report the end of an empty event.
  if (style === "comment") return utf8.encode(`:${at}\n`);
  return utf8.encode(style === "id" ? `:\nid:${at}\n\n` : positionEvent(at));
}

function positionEvent(at: string): string {
  return `event:position\nid:${at}\ndata:{}\n\n`;
}

/** The format with other heartbeats. */
export function withHeartbeats<Bytes>(
  format: Format<Bytes | Uint8Array>,
  style: HeartbeatStyle,
): Format<Bytes | Uint8Array> {
  if (style === "id") return format;
  return {
    render: (chunk) =>
      chunk.records.length === 0 ? renderHeartbeat(chunk, style) : format.render(chunk),
  };
}

function eventParts(stored: StoredRecord, ofKey: boolean): (string | Uint8Array)[] {
  const { record, position } = stored;
  const event = ofKey && record.contentType === endType ? "event:end\n" : "";
  const json = jsonOf(record);
  if (json === undefined || hasLineBreak(json)) {
    return [event, eventText(stored, renderData(record))];
  }
  return [`${event}id:${renderPosition(position)}\ndata:`, json, "\n\n"];
}

function eventText({ position }: StoredRecord, data: string): string {
  // A reader drops one space after the colon: without it, the value's own indentation would shrink.
  const lines = data.replaceAll(/\r\n|\r|\n/g, "\ndata: ");
  return `id:${renderPosition(position)}\ndata:${lines}\n\n`;
}

function hasLineBreak(value: Uint8Array): boolean {
  return value.indexOf(0x0a) >= 0 || value.indexOf(0x0d) >= 0;
}

/** Strings are ASCII but for the rare value with line breaks, so lengths are known without encoding. */
function joinParts(parts: readonly (string | Uint8Array)[]): Uint8Array {
  let bytesMax = 0;
  for (const part of parts) {
    bytesMax += typeof part === "string" ? part.length * 3 : part.byteLength;
  }
  const out = new Uint8Array(bytesMax);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") at += utf8.encodeInto(part, out.subarray(at)).written;
    else {
      out.set(part, at);
      at += part.byteLength;
    }
  }
  return out.slice(0, at);
}

/** `at` is empty where the position is not known yet. */
function preamble(at: string, style: HeartbeatStyle): string {
  if (style === "comment") return `:sluice ${at}\n`;
  if (at === "") return `:sluice\nretry:${retryMs}\n\n`;
  const position = style === "id" ? `id:${at}\n\n` : positionEvent(at);
  return `:sluice\nretry:${retryMs}\n${position}`;
}

/** One subscription as one response: what the hub delivers goes to the sink as it is. */
export class SseSubscriber implements Subscriber, SinkEvents {
  readonly direct?: DirectSink;
  readonly #sink: ByteSink;
  readonly #heartbeats: HeartbeatStyle;
  readonly #forgetCaller: () => void;
  #subscription: Subscription | undefined;
  /** The caller's credential ended before the hub had subscribed. */
  #cancelled: Failure | undefined;
  #closed = false;
  #release = () => {};

  /** It ends when the caller's credential does. */
  constructor(sink: ByteSink, caller: Caller, heartbeats: HeartbeatStyle = "id") {
    this.#sink = sink;
    this.#heartbeats = heartbeats;
    if (heartbeats === "id") this.direct = { format: sseFormat, sink };
    this.#forgetCaller = caller.onEnd((reason) => this.#cancel(reason));
  }

  /** `release` is called once the stream has ended. */
  counted(release: () => void): void {
    if (this.#closed) release();
    else this.#release = release;
  }

  /** The hub may have subscribed only after the client has left. */
  attach(subscription: Subscription): void {
    if (this.#closed) return subscription.close();
    if (this.#cancelled !== undefined) return subscription.cancel(this.#cancelled);
    this.#subscription = subscription;
  }

  /** The first bytes: they make clients and proxies pass the response on. */
  open(position: Position | undefined): void {
    const at = position === undefined ? "" : renderPosition(position);
    this.#sink.write(utf8.encode(preamble(at, this.#heartbeats)));
  }

  deliver(chunk: Chunk): Sent {
    const isHeartbeat = chunk.records.length === 0 && this.#heartbeats !== "id";
    return this.write(isHeartbeat ? renderHeartbeat(chunk, this.#heartbeats) : chunk.as(sseFormat));
  }

  write(bytes: Uint8Array): Sent {
    return this.#sink.write(bytes);
  }

  reset(position: Position, reason: Failure): Sent {
    const data = JSON.stringify({ position: renderPosition(position), reason: reason.message });
    return this.#sink.write(renderSse("reset", data, position));
  }

  /** The end event itself came as a record; any other reason is sent as an `error` event. */
  end(reason: EndReason, position: Position): void {
    if (reason !== "ended") {
      this.#sink.write(renderSse("error", JSON.stringify(problemFrom(reason)), position));
    }
    this.#sink.close();
  }

  /** There was no subscription to begin with. */
  fail(failure: Failure): void {
    this.#sink.write(renderSseFailure(failure));
    this.#sink.close();
  }

  drained(): void {
    this.#subscription?.drained();
  }

  closed(): void {
    this.#closed = true;
    this.#forgetCaller();
    this.#release();
    this.#subscription?.close();
  }

  #cancel(reason: Failure): void {
    if (this.#subscription === undefined) this.#cancelled = reason;
    else this.#subscription.cancel(reason);
  }
}
