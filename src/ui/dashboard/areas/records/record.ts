/** Records as the page holds them: what a row shows, whatever brought it. */

import type { EventSchema, SluiceEvent } from "../../../../client/event.ts";
import { textFromUtf8 } from "../../../../core/utf8.ts";
import { printJson } from "../../../exact-json.ts";

export type Headers = Readonly<Record<string, string | { readonly base64: string }>>;

export interface RecordRow {
  readonly kind: "record";
  readonly position: string;
  readonly time: string;
  readonly received: string | undefined;
  readonly key: string | undefined;
  readonly headers: Headers;
  readonly contentType: string;
  readonly size: number;
  readonly schema: EventSchema | undefined;
  /** JSON, or its start; base64 where it is `isBytes`. */
  readonly value: string;
  readonly isCut: boolean;
  readonly isBytes: boolean;
  /** Why it is not as its schema has it. */
  readonly issue: string | undefined;
}

/** A place where records that should have come are gone. */
export interface GapRow {
  readonly kind: "gap";
  readonly position: string;
  readonly reason: string;
}

export type Row = RecordRow | GapRow;

/** An event of a page, parsed with exact numbers. */
export interface GivenRecord {
  readonly position: string;
  readonly time: string;
  readonly received?: string;
  readonly key?: string;
  readonly headers?: Headers;
  readonly content_type?: string;
  readonly size?: number;
  readonly schema?: EventSchema;
  readonly data?: unknown;
  readonly cut?: string | { readonly base64: string };
  readonly error?: { readonly message: string };
}

export function rowFromPage(given: GivenRecord): RecordRow {
  const isCut = given.cut !== undefined;
  const base64 = base64Of(given.cut ?? given.data);
  const bytes = isOfBytes(base64, isCut, given.size) ? base64 : undefined;
  const text = typeof given.cut === "string" ? given.cut : printJson(given.data);
  return {
    kind: "record",
    position: given.position,
    time: given.time,
    received: given.received,
    key: given.key,
    headers: given.headers ?? {},
    contentType: given.content_type ?? "",
    size: given.size ?? 0,
    schema: given.schema,
    value: bytes ?? text,
    isCut,
    isBytes: bytes !== undefined,
    issue: given.error?.message,
  };
}

export function rowFromEvent(event: SluiceEvent): RecordRow {
  const { details, text, isCut } = event;
  const base64 = base64FromText(text);
  const bytes = isOfBytes(base64, isCut, details?.size) ? base64 : undefined;
  return {
    kind: "record",
    position: event.position,
    time: event.time ?? "",
    received: details?.received,
    key: event.key,
    headers: details?.headers ?? {},
    contentType: details?.contentType ?? "",
    size: details?.size ?? 0,
    schema: event.schema,
    value: bytes ?? text,
    isCut,
    isBytes: bytes !== undefined,
    issue: event.issue?.message,
  };
}

/** JSON may have a member of this name as well, but is longer than what the member says in base64. */
export function isOfBytes(
  base64: string | undefined,
  isCut: boolean,
  size: number | undefined,
): boolean {
  if (base64 === undefined) return false;
  return isCut || size === undefined || size === (base64.length / 4) * 3 - paddingOf(base64);
}

function paddingOf(base64: string): number {
  return /=*$/.exec(base64)?.[0].length ?? 0;
}

function base64FromText(text: string): string | undefined {
  return /^\{"base64":"([A-Za-z0-9+/=]*)"\}$/.exec(text)?.[1];
}

export function base64Of(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("base64" in data)) return undefined;
  const { base64 } = data;
  return typeof base64 === "string" && Object.keys(data).length === 1 ? base64 : undefined;
}

export function bytesFromBase64(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The bytes that are known of a row's value. */
export function bytesOf({ value, isBytes }: RecordRow): Uint8Array {
  return isBytes ? bytesFromBase64(value) : new TextEncoder().encode(value);
}

/** Bytes as text where they are; undefined where a reader would see noise. */
export function textFromBytes(bytes: Uint8Array): string | undefined {
  try {
    const text = textFromUtf8(bytes);
    // Control characters besides tab and line breaks are not text.
    return /[^\P{Cc}\t-\r]/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

const hexPerLine = 16;

/** `00000010  68 65 6c 6c 6f …  |hello…|`, sixteen bytes a line. */
export function hexLines(bytes: Uint8Array, offset = 0): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += hexPerLine) {
    const part = [...bytes.subarray(at, at + hexPerLine)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const place = (offset + at).toString(16).padStart(8, "0");
    lines.push(`${place}  ${hex.padEnd(hexPerLine * 3 - 1)}  |${asciiOf(part)}|`);
  }
  return lines;
}

export function asciiOf(bytes: readonly number[]): string {
  return bytes
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."))
    .join("");
}
