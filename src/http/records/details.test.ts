import { expect, test } from "bun:test";
import { bytesType, jsonType, type LogRecord } from "../../core/record.ts";
import type { DecodedRecord } from "../../core/schemas.ts";
import { type RecordForm, renderRecord } from "./details.ts";

const utf8 = new TextEncoder();
const plain: RecordForm = { details: false, decode: false, valueBytes: undefined };

function rendered(
  given: Partial<LogRecord>,
  form: Partial<RecordForm>,
  decoded?: DecodedRecord,
): Record<string, unknown> {
  const record = {
    ...{ value: utf8.encode("1"), key: "", contentType: jsonType, schemaId: 0, timeNs: 0n },
    ...given,
  };
  const position = { epoch: 1, sequence: 1, index: 0 };
  const text = renderRecord(
    { record, position, receivedNs: 1_000_000_007n },
    { decoded, subjects: [{ subject: "pulse-value", version: 3 }] },
    { ...plain, ...form },
  );
  const shown = JSON.parse(text) as Record<string, unknown>;
  const { position: _, time, ...rest } = shown;
  expect(time).toBe("1970-01-01T00:00:00.000Z");
  return rest;
}

test("details: what the gateway knows of a record", () => {
  const headers = { from: utf8.encode("web"), trace: Uint8Array.of(0xff), empty: new Uint8Array() };
  expect(rendered({ key: "k", headers }, { details: true })).toEqual({
    key: "k",
    received: "1970-01-01T00:00:01.000000007Z",
    headers: { from: "web", trace: { base64: "/w==" }, empty: "" },
    content_type: jsonType,
    size: 1,
    data: 1,
  });
});

test("a schema is named with its subjects; it decodes the value only on request", () => {
  const decoded = { schema: { id: 17, name: "shop.Pulse" }, json: `{"bpm":61}` };
  const value = Uint8Array.of(8, 61);
  const named = { value, contentType: bytesType };
  const subjects = [{ subject: "pulse-value", version: 3 }];
  expect(rendered(named, { details: true }, decoded)).toMatchObject({
    schema: { id: 17, name: "shop.Pulse", subjects },
    data: { base64: "CD0=" },
  });
  expect(rendered(named, { details: true, decode: true }, decoded)).toMatchObject({
    schema: { id: 17, name: "shop.Pulse", subjects },
    data: { bpm: 61 },
  });
  expect(rendered(named, { decode: true }, decoded)).toEqual({
    schema: { id: 17, name: "shop.Pulse" },
    data: { bpm: 61 },
  });
  expect(rendered(named, {}, decoded)).toEqual({ data: { base64: "CD0=" } });
  const issue = { field: "bpm", code: "invalid" as const, message: "broken" };
  expect(rendered(named, { decode: true }, { schema: { id: 17, name: undefined }, issue })).toEqual(
    { schema: { id: 17 }, data: { base64: "CD0=" }, error: issue },
  );
});

test.each<readonly [what: string, value: string | Uint8Array, type: string, shown: object]>([
  ["as long as allowed", `"1234"`, jsonType, { data: "1234" }],
  ["longer text", `"12345"`, jsonType, { cut: `"12345` }],
  ["a character that the cut goes through", `"1234ö"`, jsonType, { cut: `"1234` }],
  ["an emoji that the cut goes through", `"🚀🚀"`, jsonType, { cut: `"🚀` }],
  ["bytes", "12345678", bytesType, { cut: { base64: btoa("123456") } }],
  [
    "bytes that claim to be JSON",
    Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0),
    jsonType,
    { cut: { base64: "/wAAAAAA" } },
  ],
  ["nothing", "", bytesType, { data: { base64: "" } }],
])("a value is cut at its bytes: %s", (_, value, contentType, shown) => {
  const bytes = typeof value === "string" ? utf8.encode(value) : value;
  const { size, ...rest } = rendered(
    { value: bytes, contentType },
    { details: true, valueBytes: 6 },
  );
  expect(size).toBe(bytes.byteLength);
  expect(rest).toEqual({ ...rest, ...shown });
  expect("cut" in rest).toBe("cut" in shown);
  expect("data" in rest).toBe("data" in shown);
});

test("what is decoded is cut as well, and only the start of no bytes is empty", () => {
  const decoded = { schema: { id: 1, name: "A" }, json: `{"n":9007199254740993}` };
  const form = { decode: true, valueBytes: 8 };
  expect(rendered({ value: Uint8Array.of(1) }, form, decoded)["cut"]).toBe(`{"n":900`);
  expect(rendered({ value: utf8.encode("12") }, { valueBytes: 0 })).toEqual({ cut: "" });
});
