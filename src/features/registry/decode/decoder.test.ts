import { describe, expect, test } from "bun:test";
import { create, fromJson, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { compileProtos } from "../../../../test/support/protos.ts";
import { type Random, seededRandom } from "../../../../test/support/random.ts";
import { Failure } from "../../../core/failure.ts";
import { descriptorsOf, messageOf } from "../link/descriptors.ts";
import { type LinkedSchema, linkSchema } from "../link/linked.ts";
import { createDecoder } from "./decoder.ts";

const validate = await Bun.file(
  new URL("../../../../schemas/imports/buf/validate/validate.proto", import.meta.url),
).text();

const set = await compileProtos({
  "watch.proto": `syntax = "proto3"; package w;
    import "google/protobuf/any.proto"; import "google/protobuf/timestamp.proto";
    message Watch {
      string id = 1; int64 steps = 2; Reading heart = 3; repeated double motion = 4;
      google.protobuf.Timestamp at = 5; google.protobuf.Any any = 6;
      map<string, Reading> readings = 7; oneof o { bytes raw = 8; Mode mode = 9; } uint64 big = 10;
      repeated Reading list = 11; Watch inner = 12;
    }
    message Reading { uint32 rate = 1; fixed64 ticks = 2; }
    enum Mode { MODE_UNSPECIFIED = 0; SLEEP = 1; }`,
  "old.proto": `syntax = "proto2"; package o;
    message Old { required string id = 1; optional group G = 2 { required int32 n = 1; } optional Old inner = 3; extensions 100 to 200; }
    extend Old { optional int32 extra = 100; }`,
  "rules.proto": `syntax = "proto3"; package r; import "buf/validate/validate.proto";
    message Rules {
      string id = 1 [(buf.validate.field).string.min_len = 3];
      Inner inner = 2 [(buf.validate.field).required = true];
      map<string, int32> counts = 3 [(buf.validate.field).map.keys.string.max_len = 2];
    }
    message Inner {
      repeated int32 rates = 1 [(buf.validate.field).repeated.items.int32 = { gte: 20, lte: 250 }];
      int64 low = 2; int64 high = 3;
      option (buf.validate.message).cel = { id: "inner.order", message: "low is above high", expression: "this.low <= this.high" };
    }
    message Free { int32 a = 1; }`,
  "buf/validate/validate.proto": validate,
});
const utf8 = new TextEncoder();
const watch = linkSchema(set, "watch.proto");
const old = linkSchema(set, "old.proto");
const rules = linkSchema(set, "rules.proto");

describe("decode", () => {
  const decoder = createDecoder(watch);

  test("returns canonical JSON", () => {
    const json = {
      id: "ü",
      steps: "-9223372036854775808",
      heart: { rate: 61, ticks: "18446744073709551615" },
      motion: [0.1, "NaN", "-Infinity"],
      at: "2026-11-01T00:00:00.000000001Z",
      readings: { wrist: { rate: 1 } },
      mode: "SLEEP",
      big: "9007199254740993",
      list: [{}, { rate: 2 }],
    };
    expect(JSON.parse(decoder.decode(bytesOf(watch, "w.Watch", json)))).toEqual(json);
    expect(decoder.decode(new Uint8Array())).toBe("{}");
  });

  test("decodes any message of the schema, including imported ones", () => {
    expect(decoder.decode(bytesOf(watch, "w.Reading", { rate: 5 }), "w.Reading")).toBe(
      '{"rate":5}',
    );
    const at = bytesOf(watch, "google.protobuf.Timestamp", "2026-01-01T00:00:00Z");
    expect(decoder.decode(at, "google.protobuf.Timestamp")).toBe('"2026-01-01T00:00:00Z"');
    expect(() => decoder.decode(at, "w.Gone")).toThrow('"watch.proto" has no message "w.Gone"');
  });

  test("an Any may contain a message of the set, and no other", () => {
    const reading = messageOf(watch, "w.Reading");
    const desc = messageOf(watch, "w.Watch");
    const any = anyPack(reading, create(reading, { rate: 7 }));
    expect(decoder.decode(toBinary(desc, create(desc, { any })))).toBe(
      '{"any":{"rate":7,"@type":"type.googleapis.com/w.Reading"}}',
    );
    const gone = create(desc, { any: { ...any, typeUrl: "type.googleapis.com/w.Gone" } });
    expect(codeOf(() => decoder.decode(toBinary(desc, gone)))).toBe("invalid");
  });

  test("leaves out unknown fields", () => {
    const bytes = new BinaryWriter().tag(500, WireType.LengthDelimited).string("x").finish();
    expect(decoder.decode(bytes)).toBe("{}");
  });

  test("shows extensions", () => {
    const extended = { id: "a", "[o.extra]": 5 };
    const text = createDecoder(old).decode(bytesOf(old, "o.Old", extended));
    expect(JSON.parse(text)).toEqual(extended);
  });
});

describe("bytes that do not decode", () => {
  const writer = (): BinaryWriter => new BinaryWriter();
  const cases: [string, Uint8Array, string, RegExp][] = [
    [
      "a string cut short",
      Uint8Array.of(0x0a, 5, 0x61),
      "id",
      /ends too early|has 5 bytes, of which 1 are there/,
    ],
    ["a varint cut short", Uint8Array.of(0x10, 0x80), "steps", /ends too early/],
    ["a fixed64 cut short", Uint8Array.of(0x1a, 3, 0x11, 1, 2), "heart.ticks", /ends/],
    [
      "a length past the parent's end",
      Uint8Array.of(0x1a, 2, 0x0a, 9, 1, 1, 1),
      "heart.rate",
      /wire type 2, expected 0/,
    ],
    [
      "a message past its parent's end",
      Uint8Array.of(0x62, 2, 0x1a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      "inner.heart",
      /has 9 bytes, of which 0 are there/,
    ],
    [
      "a string past its parent's end",
      Uint8Array.of(0x62, 2, 0x0a, 2, 0x61, 0x61),
      "inner.id",
      /has 2 bytes, of which 0/,
    ],
    [
      "another wire type",
      writer().tag(1, WireType.Varint).uint32(1).finish(),
      "id",
      /wire type 0, expected 2/,
    ],
    [
      "a packed list cut within",
      writer().tag(4, WireType.LengthDelimited).bytes(new Uint8Array(9)).finish(),
      "motion",
      /within a number/,
    ],
    [
      "a map's key of another type",
      writer().tag(7, WireType.LengthDelimited).bytes(Uint8Array.of(8, 1)).finish(),
      "readings.key",
      /wire type 0/,
    ],
    [
      "a group that is not closed",
      writer().tag(99, WireType.StartGroup).finish(),
      "#99",
      /does not end group 99/,
    ],
    ["an end without a group", writer().tag(99, WireType.EndGroup).finish(), "", /ends group 99/],
    [
      "a number of eleven bytes",
      Uint8Array.of(0x10, ...Array(10).fill(0x80), 1),
      "steps",
      /more than ten/,
    ],
    [
      "a length of more than 32 bits",
      Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x1f),
      "id",
      /32 bits/,
    ],
    ["text that is not UTF-8", Uint8Array.of(0x0a, 1, 0xff), "", /UTF-8/],
    ["tag 0", Uint8Array.of(0, 0), "", /has the tag 0/],
    ["deep nesting", nested(5000), /^inner(\.inner)+\.…$/.source, /nests deeper than 100/],
  ];
  test.each(cases)("%s", (_what, bytes, field, message) => {
    const issue = createDecoder(watch).validate(bytes);
    expect(issue?.code).toBe("invalid");
    if (field.startsWith("^")) expect(issue?.field).toMatch(new RegExp(field));
    else expect(issue?.field).toBe(field);
    expect(issue?.message).toMatch(message);
    expect(codeOf(() => createDecoder(watch).decode(bytes))).toBe("invalid");
  });

  test("a record of very many messages", () => {
    const bytes = new Uint8Array(600_000).map((_, at) => (at % 2 === 0 ? 0x5a : 0));
    expect(createDecoder(watch).validate(bytes)?.message).toContain("more than 250000 messages");
  });

  test("a message that the schema does not have", () => {
    expect(createDecoder(watch).validate(new Uint8Array(), "w.Gone")).toEqual({
      field: "",
      code: "invalid",
      message: '"watch.proto" has no message "w.Gone"',
    });
  });
});

describe("rules", () => {
  const good = { id: "abc", inner: { rates: [60], low: "1", high: "2" } };
  const cases: [string, unknown, string, RegExp][] = [
    [
      "too short a string",
      { ...good, id: "a" },
      "id",
      /must be at least 3 characters \[string\.min_len\]$/,
    ],
    ["a required message", { id: "abc" }, "inner", /required/],
    [
      "an item out of range",
      { ...good, inner: { rates: [60, 300] } },
      "inner.rates[1]",
      /250 \[int32\.gte_lte\]/,
    ],
    [
      "an expression",
      { ...good, inner: { low: "2", high: "1" } },
      "inner",
      /^low is above high \[inner\.order\]$/,
    ],
    ["a key", { ...good, counts: { abc: 1 } }, 'counts["abc"]', /^the key .*\[string\.max_len\]$/],
    ["two at once", { id: "" }, "id", /and 1 more$/],
  ];
  test.each(cases)("%s", (_what, json, field, message) => {
    const issue = createDecoder(rules).validate(bytesOf(rules, "r.Rules", json));
    expect(issue).toMatchObject({ code: "invalid", field });
    expect(issue?.message).toMatch(message);
  });

  test("a value that obeys them, and a message without rules", () => {
    const decoder = createDecoder(rules);
    expect(decoder.validate(bytesOf(rules, "r.Rules", good))).toBeUndefined();
    expect(decoder.validate(bytesOf(rules, "r.Free", { a: 1 }), "r.Free")).toBeUndefined();
  });

  test("the same for its JSON form", () => {
    const decoder = createDecoder(rules);
    const check = (json: unknown) => decoder.validateJson(utf8.encode(JSON.stringify(json)));
    expect(check(good)).toBeUndefined();
    expect(check({ ...good, id: "a" })).toMatchObject({ field: "id" });
    expect(check({ ...good, inner: { rates: [300] } })).toMatchObject({ field: "inner.rates[0]" });
    const wrong: [json: unknown, field: string, message: RegExp][] = [
      [{ ...good, colour: "red" }, "", /it has the member "colour", expected a field of "r.Rules"/],
      [{ ...good, id: 5 }, "id", /^is 5, expected a string$/],
      [{ ...good, inner: { low: "x" } }, "inner.low", /^is "x", expected a whole number from -9/],
      [{ ...good, inner: { rates: [60, "a"] } }, "inner.rates[1]", /^is "a", expected a whole/],
      [{ ...good, counts: { a: true } }, 'counts["a"]', /^is true, expected a whole number/],
      [[good], "", /it is an array, expected an object of "r.Rules"$/],
      ["text", "", /it is "text", expected an object of "r.Rules"$/],
      [null, "", /it is null, expected an object of "r.Rules"$/],
    ];
    for (const [json, field, message] of wrong) {
      const issue = check(json);
      expect(issue).toMatchObject({ field, code: "invalid" });
      expect(issue?.message).toMatch(message);
    }
    const deep = `{"inner":`.repeat(50_000);
    for (const text of ["", "{", '{"id":"abc","id":"abc"}', deep, "{}}"]) {
      expect(decoder.validateJson(utf8.encode(text))?.message).toStartWith("is not its JSON form");
    }
    expect(decoder.validateJson(Uint8Array.of(0x22, 0xff, 0x22))?.field).toBe("");
    expect(decoder.validateJson(utf8.encode('{"a":1}'), "r.Free")).toBeUndefined();
    expect(decoder.validateJson(utf8.encode("{}"), "r.Gone")?.message).toContain("no message");
  });

  test("required fields of proto2, also in groups and nested messages", () => {
    const decoder = createDecoder(old);
    expect(decoder.validate(new Uint8Array())).toMatchObject({ field: "id" });
    // id = "a", and a group without its number.
    const group = Uint8Array.of(0x0a, 1, 0x61, 0x13, 0x14);
    expect(decoder.validate(group)).toMatchObject({ field: "g.n" });
    const inner = Uint8Array.of(0x0a, 1, 0x61, 0x1a, 0);
    expect(decoder.validate(inner)).toMatchObject({ field: "inner.id" });
    expect(decoder.validate(bytesOf(old, "o.Old", { id: "a", g: { n: 1 } }))).toBeUndefined();
  });
});

test("random bytes are decoded or refused, never anything else", () => {
  const random = seededRandom(4);
  const decoders = [createDecoder(watch), createDecoder(old), createDecoder(rules)];
  const seed = bytesOf(watch, "w.Watch", {
    id: "abc",
    heart: { rate: 61, ticks: "5" },
    motion: [1, 2, 3],
    readings: { a: { rate: 1 }, b: {} },
    raw: "AAEC",
    inner: { inner: { list: [{}, {}] } },
  });
  let decoded = 0;
  let refused = 0;
  for (let round = 0; round < 6000; round++) {
    const bytes = round % 2 === 0 ? mutated(seed, random) : noise(random);
    for (const decoder of decoders) {
      const issue = decoder.validate(bytes);
      if (issue !== undefined) expect(issue.code).toBe("invalid");
      try {
        decoder.decode(bytes);
        decoded++;
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "invalid") throw error;
        refused++;
      }
    }
  }
  expect(decoded).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(1000);
});

function mutated(seed: Uint8Array, random: Random): Uint8Array {
  const bytes = seed.slice(0, 1 + random.int(seed.length));
  for (let n = random.int(4); n > 0; n--) bytes[random.int(bytes.length)] = random.int(256);
  return bytes;
}

function noise(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.int(40) }, () => random.int(256));
}

/** `levels` messages within each other, in their field 12. */
function nested(levels: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array();
  for (let level = 0; level < levels; level++) {
    bytes = new BinaryWriter().tag(12, WireType.LengthDelimited).bytes(bytes).finish();
  }
  return bytes;
}

function bytesOf(schema: LinkedSchema, name: string, json: unknown): Uint8Array {
  const desc = messageOf(schema, name);
  const registry = descriptorsOf(schema);
  return toBinary(desc, fromJson(desc, json as string, { registry }));
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof Failure ? error.code : String(error);
  }
}
