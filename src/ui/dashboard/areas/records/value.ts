/** One record with everything that is known of it, and its value in slices. */

import { Refused, request } from "../../../http.ts";
import { gatewayUrl } from "../../../root.ts";
import type { GivenRecord, RecordRow } from "./record.ts";

/** A larger value is shown in slices. */
export const wholeBytesMax = 256 * 1024;
export const sliceBytes = 64 * 1024;

export function recordPath(topic: string, position: string): string {
  return `/v1/topics/${encodeURIComponent(topic)}/records/${position}`;
}

export async function readRecord(
  topic: string,
  position: string,
  key: string | undefined,
  signal: AbortSignal,
): Promise<GivenRecord> {
  const query = new URLSearchParams({
    decode: "json",
    value_bytes: String(wholeBytesMax),
    ...(key === undefined ? {} : { key }),
  });
  return await request<GivenRecord>(`${recordPath(topic, position)}?${query}`, { signal });
}

export interface Slice {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offset: number;
  /** Of the whole value. */
  readonly total: number;
}

export interface SliceRequest {
  readonly topic: string;
  readonly position: string;
  readonly key: string | undefined;
  readonly offset: number;
  /** Of the decoded text, in place of the bytes as they are. */
  readonly isDecoded: boolean;
}

/** Throws `Refused`. */
export async function readSlice(
  { topic, position, key, offset, isDecoded }: SliceRequest,
  signal: AbortSignal,
): Promise<Slice> {
  const query = new URLSearchParams({
    offset: String(offset),
    length: String(sliceBytes),
    ...(isDecoded ? { decode: "json" } : {}),
    ...(key === undefined ? {} : { key }),
  });
  const url = gatewayUrl(`${recordPath(topic, position)}/value?${query}`);
  const response = await fetch(url, { signal });
  if (!response.ok) {
    throw new Refused(response.status, "internal", `The gateway answered ${response.status}`);
  }
  const total = Number(response.headers.get("sluice-value-bytes") ?? 0);
  return { bytes: new Uint8Array(await response.arrayBuffer()), offset, total };
}

const copiedMsMax = 30_000;

/** A value as text, decoded where it names a schema; U+FFFD stands for bytes that are no text. */
export async function readText(
  topic: string,
  { position, schema, issue }: RecordRow,
  key: string | undefined,
): Promise<string> {
  const isDecoded = schema !== undefined && issue === undefined;
  const signal = AbortSignal.timeout(copiedMsMax);
  const parts: BlobPart[] = [];
  for (let offset = 0; ;) {
    const { bytes, total } = await readSlice({ topic, position, key, offset, isDecoded }, signal);
    parts.push(bytes);
    offset += bytes.length;
    if (offset >= total || bytes.length === 0) return await new Blob(parts).text();
  }
}
