/** One record, as a reader receives it. */

import { jsonMembers } from "../core/json/json.ts";

/** `Data` is the caller's type for the JSON; it is not checked. */
export interface SluiceEvent<Data = unknown> {
  /** Its position: `{ after: position }` resumes after it. */
  readonly position: string;
  /** Its JSON as it was appended: an int64 is exact here. */
  readonly text: string;
  /** The text, parsed on first use. Numbers past 2^53 are rounded, as JavaScript's are. */
  readonly data: Data;
  /** The record's bytes, also if it is not JSON (sent as `{"base64":"…"}`). */
  readonly bytes: Uint8Array;
  /** Its key, if it has one; SSE does not carry it. */
  readonly key: string | undefined;
  /** The producer's time in RFC 3339; SSE does not carry it. */
  readonly time: string | undefined;
}

/** The event of an SSE message. */
export function eventFromSse<Data>(position: string, text: string): SluiceEvent<Data> {
  return new ReceivedEvent<Data>(position, () => text, undefined, undefined);
}

/**
 * The event of `{"position","time","key"?,"data"}`, as in pages and socket messages. `parsed` is the
 * same event, parsed; the exact text is cut out of `json` when it is first read.
 */
export function eventFromJson<Data>(parsed: unknown, json: () => string): SluiceEvent<Data> {
  const { position, time, key, data } = parsed as {
    readonly position: string;
    readonly time?: string;
    readonly key?: string;
    readonly data: Data;
  };
  const text = () => jsonMembers(json())?.get("data") ?? "null";
  return new ReceivedEvent<Data>(position, text, key, time, { data });
}

class ReceivedEvent<Data> implements SluiceEvent<Data> {
  readonly position: string;
  readonly key: string | undefined;
  readonly time: string | undefined;
  readonly #cut: () => string;
  #text: string | undefined;
  #parsed: { readonly data: Data } | undefined;

  constructor(
    position: string,
    cut: () => string,
    key: string | undefined,
    time: string | undefined,
    parsed?: { readonly data: Data },
  ) {
    this.position = position;
    this.key = key;
    this.time = time;
    this.#cut = cut;
    this.#parsed = parsed;
  }

  get text(): string {
    return (this.#text ??= this.#cut());
  }

  get data(): Data {
    this.#parsed ??= { data: JSON.parse(this.text) as Data };
    return this.#parsed.data;
  }

  get bytes(): Uint8Array {
    const base64 = base64Of(this.data);
    return base64 === undefined ? new TextEncoder().encode(this.text) : bytesFromBase64(base64);
  }

  /** For logs and `JSON.stringify`. */
  toJSON(): unknown {
    const { position, time, key, data } = this;
    return { position, time, key, data };
  }
}

function base64Of(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("base64" in data)) return undefined;
  return typeof data.base64 === "string" && Object.keys(data).length === 1
    ? data.base64
    : undefined;
}

/** Some browsers in use do not have `Uint8Array.fromBase64`. */
function bytesFromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
