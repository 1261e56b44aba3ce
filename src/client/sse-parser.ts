/**
 * Parses server-sent events from bytes by the HTML standard (section 9.2.6, "Interpreting an event
 * stream"): any chunking, CR, LF and CRLF, a byte order mark, comments.
 *
 * Hand-written, because a heartbeat is a bare `id:` without data, which must move the position.
 * Parsers such as `eventsource-parser` report events with data only, so the position would stay
 * behind on a quiet key of a busy topic, and a reconnect would read everything in between again.
 */

import { createDocumentDecoder } from "../core/utf8.ts";

export interface SseMessage {
  /** `message` unless an `event` field says otherwise. */
  readonly type: string;
  readonly data: string;
  /** The last event id after this event; empty before the first. */
  readonly id: string;
}

/** Sluice sends no longer lines or events: 64 Mi characters. */
const charsMaxDefault = 64 * 1024 * 1024;

export class SseParser {
  readonly #decoder = createDocumentDecoder();
  readonly #charsMax: number;
  /** The beginning of a line whose end has not arrived. */
  #rest = "";
  /** Whether a CR came last: an LF right after it belongs to the same line end. */
  #afterCr = false;
  #type = "";
  #data = "";
  #hasData = false;
  #id = "";
  #lastEventId = "";
  #retryMs: number | undefined;

  constructor(charsMax: number = charsMaxDefault) {
    this.#charsMax = charsMax;
  }

  /** The last event id after the last complete block, also one without data. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** The reconnection time, once the stream has set one. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** The events that these bytes complete. Throws a `RangeError` past the bound. */
  push(bytes: Uint8Array): SseMessage[] {
    const messages: SseMessage[] = [];
    let fresh = this.#decoder.decode(bytes, { stream: true });
    if (fresh === "") return messages;
    if (this.#afterCr && fresh.charCodeAt(0) === LF) fresh = fresh.slice(1);
    this.#afterCr = false;
    // Only the new text can contain the end of an unfinished line.
    const from = this.#rest.length;
    const text = from === 0 ? fresh : this.#rest + fresh;
    this.#rest = text.slice(this.#lines(text, from, messages));
    if (this.#rest.length + this.#data.length > this.#charsMax) {
      throw new RangeError(`An event has more than ${this.#charsMax} characters`);
    }
    return messages;
  }

  /** Takes the complete lines, looking for ends from `searchFrom` on; returns where the rest begins. */
  #lines(text: string, searchFrom: number, messages: SseMessage[]): number {
    let start = 0;
    let cr = text.indexOf("\r", searchFrom);
    for (let at = searchFrom; ; at = start) {
      if (cr !== -1 && cr < at) cr = text.indexOf("\r", at);
      const lf = text.indexOf("\n", at);
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      if (end === -1) return start;
      this.#line(text, start, end, messages);
      start = end + 1;
      if (end !== cr) continue;
      if (lf === start) start++;
      else if (start === text.length) this.#afterCr = true;
    }
  }

  #line(text: string, start: number, end: number, messages: SseMessage[]): void {
    if (start === end) return this.#dispatch(messages);
    const found = text.indexOf(":", start);
    const colon = found === -1 || found > end ? end : found;
    if (colon === start) return; // a comment
    const field = text.slice(start, colon);
    const space = text.charCodeAt(colon + 1) === SPACE ? 1 : 0;
    const value = text.slice(Math.min(colon + 1 + space, end), end);
    if (field === "data") {
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
    } else if (field === "id") {
      if (!value.includes("\0")) this.#id = value;
    } else if (field === "event") this.#type = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) this.#retryMs = Number(value);
  }

  #dispatch(messages: SseMessage[]): void {
    this.#lastEventId = this.#id;
    if (this.#hasData) {
      const type = this.#type === "" ? "message" : this.#type;
      messages.push({ type, data: this.#data, id: this.#id });
      this.#data = "";
      this.#hasData = false;
    }
    this.#type = "";
  }
}

const LF = 0x0a;
const SPACE = 0x20;
