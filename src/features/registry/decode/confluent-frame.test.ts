import { describe, expect, test } from "bun:test";
import { compileProtos } from "../../../../test/support/protos.ts";
import { linkSchema } from "../link/linked.ts";
import {
  isFramed,
  messageIndexesOf,
  messageNameAt,
  parseFrame,
  renderFrame,
  type SchemaFrame,
} from "./confluent-frame.ts";

const guid = "01234567-89ab-cdef-0123-456789abcdef";
const payload = Uint8Array.of(8, 1);

describe("frames", () => {
  // Bytes as Confluent's clients write them, and what they say.
  const cases: [string, string, SchemaFrame][] = [
    ["the first message", "00 00000007 00 0801", { schema: { id: 7 }, indexes: [0], payload }],
    ["the second message", "00 00000007 02 02 0801", { schema: { id: 7 }, indexes: [1], payload }],
    [
      "a nested one",
      "00 ffffffff 06 02 00 04 0801",
      { schema: { id: 4_294_967_295 }, indexes: [1, 0, 2], payload },
    ],
    ["a large index", "00 00000001 02 ac02 0801", { schema: { id: 1 }, indexes: [150], payload }],
    [
      "a header's GUID",
      `01 ${guid.replaceAll("-", "")} 00`,
      { schema: { guid }, indexes: [0], payload: new Uint8Array() },
    ],
    [
      "a header's id",
      "00 00000007 00",
      { schema: { id: 7 }, indexes: [0], payload: new Uint8Array() },
    ],
  ];
  test.each(cases)("%s, both ways", (_what, text, frame) => {
    expect(parseFrame(hex(text))).toEqual(frame);
    expect(renderFrame(frame).toHex()).toBe(text.replaceAll(" ", ""));
  });

  test("the first message's index, written out", () => {
    expect(parseFrame(hex("00 00000007 02 00 0801"))).toEqual({
      schema: { id: 7 },
      indexes: [0],
      payload,
    });
  });

  test("a payload is not copied", () => {
    const bytes = hex("00 00000007 00 0801");
    expect(parseFrame(bytes).payload.buffer).toBe(bytes.buffer);
  });

  test("within a larger buffer", () => {
    const bytes = hex("ffff 00 00000007 00 0801").subarray(2);
    expect(parseFrame(bytes)).toEqual({ schema: { id: 7 }, indexes: [0], payload });
  });

  const refused: [string, RegExp][] = [
    ["", /it is empty/],
    ["0a 03 616263", /begins with 0x0a/],
    ["00 0000", /has 3 bytes/],
    ["01 0123", /has 3 bytes, expected a GUID/],
    ["00 00000007", /message indexes of the schema's frame: a varint reaches past its end/],
    ["00 00000007 04 02", /a varint reaches past its end/],
    ["00 00000007 01", /has -1 message indexes/],
    ["00 00000007 8202", /has 129 message indexes, expected 0 to 64/],
    ["00 00000007 feffffff0f 00", /has 2147483647 message indexes/],
    ["00 00000007 ffffffffffffffffff01", /larger than 32 bits/],
    ["00 00000007 02 03", /the message index -2/],
  ];
  test.each(refused)("%p are refused", (text, message) => {
    expect(() => parseFrame(hex(text))).toThrow(message);
  });

  test.each([-1, 0.5, 2 ** 32, Number.NaN])("id %p is refused", (id) => {
    expect(() => renderFrame({ schema: { id }, indexes: [0], payload })).toThrow("expected 0 to");
  });

  test("an invalid GUID is refused", () => {
    expect(() => renderFrame({ schema: { guid: "x" }, indexes: [0], payload })).toThrow("UUID");
  });

  test("a bare message is distinguished from a framed one", () => {
    expect(isFramed(hex("00 00000007 00"))).toBe(true);
    expect(isFramed(hex("00 00000007"))).toBe(false);
    expect(isFramed(renderFrame({ schema: { guid }, indexes: [0], payload }))).toBe(true);
    expect(isFramed(hex("01 00000007 00"))).toBe(false);
    expect(isFramed(payload)).toBe(false);
    expect(isFramed(new Uint8Array())).toBe(false);
  });
});

describe("message indexes", () => {
  const schema = compileProtos({
    "b.proto": `syntax = "proto3"; package b; message Imported {}`,
    "a.proto": `syntax = "proto3"; package a; import "b.proto"; message A {}
      message B { map<string, A> entries = 1; message C {} message D { message E {} } b.Imported i = 2; }`,
  }).then((set) => linkSchema(set, "a.proto"));

  test.each([
    ["a.A", [0]],
    ["a.B", [1]],
    // The entry of the map is no message that anyone wrote.
    ["a.B.C", [1, 0]],
    ["a.B.D.E", [1, 1, 0]],
  ])("%s", async (name, indexes) => {
    expect(messageIndexesOf(await schema, name)).toEqual(indexes);
    expect(messageNameAt(await schema, indexes)).toBe(name);
  });

  test.each([[[]], [[2]], [[0, 0]], [[1, 2]], [[-1]], [[0.5]]])(
    "%p lead nowhere",
    async (indexes) => {
      const linked = await schema;
      expect(() => messageNameAt(linked, indexes)).toThrow("Cannot find message [");
    },
  );

  test("an imported message has no index", async () => {
    const linked = await schema;
    expect(() => messageIndexesOf(linked, "b.Imported")).toThrow('is of "b.proto"');
    expect(() => messageIndexesOf(linked, "a.Gone")).toThrow('the message "a.Gone"');
  });
});

function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(" ", ""));
}
