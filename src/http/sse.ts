/** Server-sent events: the format, and a subscription as an open response. */

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

function renderHeartbeat({ through }: Chunk): Uint8Array {
  return utf8.encode(`:\nid:${renderPosition(through)}\n\n`);
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

/** One subscription as one response: what the hub delivers goes to the sink as it is. */
export class SseSubscriber implements Subscriber, SinkEvents {
  readonly direct: DirectSink;
  readonly #sink: ByteSink;
  #subscription: Subscription | undefined;
  #closed = false;

  constructor(sink: ByteSink) {
    this.#sink = sink;
    this.direct = { format: sseFormat, sink };
  }

  /** The hub may have subscribed only after the client has left. */
  attach(subscription: Subscription): void {
    if (this.#closed) return subscription.close();
    this.#subscription = subscription;
  }

  /** The first bytes: they make clients and proxies pass the response on. */
  open(position: Position | undefined): void {
    const id = position === undefined ? "" : `id:${renderPosition(position)}\n`;
    this.#sink.write(utf8.encode(`:sluice\nretry:${retryMs}\n${id}\n`));
  }

  deliver(chunk: Chunk): Sent {
    return this.write(chunk.as(sseFormat));
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
    this.#sink.write(utf8.encode(`event:error\ndata:${JSON.stringify(problemFrom(failure))}\n\n`));
    this.#sink.close();
  }

  drained(): void {
    this.#subscription?.drained();
  }

  closed(): void {
    this.#closed = true;
    this.#subscription?.close();
  }
}
