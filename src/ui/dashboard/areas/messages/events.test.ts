import { expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { EventRequestSchema } from "../../../../gen/marsweb/event_pb.ts";
import { type Entry, entryFromRecord, runsOf } from "./events.ts";

function entry(position: string, event: string): Entry {
  return { position, event, time: undefined, received: undefined, text: "", appId: "a" };
}

test("neighbours of one name are one row, a gap parts them", () => {
  const lines = runsOf([
    entry("6", "SENT"),
    entry("5", "SENT"),
    { position: "4", gap: "dropped" },
    entry("3", "SENT"),
    entry("2", "READ"),
    entry("1", "SENT"),
  ]);
  const shown = lines.map((line) =>
    "gap" in line ? line.gap : `${line.name} × ${line.events.length} at ${line.position}`,
  );
  expect(shown).toEqual([
    "SENT × 2 at 6",
    "dropped",
    "SENT × 1 at 3",
    "READ × 1 at 2",
    "SENT × 1 at 1",
  ]);
  expect(runsOf([])).toEqual([]);
});

test("an event that came by gRPC is read from its bytes, others stay as they are", () => {
  const given = { appId: "shop", messageId: "é".repeat(100), event: "SENT", createdAt: "" };
  const bytes = toBinary(EventRequestSchema, create(EventRequestSchema, given));
  const record = (data: unknown) =>
    entryFromRecord({ position: "1", time: "t", received: "r", data });
  expect(record({ base64: bytes.toBase64() })).toEqual({
    position: "1",
    time: "t",
    received: "r",
    appId: "shop",
    event: "SENT",
    text: JSON.stringify({ app_id: "shop", message_id: given.messageId, event: "SENT" }),
  });
  expect(record({ base64: "/w==" })).toMatchObject({
    event: "not an event",
    text: '{"base64":"/w=="}',
  });
  expect(record({ app_id: "a", event: "READ", n: 1 })).toMatchObject({ appId: "a", event: "READ" });
  expect(record(null)).toMatchObject({ event: "not an event", appId: undefined });
});
