/** One record: read as a model, tried, sent. */

import { printJson } from "../../../exact-json.ts";
import { type Fault, request } from "../../../http.ts";
import { segment } from "../../shell/place.ts";
import { base64Of, isOfBytes } from "../records/record.ts";

export interface Draft {
  readonly key: string;
  readonly headers: readonly DraftHeader[];
  /** JSON as text, or base64 of bytes. */
  readonly value: string;
  readonly isBytes: boolean;
  readonly contentType: string;
  /** The schema's id; empty: none. */
  readonly schema: string;
}

export interface DraftHeader {
  readonly name: string;
  /** Text, or base64 of bytes. */
  readonly value: string;
  readonly isBytes: boolean;
}

export const emptyDraft: Draft = {
  key: "",
  headers: [],
  value: "{}",
  isBytes: false,
  contentType: "application/json",
  schema: "",
};

interface StoredRecord {
  readonly position: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content_type?: string;
  readonly size?: number;
  readonly data?: unknown;
  readonly schema?: { readonly id: number };
}

/** What a record that is sent by hand says of where it is from. */
export const sentFromHeader = "sluice-sent-from";

/** A draft that is like a stored record, with a header that names it. Numbers stay as they were written. */
export async function draftLike(topic: string, position: string): Promise<Draft> {
  const path = `/v1/topics/${segment(topic)}/records/${segment(position)}?decode=json`;
  const record = await request<StoredRecord>(path);
  const { key = "", headers = {}, content_type: contentType = "application/json" } = record;
  const bytes = base64Of(record.data);
  const kept = Object.entries(headers)
    .filter(([name]) => name !== sentFromHeader)
    .map(([name, value]) => headerLike(name, value));
  const isJson = bytes === undefined || !isOfBytes(bytes, false, record.size);
  return {
    key,
    headers: [...kept, headerLike(sentFromHeader, `${topic}@${position}`)],
    value: isJson ? printJson(record.data, 2) : bytes,
    isBytes: !isJson,
    contentType: isJson ? "application/json" : contentType,
    schema: record.schema === undefined ? "" : String(record.schema.id),
  };
}

/** Bytes are shown as `{"base64"}`. */
function headerLike(name: string, shown: unknown): DraftHeader {
  if (typeof shown === "string") return { name, value: shown, isBytes: false };
  return { name, value: base64Of(shown) ?? "", isBytes: true };
}

/** A message of the schema with every field at its default, as JSON. */
export async function templateOf(schema: string): Promise<string> {
  const path = `/v1/registry/schemas/${segment(schema)}/template`;
  const { template } = await request<{ readonly template: unknown }>(path);
  return printJson(template, 2);
}

export interface Outcome {
  readonly accepted: number;
  readonly position?: string;
  readonly refused: readonly Fault[];
}

/** Throws `Refused`, whose errors name what is wrong. */
export async function sendRecord(topic: string, draft: Draft, isTry: boolean): Promise<Outcome> {
  const query = new URLSearchParams();
  if (draft.key !== "") query.set("key", draft.key);
  if (isTry) query.set("dry_run", "true");
  const given = draft.headers
    .filter(({ name }) => name !== "")
    .map(({ name, value, isBytes }) => [name, isBytes ? { base64: value.trim() } : value]);
  const headers: Record<string, string> = {
    "content-type": draft.isBytes ? draft.contentType : "application/json",
    ...(draft.schema === "" ? {} : { "sluice-schema-id": draft.schema }),
    ...(given.length === 0
      ? {}
      : { "sluice-record-headers": ascii(JSON.stringify(Object.fromEntries(given))) }),
  };
  return await request(`/v1/topics/${segment(topic)}/records?${query}`, {
    method: "POST",
    headers,
    // A list would be taken for several records; within another one it is one record.
    body: draft.isBytes ? bytesOf(draft.value) : `[${draft.value}]`,
  });
}

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes.buffer;
}

/** Headers of a request carry no other characters. */
function ascii(json: string): string {
  return json.replaceAll(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
