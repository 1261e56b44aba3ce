import { expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Failure } from "../../core/failure.ts";
import { decodeFrame } from "../../core/frame.ts";
import { jsonType } from "../../core/record.ts";
import { MeasurementSchema } from "../../gen/sluice/v1/measurement_pb.ts";
import { valuesFromNumbers, valuesToNumbers } from "./measurement.ts";
import { Point } from "./point.ts";
import { measurementFromRecord, measurementType, PointWriter } from "./record.ts";

const utf8 = new TextEncoder();

const samples = [
  { timeNs: 1_795_263_600_123_456_789n, tag: "tag-1", numbers: [1, -0.1, 1e300] },
  { timeNs: -(2n ** 63n), tag: "é".repeat(256), numbers: [5e-324] },
  { timeNs: 2n ** 63n - 1n, tag: "a", numbers: Array.from({ length: 64 }, (_, i) => i / 7) },
  { timeNs: 1n, tag: "x".repeat(512), numbers: Array.from({ length: 15 }, (_, i) => -i) },
];

function pointOf({ timeNs, tag, numbers }: (typeof samples)[number]): Point {
  const point = new Point();
  point.setTimeNs(timeNs);
  expect(point.setTag(tag)).toBeUndefined();
  point.values.set(numbers);
  point.count = numbers.length;
  return point;
}

test("what the writer writes is a Frame of records that the generated code reads", () => {
  const writer = new PointWriter(1);
  for (const sample of samples) {
    writer.clear();
    expect(writer.isFull).toBe(false);
    writer.write(pointOf(sample));
    const [record] = decodeFrame(writer.bytes.subarray(0, writer.length));
    if (record === undefined) throw new Error("there is no record");
    const { timeNs, tag, numbers } = sample;
    expect(record).toMatchObject({ key: tag, contentType: measurementType, timeNs, schemaId: 0 });
    const { time, ...decoded } = fromBinary(MeasurementSchema, record.value);
    expect({ time, tag: decoded.tag, values: decoded.values }).toEqual({
      time: timeNs,
      tag,
      values: numbers,
    });
    expect(measurementFromRecord(record)).toEqual({
      tag,
      timeNs,
      values: valuesFromNumbers(numbers),
    });
  }
});

test("a point's time is the same by halves and as a bigint", () => {
  for (const { timeNs } of samples) {
    const byHalves = new Point();
    const magnitude = timeNs < 0n ? -timeNs : timeNs;
    byHalves.setTime(
      Number(magnitude / 1_000_000_000n),
      Number(magnitude % 1_000_000_000n),
      timeNs < 0n,
    );
    expect(byHalves.timeNs).toBe(timeNs);
  }
});

test("reads what other protobuf writers make: any order, unpacked, in parts, with unknown fields", () => {
  const message = create(MeasurementSchema, { time: 7n, tag: "a", values: [1, 2] });
  const plain = toBinary(MeasurementSchema, message);
  const read = (value: Uint8Array) =>
    measurementFromRecord({ value, contentType: "application/octet-stream" });
  const wanted = { tag: "a", timeNs: 7n, values: valuesFromNumbers([1, 2]) };
  expect(read(plain)).toEqual(wanted);
  const [time, tag, values] = [plain.subarray(0, 9), plain.subarray(9, 12), plain.subarray(12)];
  expect(read(Uint8Array.from([...values, ...tag, ...time]))).toEqual(wanted);
  const double = (n: number) => [0x19, ...valuesFromNumbers([n])];
  expect(read(Uint8Array.from([...double(1), ...tag, ...double(2), ...time]))).toEqual(wanted);
  const unknown = [0xa0, 0x06, 0xff, 0x01, 0x25, 1, 2, 3, 4, 0x22, 1, 0];
  expect(read(Uint8Array.from([...time, ...unknown, ...tag, ...values]))).toEqual(wanted);
  // proto3 leaves out a zero.
  expect(read(Uint8Array.from([...tag, ...values])).timeNs).toBe(0n);
});

test("a record of very many values in parts is refused before they are joined", () => {
  const parts = new Uint8Array(9 * 100_000);
  for (let at = 0; at < parts.byteLength; at += 9) parts[at] = 0x19;
  const value = Uint8Array.from([0x12, 1, 0x61, ...parts]);
  expect(() => measurementFromRecord({ value, contentType: "" })).toThrow("more than 64");
});

test("a JSON record is a measurement as well", () => {
  const json = `{"time":1795263600123456789,"tag":"a","values":[1.5]}`;
  const read = (text: string) =>
    measurementFromRecord({ value: utf8.encode(text), contentType: jsonType });
  const { timeNs, tag, values } = read(json);
  expect({ timeNs, tag, values: valuesToNumbers({ values }) }).toEqual({
    timeNs: 1_795_263_600_123_456_789n,
    tag: "a",
    values: [1.5],
  });
  expect(() => read(`${json} 1`)).toThrow("more");
  expect(() => read("{}")).toThrow("time");
});

test("a record that is not a measurement is refused by its field", () => {
  const bytes = (tag: string, values: readonly number[], extra: readonly number[] = []) =>
    Uint8Array.from([
      ...toBinary(
        MeasurementSchema,
        create(MeasurementSchema, { time: 1n, tag, values: [...values] }),
      ),
      ...extra,
    ]);
  for (const [value, field] of [
    [new Uint8Array(0), "tag"],
    [bytes("", [1]), "tag"],
    [bytes("x".repeat(513), [1]), "tag"],
    [bytes("a\n", [1]), "tag"],
    [Uint8Array.of(0x12, 1, 0xff), "tag"],
    [bytes("a", []), "values"],
    [
      bytes(
        "a",
        Array.from({ length: 65 }, () => 0),
      ),
      "values",
    ],
    [bytes("a", [], [0x1a, 3, 0, 0, 0]), "values"],
    [bytes("a", [0, Number.POSITIVE_INFINITY]), "values[1]"],
    [bytes("a", [Number.NaN]), "values[0]"],
    [bytes("a", [1], [0x12, 9]), "body"],
    [bytes("a", [1], [0x80]), "body"],
    [bytes("a", [1], [0x0b]), "body"],
    [Uint8Array.of(0x09, 1), "body"],
  ] as const) {
    let failure: unknown;
    try {
      measurementFromRecord({ value, contentType: measurementType });
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: "invalid", errors: [{ field }] });
  }
});
