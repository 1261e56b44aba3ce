import { expect, test } from "bun:test";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { delimitedEnd, varintBytes, WireCursor, writeVarint } from "./wire.ts";

const edges = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];

test.each(edges)("the varint of %p is what the generated code's writer makes of it", (value) => {
  const out = new Uint8Array(12);
  const length = writeVarint(out, 1, value) - 1;
  const bytes = out.subarray(1, 1 + length);
  expect(bytes).toEqual(new BinaryWriter().uint64(value).finish());
  expect(varintBytes(value)).toBe(length);
  const cursor = new WireCursor(out, 1, 1 + length);
  expect(cursor.varint()).toBe(value);
  expect(cursor.at).toBe(1 + length);
  expect(() => new WireCursor(out, 1, length).varint()).toThrow(
    "Cannot decode the message: a varint reaches past its end",
  );
});

test("a value that is delimited ends where its length says, also with more bytes than it needs", () => {
  for (const bytes of [
    [3, 1, 2, 3, 9],
    [0x83, 0x00, 1, 2, 3, 9],
  ]) {
    const end = bytes.length - 1;
    expect(delimitedEnd(Uint8Array.from(bytes), 0)).toBe(end);
    expect(new WireCursor(Uint8Array.from(bytes)).delimited()).toBe(end);
  }
});

test("fields of every wire type are skipped as the generated code's reader skips them", () => {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint64(300).tag(2, WireType.Bit64).fixed64(5);
  writer.tag(3, WireType.LengthDelimited).string("text").tag(4, WireType.Bit32).fixed32(6);
  const bytes = writer.finish();
  const cursor = new WireCursor(bytes);
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    cursor.skip(cursor.varint());
    const [, wireType] = reader.tag();
    reader.skip(wireType);
    expect(cursor.at).toBe(reader.pos);
  }
});

test.each([
  [[0x08], "a varint reaches past its end"],
  [[0x08, ...Array.from({ length: 10 }, () => 0x80)], "a varint is longer than 10 bytes"],
  [[0x09, 1, 2, 3], "a field reaches past its end"],
  [[0x0a, 2, 1], "a field reaches past its end"],
  [[0x0d, 1], "a field reaches past its end"],
  [[0x0b], "wire type 3 is unknown"],
  [[0x00, 1], "a field has the number 0"],
])("%p is refused: %s", (bytes, what) => {
  const cursor = new WireCursor(Uint8Array.from(bytes), 0, bytes.length, "frame");
  expect(() => cursor.skip(cursor.varint())).toThrow(`Cannot decode frame: ${what}`);
});

test("a text is UTF-8", () => {
  expect(new WireCursor(Uint8Array.of(2, 0xc3, 0xa9)).text(3)).toBe("\u0002é");
  expect(() => new WireCursor(Uint8Array.of(0xc3)).text(1)).toThrow("a text is not UTF-8");
});
