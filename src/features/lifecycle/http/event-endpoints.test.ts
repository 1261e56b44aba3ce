// `POST /api/event` is read by hand: here its reader and the documented shape judge the same inputs.

import { expect, test } from "bun:test";
import { shapeValidator } from "../../../../test/support/json-schema.ts";
import { eventFromJson } from "../event.ts";
import { eventShape } from "./event-endpoints.ts";

const allows = shapeValidator(eventShape);
const event = { app_id: "shop", message_id: "m-1", event: "SENT" };

const agreed: readonly (readonly [name: string, value: unknown, isTaken: boolean])[] = [
  ["an event", event, true],
  ["with a time", { ...event, created_at: "2026-11-21T10:02:11.420Z" }, true],
  ["with a time that does not parse", { ...event, created_at: "yesterday" }, true],
  ["with a time of null", { ...event, created_at: null }, true],
  ["with a time of milliseconds", { ...event, created_at: 1_795_255_927_184 }, false],
  ["with an external id", { ...event, external_id: "mail-17" }, true],
  ["with an external id of null", { ...event, external_id: null }, true],
  ["with an empty external id", { ...event, external_id: "" }, false],
  ["with another member", { ...event, amount: { value: 3 } }, true],
  ["without app_id", { message_id: "m-1", event: "SENT" }, false],
  ["without message_id", { app_id: "shop", event: "SENT" }, false],
  ["without event", { app_id: "shop", message_id: "m-1" }, false],
  ["with an empty id", { ...event, message_id: "" }, false],
  ["with a number as id", { ...event, message_id: 7 }, false],
  ["with null as id", { ...event, app_id: null }, false],
  ["with an id of 256 characters", { ...event, message_id: "x".repeat(256) }, true],
  ["with an id of 257 characters", { ...event, message_id: "x".repeat(257) }, false],
  ["null", null, false],
  ["an array", [event], false],
  ["text", "SENT", false],
];

test.each(agreed)("%s: the reader and the shape agree", (_, value, isTaken) => {
  expect(allows(value)).toBe(isTaken);
  expect(eventFromJson(value).ok).toBe(isTaken);
});

// What a JSON Schema has no words for; the description says it.
const narrower: readonly (readonly [name: string, value: unknown])[] = [
  ["an id of more than 256 bytes", { ...event, message_id: "ä".repeat(129) }],
  ["an id with a control character", { ...event, message_id: "a\u0001" }],
];

test.each(narrower)("%s: the shape allows it, the reader refuses it", (_, value) => {
  expect(allows(value)).toBe(true);
  expect(eventFromJson(value).ok).toBe(false);
});
