import { expect, test } from "bun:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { systemClock } from "../../../core/clock.ts";
import { bytesType, jsonType, type StoredRecord } from "../../../core/record.ts";
import { EventRequestSchema } from "../../../gen/marsweb/event_pb.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { Chunk } from "../../../hub/chunk.ts";
import { eventRequestType, lifecycleTopic } from "../event.ts";
import { AppFormats, messageFormats } from "./format.ts";

const text = new TextDecoder();
const utf8 = new TextEncoder();

function stored(sequence: number, value: Uint8Array, contentType = jsonType): StoredRecord {
  return {
    record: { value, key: "m", contentType, schemaId: 0, timeNs: 1n },
    position: { epoch: 1, sequence, index: 0 },
    receivedNs: 1n,
  };
}

function json(sequence: number, appId: string): StoredRecord {
  const event = { app_id: appId, message_id: "m", event: `E${sequence}` };
  return stored(sequence, utf8.encode(JSON.stringify(event)));
}

function request(sequence: number, appId: string): StoredRecord {
  const event = create(EventRequestSchema, { appId, messageId: "m", event: `E${sequence}` });
  return stored(sequence, toBinary(EventRequestSchema, event), eventRequestType);
}

function chunkOf(records: StoredRecord[], key?: string): Chunk {
  const through = { epoch: 1, sequence: 9, index: 0 };
  return new Chunk(lifecycleTopic, key, records, through);
}

function dataOf(bytes: Uint8Array | undefined): unknown[] {
  const lines = text.decode(bytes).split("\n");
  return lines.filter((line) => line.startsWith("data:")).map((line) => JSON.parse(line.slice(5)));
}

test("what gRPC sent is shown as JSON, what is neither as bytes", () => {
  const broken = stored(3, new Uint8Array([0xff]), eventRequestType);
  const chunk = chunkOf(
    [json(1, "a"), request(2, "b"), broken, stored(4, utf8.encode("x"), bytesType)],
    "m",
  );
  expect(dataOf(messageFormats.sse.render(chunk))).toEqual([
    { app_id: "a", message_id: "m", event: "E1" },
    { app_id: "b", message_id: "m", event: "E2", created_at: "" },
    { base64: "/w==" },
    { base64: "eA==" },
  ]);
  const { events } = JSON.parse(messageFormats.ws.render(chunk) ?? "");
  expect(events[1].data).toEqual({ app_id: "b", message_id: "m", event: "E2", created_at: "" });
});

test("an app's own are rendered once, for however many; a chunk without any is nothing", () => {
  const apps = new AppFormats();
  const first = apps.of("a");
  expect(apps.of("a")).toBe(first);
  const chunk = chunkOf([json(1, "a"), json(2, "b"), request(3, "a")]);
  const bytes = first.sse.render(chunk);
  expect(dataOf(bytes).map((one) => (one as { event: string }).event)).toEqual(["E1", "E3"]);
  expect(apps.of("b").sse.render(chunk)).not.toBe(bytes);
  expect(first.sse.render(chunk)).toBe(bytes);
  expect(apps.of("c").sse.render(chunk)).toBeUndefined();
  expect(apps.of("c").ws.render(chunk)).toBeUndefined();
  // A heartbeat is for all.
  expect(text.decode(apps.of("c").sse.render(chunkOf([])))).toBe(":\nid:11-19\n\n");
});

test("who is brought nothing for long hears a heartbeat, and only then", () => {
  let nowMs = 0;
  const clock = { ...systemClock, nowMs: () => nowMs };
  const written: string[] = [];
  const face = {
    write: (bytes: Uint8Array) => {
      written.push(text.decode(bytes));
      return "sent" as const;
    },
    reset: () => "sent" as const,
    end() {},
  };
  const subscriber = new FilteredSubscriber(face, new AppFormats().of("mine").sse, clock);
  for (nowMs = 0; nowMs < 25_000; nowMs += 1000) subscriber.deliver(chunkOf([json(1, "other")]));
  expect(written).toEqual([":\nid:11-19\n\n", ":\nid:11-19\n\n"]);
  subscriber.deliver(chunkOf([json(1, "mine")]));
  expect(written.length).toBe(3);
});
