import { expect, test } from "bun:test";
import { Batch } from "../batch.ts";
import { encodeFrame } from "../frame.ts";
import type { LogRecord } from "../record.ts";
import { contextsOf, contextsOfBatch, parseTraceparent, traceHeaders } from "./trace.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const sampled = `00-${traceId}-${spanId}-01`;

function record(traceparent?: string): LogRecord {
  const headers = traceHeaders(traceparent);
  const one = { value: new Uint8Array(1), key: "", contentType: "a/b", schemaId: 0, timeNs: 1n };
  return headers === undefined ? one : { ...one, headers };
}

test("a traceparent is what the standard says it is", () => {
  expect(parseTraceparent(sampled)).toEqual({ traceId, spanId, isSampled: true });
  expect(parseTraceparent(`00-${traceId}-${spanId}-00`)?.isSampled).toBe(false);
  // A later version may have more behind it.
  expect(parseTraceparent(`cc-${traceId}-${spanId}-01-abc`)?.traceId).toBe(traceId);
  const wrong = [
    "",
    sampled.toUpperCase(),
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}-${spanId}`,
    ` ${sampled}`,
    `00-${traceId}-${spanId}-01-${"a".repeat(5000)}`,
  ];
  for (const text of wrong) expect([text, parseTraceparent(text)]).toEqual([text, undefined]);
});

test("records have the spans that they came with, each once, and only sampled ones", () => {
  const other = `00-${traceId}-00f067aa0ba902b7-01`;
  const records = [record(), record(sampled), record(sampled), record(other)];
  const spans = ["b7ad6b7169203331", "00f067aa0ba902b7"];
  expect(contextsOf(records).map((context) => context.spanId)).toEqual(spans);
  expect(contextsOf([record(`00-${traceId}-${spanId}-00`)])).toEqual([]);
  const encoded = Batch.encoded(encodeFrame(records), records.length);
  expect(contextsOfBatch(encoded).map((context) => context.spanId)).toEqual(spans);
  expect(contextsOfBatch(Batch.encoded(encodeFrame([record()]), 1))).toEqual([]);
});

test("what a span is linked to is bounded", () => {
  const many = Array.from({ length: 100 }, (_, n) =>
    record(`00-${traceId}-${(n + 1).toString(16).padStart(16, "0")}-01`),
  );
  expect(contextsOf(many)).toHaveLength(32);
});
