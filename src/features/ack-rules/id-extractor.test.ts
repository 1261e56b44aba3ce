import { describe, expect, test } from "bun:test";
import { bytesType, jsonType } from "../../core/record.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import { eventRequestType, lifecycleTopic } from "../lifecycle/event.ts";
import { createIdExtractor } from "./id-extractor.ts";
import type { TopicRecord } from "./reading/topics-reader.ts";
import type { AckPlaces, AckRuleConfig, IdAt } from "./rule.ts";

const utf8 = new TextEncoder();
/** Decodes bytes that are JSON in truth; of others nothing is known. */
const decoder: RecordDecoder = {
  decode: async (records) =>
    records.map(({ value, schemaId }) =>
      schemaId === 0
        ? undefined
        : { schema: { id: schemaId, name: "a.B" }, json: new TextDecoder().decode(value) },
    ),
};

function ruleOf(places: AckPlaces): AckRuleConfig {
  return { name: "r", places, output: "ack", deadlineMs: undefined, keepMs: 1000, from: "now" };
}

function recordOf(topic: string, text: string, given: object = {}): TopicRecord {
  const record = {
    value: utf8.encode(text),
    key: "",
    contentType: jsonType,
    schemaId: 0,
    timeNs: 1n,
    ...given,
  };
  return {
    topic,
    stored: { record, position: { epoch: 1, sequence: 1, index: 0 }, receivedNs: 5n },
  };
}

async function idOf(at: IdAt, text: string, given: object = {}): Promise<string | undefined> {
  const extractor = createIdExtractor(ruleOf({ topics: ["t"], id: at }), decoder);
  const { occurrences, withoutId } = await extractor.extract([recordOf("t", text, given)]);
  expect(withoutId).toBe(occurrences.length === 0 ? 1 : 0);
  return occurrences[0]?.id;
}

const messageId: IdAt = { pointer: "/message_id" };

describe("an id", () => {
  test("is a text or an integer, exactly as it was written", async () => {
    expect(await idOf(messageId, '{"message_id":"a"}')).toBe("a");
    expect(await idOf(messageId, '{"message_id":7}')).toBe("7");
    expect(await idOf(messageId, '{"message_id":-0}')).toBe("0");
    expect(await idOf(messageId, '{"message_id":9007199254740993,"n":1}')).toBe("9007199254740993");
    expect(await idOf(messageId, '{"message_id":1e400}')).toBeUndefined();
    for (const other of ["null", "true", "1.5", "[]", "{}", '""', '"a\\u0000"', '"\\ud800"']) {
      expect(await idOf(messageId, `{"message_id":${other}}`)).toBeUndefined();
    }
  });

  test("is found in a record of a megabyte as in a short one", async () => {
    const filler = `"filler":[${"0,".repeat(500_000)}0]`;
    expect(await idOf(messageId, `{${filler},"messageId":"a"}`)).toBe("a");
    expect(await idOf(messageId, `{"message_id":9007199254740993,${filler}}`)).toBe(
      "9007199254740993",
    );
    expect(await idOf({ pointer: "/a/1/b" }, `{"a":[{${filler}},{"b":"x",${filler}}]}`)).toBe("x");
    expect(await idOf({ pointer: "/filler/0" }, `{${filler}}`)).toBe("0");
    expect(await idOf({ pointer: "/filler" }, `{${filler}}`)).toBeUndefined();
    expect(await idOf(messageId, `{${filler},"message_id":"a"`)).toBeUndefined();
  });

  test("is not read from bytes that are not UTF-8", async () => {
    const value = Buffer.from('{"message_id":"m-\xe9"}', "latin1");
    expect(await idOf(messageId, "", { value })).toBeUndefined();
  });

  test("may have 512 bytes, and no more", async () => {
    const longest = "ü".repeat(256);
    expect(await idOf(messageId, JSON.stringify({ message_id: longest }))).toBe(longest);
    expect(await idOf(messageId, JSON.stringify({ message_id: `${longest}x` }))).toBeUndefined();
    expect(await idOf({ key: true }, "", { key: "x".repeat(1 << 20) })).toBeUndefined();
  });

  test("is where the pointer leads, and nowhere else", async () => {
    const at = (pointer: string) => ({ pointer });
    expect(await idOf(at("/a/b"), '{"a":{"b":"x"},"b":"y"}')).toBe("x");
    expect(await idOf(at("/a~1b/~0"), '{"a/b":{"~":"x"}}')).toBe("x");
    expect(await idOf(at("/a/1"), '{"a":["x","y"]}')).toBe("y");
    expect(await idOf(at("/a/b"), '{"a":{"b":12345678901234567890}}')).toBe("12345678901234567890");
    expect(await idOf(at("/"), '{"":"x"}')).toBe("x");
    for (const text of ["{}", "[]", '"a"', "7", "null", '{"a":null}', '{"a":"b"}', "{", ""]) {
      expect(await idOf(at("/a/b"), text)).toBeUndefined();
    }
    for (const name of ["constructor", "__proto__", "toString", "length"]) {
      expect(await idOf(at(`/${name}`), '{"a":1}')).toBeUndefined();
    }
  });

  test("may be the record's key, whatever the record is", async () => {
    expect(await idOf({ key: true }, "anything", { key: "k 1", contentType: bytesType })).toBe(
      "k 1",
    );
    expect(await idOf({ key: true }, "{}")).toBeUndefined();
  });

  test("of a record with a schema is found in its decoded JSON, under either name", async () => {
    const encoded = { contentType: bytesType, schemaId: 3 };
    const json = '{"watchData":{"serialNo":"9007199254740993"}}';
    expect(await idOf({ field: "watch_data.serial_no" }, json, encoded)).toBe("9007199254740993");
    expect(await idOf({ field: "watchData.serialNo" }, json, encoded)).toBe("9007199254740993");
    expect(await idOf({ pointer: "/watch_data/serial_no" }, json, encoded)).toBe(
      "9007199254740993",
    );
    expect(await idOf({ field: "watch_data" }, json, encoded)).toBeUndefined();
    expect(await idOf(messageId, '{"message_id":"a"}', { contentType: bytesType })).toBeUndefined();
  });
});

test("each topic is a place, and an occurrence has the time of the record's receipt", async () => {
  const topics = ["one", "two"];
  const extractor = createIdExtractor(ruleOf({ topics, id: messageId }), decoder);
  expect(extractor.topics).toEqual(topics);
  const records = [
    recordOf("two", '{"message_id":"a"}'),
    recordOf("one", '{"message_id":"ignored"}', { contentType: bytesType }),
    recordOf("one", '{"messageId":"b"}', { contentType: bytesType, schemaId: 1 }),
    recordOf("one", '{"message_id":"c"}', { contentType: "application/vnd.a+json; charset=utf-8" }),
  ];
  expect(await extractor.extract(records)).toEqual({
    occurrences: [
      { id: "a", place: 1, ns: 5n },
      { id: "b", place: 0, ns: 5n },
      { id: "c", place: 0, ns: 5n },
    ],
    withoutId: 1,
  });
});

test("each event is a place; other events, and those of other applications, are ignored", async () => {
  const events = ["MADE", "SHOWN"];
  const event = (app_id: string, name: string, id = "m") =>
    recordOf(lifecycleTopic, JSON.stringify({ app_id, message_id: id, event: name }));
  const records = [
    event("app", "SHOWN"),
    event("other", "MADE"),
    event("app", "LOST"),
    recordOf(lifecycleTopic, "\n\u0001a\u0012\u0002m2\u001a\u0004MADE", {
      contentType: eventRequestType,
    }),
    recordOf(lifecycleTopic, '{"app_id":"app"}'),
  ];
  const ofApp = createIdExtractor(ruleOf({ events, appId: "app" }), decoder);
  expect(ofApp.topics).toEqual([lifecycleTopic]);
  expect(await ofApp.extract(records)).toEqual({
    occurrences: [{ id: "m", place: 1, ns: 5n }],
    withoutId: 1,
  });
  const { occurrences } = await createIdExtractor(
    ruleOf({ events, appId: undefined }),
    decoder,
  ).extract(records);
  expect(occurrences.map(({ id, place }) => [id, place])).toEqual([
    ["m", 1],
    ["m", 0],
    ["m2", 0],
  ]);
});
