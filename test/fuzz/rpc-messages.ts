/** Generated messages of any type, from its descriptor: as they should be, and as they should not. */

import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { FuzzRandom } from "./generate.ts";

/** Texts and bytes that mean something to the methods, so that calls get past their first check. */
export interface Known {
  readonly texts: readonly string[];
  readonly bytes: readonly Uint8Array[];
}

const depthMax = 4;
const alphabet = ["a", "Z", "0", "-", "_", ".", "/", " ", "%", '"', "\n", "\0", "é", "日", "🦊"];

/** A message that decodes: fields may be absent, repeated, or of values at the ends of their types. */
export function messageBytes(
  random: FuzzRandom,
  desc: DescMessage,
  known: Known,
  depth = 0,
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (const field of desc.fields) {
    if (random.chance(0.3)) continue;
    writeField(random, writer, field, known, depth);
  }
  return new Uint8Array(writer.finish());
}

function writeField(
  random: FuzzRandom,
  writer: BinaryWriter,
  field: DescField,
  known: Known,
  depth: number,
): void {
  const { number } = field;
  if (field.fieldKind === "message") {
    writeMessage(random, writer, number, field.message, known, depth);
  } else if (field.fieldKind === "enum") {
    writer.tag(number, WireType.Varint).int32(enumNumber(random, field.enum.values));
  } else if (field.fieldKind === "scalar") {
    writeScalar(random, writer, number, field.scalar, known);
  } else if (field.fieldKind === "map") {
    for (let left = random.int(4); left > 0; left--) {
      writer.tag(number, WireType.LengthDelimited).fork();
      writeScalar(random, writer, 1, field.mapKey, known);
      if (field.mapKind === "scalar") writeScalar(random, writer, 2, field.scalar, known);
      else if (field.mapKind === "message") {
        writeMessage(random, writer, 2, field.message, known, depth);
      } else writer.tag(2, WireType.Varint).int32(enumNumber(random, field.enum.values));
      writer.join();
    }
  } else {
    for (let left = random.int(4); left > 0; left--) {
      if (field.listKind === "message") {
        writeMessage(random, writer, number, field.message, known, depth);
      } else if (field.listKind === "scalar") {
        writeScalar(random, writer, number, field.scalar, known);
      } else writer.tag(number, WireType.Varint).int32(enumNumber(random, field.enum.values));
    }
  }
}

function writeMessage(
  random: FuzzRandom,
  writer: BinaryWriter,
  number: number,
  desc: DescMessage,
  known: Known,
  depth: number,
): void {
  if (depth === depthMax) return;
  const bytes = messageBytes(random, desc, known, depth + 1);
  writer.tag(number, WireType.LengthDelimited).bytes(bytes);
}

function enumNumber(random: FuzzRandom, values: readonly { readonly number: number }[]): number {
  return random.pick([...values.map((value) => value.number), -1, 99, 2 ** 31 - 1]);
}

const ints32 = [0, 1, 2, 1000, 2 ** 31 - 1, -1, -(2 ** 31)];
const uints32 = [0, 1, 2, 1000, 2 ** 31, 2 ** 32 - 1];
const ints64 = [0n, 1n, 1_700_000_000_000_000_000n, 2n ** 63n - 1n, -1n, -(2n ** 63n)];
const uints64 = [0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const reals = [0, -0, 1.5, Number.NaN, Infinity, -Infinity, Number.MAX_VALUE, 5e-324];

function writeScalar(
  random: FuzzRandom,
  writer: BinaryWriter,
  number: number,
  type: ScalarType,
  known: Known,
): void {
  const varint = () => writer.tag(number, WireType.Varint);
  const bit32 = () => writer.tag(number, WireType.Bit32);
  const bit64 = () => writer.tag(number, WireType.Bit64);
  const delimited = () => writer.tag(number, WireType.LengthDelimited);
  const writers: Readonly<Record<ScalarType, () => unknown>> = {
    [ScalarType.DOUBLE]: () => bit64().double(random.pick(reals)),
    [ScalarType.FLOAT]: () => bit32().float(random.pick([0, 1.5, Number.NaN, Infinity])),
    [ScalarType.INT64]: () => varint().int64(random.pick(ints64)),
    [ScalarType.UINT64]: () => varint().uint64(random.pick(uints64)),
    [ScalarType.INT32]: () => varint().int32(random.pick(ints32)),
    [ScalarType.FIXED64]: () => bit64().fixed64(random.pick(uints64)),
    [ScalarType.FIXED32]: () => bit32().fixed32(random.pick(uints32)),
    [ScalarType.BOOL]: () => varint().bool(random.chance(0.5)),
    [ScalarType.STRING]: () => delimited().string(textOf(random, known)),
    [ScalarType.BYTES]: () => delimited().bytes(bytesOf(random, known)),
    [ScalarType.UINT32]: () => varint().uint32(random.pick(uints32)),
    [ScalarType.SFIXED32]: () => bit32().sfixed32(random.pick(ints32)),
    [ScalarType.SFIXED64]: () => bit64().sfixed64(random.pick(ints64)),
    [ScalarType.SINT32]: () => varint().sint32(random.pick(ints32)),
    [ScalarType.SINT64]: () => varint().sint64(random.pick(ints64)),
  };
  writers[type]();
}

function textOf(random: FuzzRandom, known: Known): string {
  if (random.chance(0.5)) return random.pick(known.texts);
  if (random.chance(0.1)) return "x".repeat(random.pick([200, 513, 5000, 70_000]));
  return random.text(alphabet, 20);
}

function bytesOf(random: FuzzRandom, known: Known): Uint8Array {
  return random.chance(0.3) ? random.pick(known.bytes) : random.bytes(random.pick([4, 40, 2000]));
}

/** Fields that the type does not have: readers skip them. */
export function unknownFields(random: FuzzRandom): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (let left = 1 + random.int(4); left > 0; left--) {
    const number = random.pick([1000, 19_999, 2 ** 29 - 1]);
    const kind = random.int(3);
    if (kind === 0) writer.tag(number, WireType.Varint).uint64(random.pick(uints64));
    else if (kind === 1) writer.tag(number, WireType.Bit64).fixed64(1n);
    else writer.tag(number, WireType.LengthDelimited).bytes(random.bytes(50));
  }
  return new Uint8Array(writer.finish());
}

/** The type's fields, each as any wire type, with lengths that no message has, groups left open. */
export function wrongFields(random: FuzzRandom, desc: DescMessage): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  for (let left = 1 + random.int(4); left > 0; left--) {
    const number = random.pick([...desc.fields.map((field) => field.number), 1, 7]);
    const kind = random.int(7);
    if (kind === 0) writer.tag(number, WireType.Varint).uint64(random.pick(uints64));
    else if (kind === 1) writer.tag(number, WireType.Bit64).fixed64(random.pick(uints64));
    else if (kind === 2) writer.tag(number, WireType.Bit32).fixed32(random.pick(uints32));
    else if (kind === 3) writer.tag(number, WireType.LengthDelimited).bytes(random.bytes(20));
    else if (kind === 4) {
      writer.tag(number, WireType.LengthDelimited).uint64(random.pick([2n ** 31n, 2n ** 63n]));
    } else if (kind === 5) writer.tag(number, WireType.StartGroup);
    else writer.raw(random.bytes(12));
  }
  return new Uint8Array(writer.finish());
}
