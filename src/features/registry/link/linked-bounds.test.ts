// Descriptor sets made to cost much: each is refused before it does, or linked in bounded time.

import { expect, test } from "bun:test";
import type { DescriptorProtoJson, FileDescriptorProtoJson } from "@bufbuild/protobuf/wkt";
import { corpus } from "../../../../test/registry/corpus.ts";
import { field, fileOf, setOf } from "../../../../test/registry/descriptors.ts";
import { failureOf } from "../../../../test/registry/failure.ts";
import { compileProtos } from "../../../../test/support/protos.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { Failure } from "../../../core/failure.ts";
import { renderProto } from "../render/render.ts";
import { linkSchema, schemaLimits } from "./linked.ts";

test("10,000 messages that refer to each other link", () => {
  const messages: DescriptorProtoJson[] = Array.from({ length: 10_000 }, (_, n) => ({
    name: `M${n}`,
    field: [field("a", 1), field("next", 2, { typeName: `.a.M${(n * 7 + 1) % 10_000}` })],
  }));
  expect(linkSchema(setOf(fileOf(...messages))).messages).toHaveLength(10_000);
});

const bombs: [string, () => Uint8Array, RegExp][] = [
  ["more bytes", () => new Uint8Array(schemaLimits.bytesMax + 1), /4194305 bytes/],
  ["more messages", () => bomb(4, 20_001), /20001 messages or more/],
  ["two million empty enums", () => bomb(5, 2_000_000), /messages|fields/],
  ["two million options of nothing", () => optionBomb(), /fields/],
  [
    "more files",
    () => setOf(...Array.from({ length: 1001 }, (_, n) => ({ name: `${n}` }))),
    /files/,
  ],
  ["deep messages", () => deep(500), /nests deeper than 64 levels/],
  ["very deep messages", () => deep(200_000), /nests deeper/],
  [
    "a name of many parts",
    () => setOf({ ...fileOf({ name: "M" }), package: "a.".repeat(600) + "a" }),
    /too long/,
  ],
];
test.each(bombs)("%s are refused", (_what, make, message) => {
  const failure = failureOf(() => linkSchema(make()));
  expect(failure.code).toBe("invalid");
  expect(failure.message).toMatch(message);
});

test("a thousand files in a chain of public imports link", () => {
  const files = Array.from({ length: 1000 }, (_, n): FileDescriptorProtoJson => ({
    name: `${n}.proto`,
    dependency: n === 0 ? [] : [`${n - 1}.proto`],
    publicDependency: n === 0 ? [] : [0],
  }));
  expect(linkSchema(setOf(...files)).file).toBe("999.proto");
});

test("sets with random bytes are linked or refused, never anything else", async () => {
  const random = seededRandom(4);
  const compiled = linkSchema(await compileProtos(corpus), "corpus/proto2.proto").set;
  let linked = 0;
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = compiled.slice();
    for (let n = random.int(3); n >= 0; n--) bytes[random.int(bytes.length)] = random.int(256);
    try {
      const schema = linkSchema(random.chance(0.1) ? bytes.slice(random.int(99)) : bytes);
      expect(linkSchema(schema.set)).toEqual(schema);
      expect(renderProto(schema)).toContain("message ");
      linked++;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "invalid") throw error;
      refused++;
    }
  }
  expect(linked).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(500);
});

/** A set of one file with `count` empty values of its field `number`. */
function bomb(number: number, count: number): Uint8Array {
  return lengthDelimited(1, repeated([number * 8 + 2, 0], count));
}

/** File options of two million unknown fields. */
function optionBomb(): Uint8Array {
  return lengthDelimited(1, lengthDelimited(8, repeated([0x62, 0], 2_000_000)));
}

function repeated(unit: readonly number[], count: number): Uint8Array {
  return new Uint8Array(unit.length * count).map((_, at) => unit[at % unit.length] ?? 0);
}

function deep(levels: number): Uint8Array {
  // From the inside out, in one buffer that is filled from its end.
  const bytes = new Uint8Array(levels * 5);
  let at = bytes.length;
  for (let level = 0; level < levels; level++) {
    const head = [level === levels - 1 ? 0x22 : 0x1a, ...varint(bytes.length - at)];
    at -= head.length;
    bytes.set(head, at);
  }
  return lengthDelimited(1, bytes.subarray(at));
}

function lengthDelimited(number: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([
    Uint8Array.from([...varint(number * 8 + 2), ...varint(body.length)]),
    body,
  ]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))];
}
