/** Lifecycle events as live streams show them: JSON, also where a gRPC client sent them. */

import type { Caller } from "../../../core/access/caller.ts";
import { jsonType, type LogRecord, type StoredRecord } from "../../../core/record.ts";
import { type Show, shownOnce } from "../../../http/live/target.ts";
import { sseFormat } from "../../../http/sse.ts";
import { wsFormat } from "../../../http/ws-messages.ts";
import { Chunk, type Format } from "../../../hub/chunk.ts";
import { readEventRequest } from "../event-wire.ts";
import { eventFromRecord, eventRequestType } from "../event.ts";

/** Undefined: a chunk has nothing for these readers. */
export interface EventFormats {
  readonly show: Show;
  readonly sse: Format<Uint8Array | undefined>;
  readonly ws: Format<string | undefined>;
}

/** For one message: everything on its key's channel. */
export const messageFormats = formatsOf(shownAsJson);

/**
 * For one app: its events among all of the topic. The readers of an app share its formats, so a chunk
 * is filtered and rendered once for each app, and decoded once for all apps. For one message: the events
 * of the apps that its reader may read.
 */
export class AppFormats {
  /** The readers of an app keep its formats alive; without any they are collected. */
  readonly #watched = new Map<string, WeakRef<EventFormats>>();
  readonly #readers = new WeakMap<Caller, EventFormats>();
  readonly #appsOf = new WeakMap<Chunk, readonly (string | undefined)[]>();
  #sweepAt = 64;

  of(appId: string): EventFormats {
    const known = this.#watched.get(appId)?.deref();
    if (known !== undefined) return known;
    this.#sweep();
    const formats = this.#formatsOf((id) => id === appId);
    this.#watched.set(appId, new WeakRef(formats));
    return formats;
  }

  /** A record that is not an event has no app: only who may read all of them gets it. */
  readBy(caller: Caller): EventFormats {
    if (caller.mayAll("read", "app")) return messageFormats;
    let formats = this.#readers.get(caller);
    if (formats === undefined) {
      formats = this.#formatsOf((id) => id !== undefined && caller.may("read", "app", id));
      this.#readers.set(caller, formats);
    }
    return formats;
  }

  #sweep(): void {
    if (this.#watched.size < this.#sweepAt) return;
    for (const [appId, formats] of this.#watched) {
      if (formats.deref() === undefined) this.#watched.delete(appId);
    }
    this.#sweepAt = Math.max(64, this.#watched.size * 2);
  }

  #formatsOf(isShown: (appId: string | undefined) => boolean): EventFormats {
    return formatsOf((chunk) => {
      if (chunk.records.length === 0) return chunk;
      const apps = this.#apps(chunk);
      const records = chunk.records.filter((_, i) => isShown(apps[i]));
      return shownAsJson(new Chunk(chunk.topic, chunk.key, records, chunk.through));
    });
  }

  #apps(chunk: Chunk): readonly (string | undefined)[] {
    let apps = this.#appsOf.get(chunk);
    if (apps === undefined) {
      apps = chunk.records.map(({ record }) => eventFromRecord(record)?.appId);
      this.#appsOf.set(chunk, apps);
    }
    return apps;
  }
}

function formatsOf(showEach: Show): EventFormats {
  const show = shownOnce(showEach);
  return { show, sse: shownAs(show, sseFormat), ws: shownAs(show, wsFormat) };
}

function shownAs<Bytes>(show: Show, format: Format<Bytes>): Format<Bytes | undefined> {
  // Not `Chunk.as`: the topic's channel is read in as many formats as there are apps watched.
  const rendered = new WeakMap<Chunk, { readonly bytes: Bytes | undefined }>();
  return {
    render(chunk) {
      const known = rendered.get(chunk);
      if (known !== undefined) return known.bytes;
      const part = show(chunk);
      const isNothing = part.records.length === 0 && chunk.records.length > 0;
      const bytes = isNothing ? undefined : format.render(part);
      rendered.set(chunk, { bytes });
      return bytes;
    },
  };
}

function shownAsJson(chunk: Chunk): Chunk {
  if (chunk.records.every(({ record }) => record.contentType !== eventRequestType)) return chunk;
  return new Chunk(chunk.topic, chunk.key, chunk.records.map(asJson), chunk.through);
}

const utf8 = new TextEncoder();

function asJson(stored: StoredRecord): StoredRecord {
  const value = jsonOf(stored.record);
  return value === undefined
    ? stored
    : { ...stored, record: { ...stored.record, value, contentType: jsonType } };
}

function jsonOf({ value, contentType }: LogRecord): Uint8Array | undefined {
  if (contentType !== eventRequestType) return undefined;
  try {
    const { appId, messageId, event, createdAt } = readEventRequest(value, 0, value.byteLength);
    return utf8.encode(
      JSON.stringify({ app_id: appId, message_id: messageId, event, created_at: createdAt }),
    );
  } catch {
    // Bytes of something else are shown as bytes.
    return undefined;
  }
}
