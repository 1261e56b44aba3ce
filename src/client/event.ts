/** One record as a reader gets it. */
import { jsonMembers } from "../core/json.ts";

/** `Data` is what the caller knows of the JSON; nothing checks it. */
export interface SluiceEvent<Data = unknown> {
  /** Where it stands: `{ after: position }` reads on behind it. */
  readonly position: string;
  /** Its JSON as it was appended: an int64 is exact here. */
  readonly text: string;
  /** The text, parsed on first use. Numbers past 2^53 are rounded, as JavaScript's are. */
  readonly data: Data;
  /** The record's own bytes, also when it is no JSON (`{"base64":"…"}` on the way). */
  readonly bytes: Uint8Array;
  /** Its key, where there is one; SSE does not tell it. */
  readonly key: string | undefined;
  /** The producer's time in RFC 3339; SSE does not tell it. */
  readonly time: string | undefined;
}

/** Out of an SSE message. */
export function eventFromSse<Data>(position: string, text: string): SluiceEvent<Data> {
  return new ReceivedEvent<Data>(position, () => text, undefined, undefined);
}

/**
 * Out of `{"position","time","key"?,"data"}`, as pages and sockets have it. `parsed` is the same
 * event parsed already; the exact text is cut out of `json` when it is asked for.
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

  /** For logs and `JSON.stringify`: what was read, not how. */
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

/** `Uint8Array.fromBase64` is younger than some of the browsers that are in use. */
function bytesFromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
