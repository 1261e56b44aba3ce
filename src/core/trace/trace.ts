/**
 * Traces: the `traceparent` (W3C Trace Context) of a request is a header of its records, and what this node
 * does with such records can be reported as spans. Records without one are not traced.
 */

import { Buffer } from "node:buffer";
import type { Batch } from "../batch.ts";
import type { FailureCode } from "../failure.ts";
import type { LogRecord, RecordHeaders } from "../record.ts";
import { lossyTextFromUtf8 } from "../utf8.ts";

export const traceparentHeader = "traceparent";

/** A span of a caller. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Something that this node did, and has ended. */
export interface Span {
  readonly name: "append" | "project" | "deliver";
  readonly startMs: number;
  readonly endMs: number;
  /** The first is the parent, the others are linked. */
  readonly contexts: readonly TraceContext[];
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly failure?: FailureCode;
}

export interface Tracing {
  add(span: Span): void;
}

/** Spans that one span refers to. */
const contextsMax = 32;

const pattern =
  /^(?!ff)[\da-f]{2}-((?!0{32})[\da-f]{32})-((?!0{16})[\da-f]{16})-([\da-f]{2})(?:-[\da-f-]{0,400})?$/;

/** Undefined for what is not one: it is then ignored, as the standard asks. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, traceId, spanId, flags] = pattern.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** As headers of the records that come with it; undefined without one, and for what is not one. */
export function traceHeaders(traceparent: string | null | undefined): RecordHeaders | undefined {
  if (traceparent === null || traceparent === undefined) return undefined;
  if (parseTraceparent(traceparent) === undefined) return undefined;
  return { [traceparentHeader]: new TextEncoder().encode(traceparent) };
}

/** The sampled spans that the records came with, each once. */
export function contextsOf(records: Iterable<Pick<LogRecord, "headers">>): readonly TraceContext[] {
  const found = new Map<string, TraceContext>();
  for (const { headers } of records) {
    const given = headers?.[traceparentHeader];
    if (given === undefined || given.byteLength > 512) continue;
    const context = parseTraceparent(lossyTextFromUtf8(given));
    if (context?.isSampled !== true) continue;
    found.set(context.spanId, context);
    if (found.size === contextsMax) break;
  }
  return [...found.values()];
}

/** The same of a batch, which is decoded only where it has any. */
export function contextsOfBatch(batch: Batch): readonly TraceContext[] {
  if (batch.isEncoded && !includes(batch.frame, name)) return [];
  return contextsOf(batch.records(0n));
}

const name = Buffer.from(traceparentHeader);

function includes(bytes: Uint8Array, part: Buffer): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(part);
}
