import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { decodeFrame, encodeFrame } from "../core/frame.ts";
import type { LogRecord } from "../core/record.ts";
import { traceHeaderField, withTraceHeader } from "./trace-header.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const own = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
const utf8 = new TextEncoder();

function record(bytes: number, headers?: LogRecord["headers"]): LogRecord {
  const one = {
    value: new Uint8Array(bytes).fill(7),
    key: "k",
    contentType: "a/b",
    schemaId: 300,
    timeNs: 5n,
  };
  return headers === undefined ? one : { ...one, headers };
}

test("each record has the header beside all that it had, except one that has its own", () => {
  const records = [
    record(0),
    // Around the lengths at which a varint grows.
    record(20),
    record(60),
    record(16_300),
    record(70_000, { other: utf8.encode("x") }),
    record(3, { traceparent: utf8.encode(own) }),
  ];
  const frame = Buffer.concat([Buffer.from([9, 9]), encodeFrame(records), Buffer.from([9])]);
  const field = traceHeaderField(traceparent) ?? new Uint8Array(0);
  const traced = decodeFrame(withTraceHeader(frame, 2, frame.byteLength - 1, field));
  expect(traced).toEqual(
    records.map((one) => ({
      ...one,
      headers: { traceparent: utf8.encode(traceparent), ...one.headers },
    })),
  );
});

test("what is not a traceparent is ignored", () => {
  for (const text of [undefined, null, "", "x", `${traceparent}x`]) {
    expect(traceHeaderField(text)).toBeUndefined();
  }
});
