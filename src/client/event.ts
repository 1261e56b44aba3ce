/** One record, as a reader receives it. */

import type { Issue } from "../core/failure.ts";
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
  /** Whether `text` and `bytes` are only the start of the value, and `data` is undefined: with `valueBytes`. */
  readonly isCut: boolean;
  /** What else is known of the record: with `details`. */
  readonly details: EventDetails | undefined;
  /** The schema that the record names: with `details`, and with `decode`. */
  readonly schema: EventSchema | undefined;
  /** Why the value is not as its schema has it: with `decode`. */
  readonly issue: Issue | undefined;
}

export interface EventDetails {
  /** When the gateway received it, RFC 3339. */
  readonly received: string;
  /** `base64`: bytes that are not UTF-8. */
  readonly headers: Readonly<Record<string, string | { readonly base64: string }>>;
  readonly contentType: string;
  /** Bytes of the value. */
  readonly size: number;
}

export interface EventSchema {
  readonly id: number;
  readonly name?: string;
  /** As what it is registered, of the subjects that the caller may read: with `details`. */
  readonly subjects?: readonly { readonly subject: string; readonly version: number }[];
}

/** The event of an SSE message. */
export function eventFromSse<Data>(position: string, text: string): SluiceEvent<Data> {
  return new ReceivedEvent<Data>({ position }, () => text);
}

/** An event as pages and socket messages have it. */
interface GivenEvent {
  readonly position: string;
  readonly time?: string;
  readonly key?: string;
  readonly data?: unknown;
  readonly cut?: string | { readonly base64: string };
  readonly received?: string;
  readonly headers?: EventDetails["headers"];
  readonly content_type?: string;
  readonly size?: number;
  readonly schema?: EventSchema;
  readonly error?: Issue;
}

/** `parsed` is the event, parsed; its exact text is cut out of `json` when it is first read. */
export function eventFromJson<Data>(parsed: unknown, json: () => string): SluiceEvent<Data> {
  const given = parsed as GivenEvent;
  const { cut } = given;
  if (cut === undefined) {
    return new ReceivedEvent<Data>(given, () => jsonMembers(json())?.get("data") ?? "null");
  }
  return new ReceivedEvent<Data>(given, () =>
    typeof cut === "string" ? cut : JSON.stringify(cut),
  );
}

class ReceivedEvent<Data> implements SluiceEvent<Data> {
  readonly #given: GivenEvent;
  readonly #cutOut: () => string;
  #text: string | undefined;
  #parsed: { readonly data: Data } | undefined;

  constructor(given: GivenEvent, cutOut: () => string) {
    this.#given = given;
    this.#cutOut = cutOut;
    if ("data" in given || this.isCut) this.#parsed = { data: given.data as Data };
  }

  get position(): string {
    return this.#given.position;
  }

  get key(): string | undefined {
    return this.#given.key;
  }

  get time(): string | undefined {
    return this.#given.time;
  }

  get isCut(): boolean {
    return this.#given.cut !== undefined;
  }

  get schema(): EventSchema | undefined {
    return this.#given.schema;
  }

  get issue(): Issue | undefined {
    return this.#given.error;
  }

  get details(): EventDetails | undefined {
    const { received, headers = {}, content_type: contentType = "", size = 0 } = this.#given;
    return received === undefined ? undefined : { received, headers, contentType, size };
  }

  get text(): string {
    return (this.#text ??= this.#cutOut());
  }

  get data(): Data {
    this.#parsed ??= { data: JSON.parse(this.text) as Data };
    return this.#parsed.data;
  }

  get bytes(): Uint8Array {
    const base64 = base64Of(this.#given.cut ?? this.data);
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
