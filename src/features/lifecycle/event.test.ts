import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { seededRandom } from "../../../test/support/random.ts";
import { Failure } from "../../core/failure.ts";
import { bytesType, jsonType } from "../../core/record.ts";
import { EventRequestSchema } from "../../gen/marsweb/event_pb.ts";
import { readEventRequest } from "./event-wire.ts";
import {
  eventFromJson,
  eventFromProtobuf,
  eventFromRecord,
  eventRequestType,
  idBytesMax,
  parseEventId,
} from "./event.ts";

const fine = { app_id: "a", message_id: "m", event: "e" };

describe("an event as JSON", () => {
  test.each([
    ["null", null, ["body"]],
    ["an array", [fine], ["body"]],
    ["a text", "x", ["body"]],
    ["nothing in it", {}, ["app_id", "message_id", "event"]],
    ["empty ids", { app_id: "", message_id: "", event: "" }, ["app_id", "message_id", "event"]],
    ["a number for an id", { ...fine, message_id: 7 }, ["message_id"]],
    ["null for an id", { ...fine, app_id: null }, ["app_id"]],
    ["an id that is too long", { ...fine, message_id: "x".repeat(257) }, ["message_id"]],
    ["one of a megabyte", { ...fine, message_id: "x".repeat(1_000_000) }, ["message_id"]],
    ["one that is too long in bytes", { ...fine, event: "é".repeat(129) }, ["event"]],
    ["a line break", { ...fine, event: "a\nb" }, ["event"]],
    ["a NUL", { ...fine, message_id: "a\0" }, ["message_id"]],
    ["a control of Latin-1", { ...fine, app_id: "a\u0085" }, ["app_id"]],
    ["half a surrogate pair", { ...fine, event: "\ud83d" }, ["event"]],
    ["a number for a time", { ...fine, created_at: 12 }, ["created_at"]],
    ["a number for external_id", { ...fine, external_id: 12 }, ["external_id"]],
  ])("%s is refused by field", (_, value, fields) => {
    const checked = eventFromJson(value);
    if (checked.ok) throw new Error("It passed");
    expect(checked.issues.map(({ field }) => field)).toEqual(fields);
    for (const { code, message } of checked.issues) {
      expect(code).toBe("invalid");
      expect(message).toMatch(/^Cannot .* expected /);
      expect(message.length).toBeLessThan(250);
    }
  });

  test("known members are read, and others ignored", () => {
    const given = {
      ...fine,
      message_id: "é".repeat(idBytesMax / 2),
      created_at: "2024-11-19T07:06:40.123456789Z",
      external_id: "x",
      more: { of: "it" },
    };
    expect(eventFromJson(given)).toEqual({
      ok: true,
      event: {
        appId: "a",
        messageId: given.message_id,
        event: "e",
        createdNs: 1_732_000_000_123_456_789n,
        externalId: "x",
      },
    });
    const unset = { ...fine, created_at: null, external_id: null };
    expect(eventFromJson(unset)).toMatchObject({ ok: true, event: { createdNs: undefined } });
    expect(eventFromJson({ ...fine, created_at: "Hello" })).toMatchObject({
      ok: true,
      event: { createdNs: undefined },
    });
  });
});

describe("an EventRequest", () => {
  test("is read as the generated code reads it, for any bytes", () => {
    const seed = 77;
    const random = seededRandom(seed);
    let readable = 0;
    for (let i = 0; i < 5000; i++) {
      const text = () => "ab🙂é\u0000".slice(0, random.int(6)).toWellFormed();
      const bytes = toBinary(
        EventRequestSchema,
        create(EventRequestSchema, {
          appId: text(),
          messageId: text(),
          event: text(),
          createdAt: text(),
        }),
      );
      // Also changed, cut and doubled ones.
      for (let changes = random.int(4); changes > 0; changes--) {
        if (bytes.byteLength > 0) bytes[random.int(bytes.byteLength)] = random.int(256);
      }
      const cut = random.chance(0.2) ? bytes.subarray(0, random.int(bytes.byteLength + 1)) : bytes;
      const wanted = outcome(() => {
        const { appId, messageId, event, createdAt } = fromBinary(EventRequestSchema, cut);
        return { appId, messageId, event, createdAt };
      });
      const padded = new Uint8Array([9, 9, ...cut, 9]);
      const given = outcome(() => readEventRequest(padded, 2, 2 + cut.byteLength));
      if (given === undefined) continue;
      readable++;
      expect({ seed, i, is: JSON.stringify(given) }).toEqual({
        seed,
        i,
        is: JSON.stringify(wanted),
      });
    }
    expect(readable).toBeGreaterThan(1000);
  });

  test("is refused with the reason when its bytes are not one", () => {
    for (const bytes of [[0x0a], [0x0a, 5, 1], [0x08, 1], [0x02, 0], [0x2b], [0x0a, 1, 0xff]]) {
      expect(() => readEventRequest(new Uint8Array(bytes), 0, bytes.length)).toThrow(Failure);
    }
  });

  test("its fields are checked like those of JSON", () => {
    const empty = toBinary(EventRequestSchema, create(EventRequestSchema, { event: "e\n" }));
    const checked = eventFromProtobuf(empty, 0, empty.byteLength);
    if (checked.ok) throw new Error("It passed");
    expect(checked.issues.map(({ field }) => field)).toEqual(["app_id", "message_id", "event"]);
  });
});

describe("a record", () => {
  const record = { key: "", schemaId: 0, timeNs: 7n };
  const utf8 = new TextEncoder();

  test("of either form is its event; without a time it has the record's", () => {
    const json = { ...record, value: utf8.encode(JSON.stringify(fine)), contentType: jsonType };
    expect(eventFromRecord(json)).toMatchObject({ messageId: "m", atNs: 7n });
    const request = create(EventRequestSchema, {
      appId: "a",
      messageId: "m",
      event: "e",
      createdAt: "1970-01-01T00:00:00.000000009Z",
    });
    const value = toBinary(EventRequestSchema, request);
    const encoded = { ...record, value, contentType: eventRequestType };
    expect(eventFromRecord(encoded)).toMatchObject({ messageId: "m", atNs: 9n });
  });

  test("of a megabyte of members is its event, or none, as a short one", () => {
    const members = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`m${i}`, i]));
    const long = { ...members, ...fine, created_at: "1970-01-01T00:00:00.000000009Z" };
    const eventOf = (given: object) =>
      eventFromRecord({
        ...record,
        value: utf8.encode(JSON.stringify(given)),
        contentType: jsonType,
      });
    expect(eventOf(long)).toMatchObject({ appId: "a", messageId: "m", event: "e", atNs: 9n });
    expect(eventOf({ ...long, event: members })).toBeUndefined();
    expect(eventOf(members)).toBeUndefined();
  });

  test("of any other form is not an event", () => {
    for (const [text, contentType] of [
      ["{", jsonType],
      ["{}", jsonType],
      ["\xff", eventRequestType],
      [JSON.stringify(fine), bytesType],
    ] as const) {
      expect(eventFromRecord({ ...record, value: utf8.encode(text), contentType })).toBeUndefined();
    }
  });
});

test("an id in a URL is checked in the same way", () => {
  expect(parseEventId("app_id", "x")).toBe("x");
  expect(() => parseEventId("app_id", undefined)).toThrow("Cannot use app_id: it is missing");
  expect(() => parseEventId("app_id", "")).toThrow('Cannot use app_id "": it is empty');
});

function outcome<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
