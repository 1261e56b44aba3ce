/**
 * The headers of a NATS message, written and read as bytes: the client library's own headers cost
 * more than the rest of a publish.
 *
 * A record's header whose name and value are plain goes as it is, so that other NATS clients read
 * it; any other goes as `Sluice-Header: <percent-encoded name>=<base64 value>`.
 */
import type { Msg } from "@nats-io/transport-node";
import type { RecordHeaders } from "../../core/record.ts";

export type HeaderLines = Iterable<[name: string, values: string[]]>;

export const contentTypeHeader = "Content-Type";
export const timeHeader = "Sluice-Time";
export const schemaHeader = "Sluice-Schema";
/** Marks a payload that is a `sluice.v1.Frame`; tells how many records it holds. */
export const frameHeader = "Sluice-Frame";
const encodedHeader = "Sluice-Header";

const utf8 = new TextEncoder();
const plainName = /^[A-Za-z0-9!#$&'*+.^_`|~-]{1,128}$/;
const plainText = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** These mean something to the server or to the log; a record's own may not be taken for them. */
const reserved = /^(?:nats-|sluice-|content-type$)/i;

/** True for what a header line carries unchanged. */
export function isPlainText(text: string): boolean {
  return plainText.test(text);
}

/** The lines of a record's own headers, each with its line end. */
export function renderRecordHeaders(headers: RecordHeaders | undefined): string {
  let lines = "";
  for (const name in headers) {
    const value = headers[name] ?? new Uint8Array(0);
    const text = plainName.test(name) && !reserved.test(name) ? plainTextOf(value) : undefined;
    lines +=
      text === undefined
        ? `${encodedHeader}: ${encodeURIComponent(name.toWellFormed())}=${base64FromBytes(value)}\r\n`
        : `${name}: ${text}\r\n`;
  }
  return lines;
}

/** The record headers among a message's; undefined when there are none. */
export function parseRecordHeaders(lines: HeaderLines): RecordHeaders | undefined {
  let headers: { [name: string]: Uint8Array } | undefined;
  for (const [name, values] of lines) {
    if (name === encodedHeader) {
      headers ??= emptyHeaders();
      for (const value of values) readEncoded(value, headers);
    } else if (!reserved.test(name)) {
      headers ??= emptyHeaders();
      headers[name] = utf8.encode(values.join(", "));
    }
  }
  return headers;
}

/** A header's value; empty when there is none. */
export function headerOf(message: Msg, name: string): string {
  return message.headers?.get(name) ?? "";
}

function readEncoded(line: string, into: { [name: string]: Uint8Array }): void {
  const equals = line.indexOf("=");
  if (equals < 0) return;
  try {
    into[decodeURIComponent(line.slice(0, equals))] = bytesFromBase64(line.slice(equals + 1));
  } catch {
    // Another client wrote it: a header that cannot be read is no reason to lose its record.
  }
}

/** Without a prototype, so that a header may be called `__proto__`. */
function emptyHeaders(): { [name: string]: Uint8Array } {
  const headers: { [name: string]: Uint8Array } = Object.create(null);
  return headers;
}

function plainTextOf(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > 4_096) return undefined;
  const text = String.fromCharCode(...bytes);
  return plainText.test(text) ? text : undefined;
}

function base64FromBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function bytesFromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
