import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { frameOf } from "../../../../test/support/measurement-frames.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { decodeFrame, encodeFrame } from "../../../core/frame.ts";
import { jsonType } from "../../../core/record.ts";
import type { Measurement } from "../measurement.ts";
import { measurementFromRecord } from "../record.ts";
import {
  cells,
  FramePoints,
  FROM,
  hashBytes,
  HIGH,
  LENGTHS,
  LOW,
  TAG_FROM,
  tagLengthBits,
} from "./frame-points.ts";

/** What was read, as those who ask a tail get it. */
function readAll({ frame, count, cells: numbers, hashes }: FramePoints): Measurement[] {
  return Array.from({ length: count }, (_, i) => {
    const cell = (which: number) => numbers[i * cells + which] ?? 0;
    const tagEnd = cell(TAG_FROM) + (cell(LENGTHS) & (2 ** tagLengthBits - 1));
    expect(hashes[i]).toBe(hashBytes(frame, cell(TAG_FROM), tagEnd));
    return {
      tag: frame.toString("utf8", cell(TAG_FROM), tagEnd),
      timeNs: (BigInt(cell(HIGH)) << 32n) | BigInt(cell(LOW) >>> 0),
      values: Uint8Array.from(
        frame.subarray(cell(FROM), cell(FROM) + (cell(LENGTHS) >>> tagLengthBits)),
      ),
    };
  });
}

function decodeAll(frame: Uint8Array): Measurement[] {
  return decodeFrame(frame).map((record) => {
    const { tag, timeNs, values } = measurementFromRecord(record);
    return { tag, timeNs, values: Uint8Array.from(values) };
  });
}

const samples = [
  ["tag-1", 1_795_263_600_123_456_789n, [1, -0.1, 1e300]],
  ["a", -(2n ** 63n), [5e-324]],
  ["x".repeat(127), 2n ** 63n - 1n, Array.from({ length: 64 }, (_, i) => i / 7)],
  ["~ !", -1n, Array.from({ length: 15 }, (_, i) => -i)],
] as const;

test("frames of the intake are read exactly as their records", () => {
  const points = new FramePoints();
  const frame = frameOf(samples);
  expect(points.read(frame)).toBe(true);
  expect(readAll(points)).toEqual(decodeAll(frame));
  expect(points.count).toBe(samples.length);
  // A view into something larger, and what another frame has left is forgotten.
  const padded = Buffer.concat([Buffer.alloc(13), frameOf(samples.slice(0, 1)), Buffer.alloc(7)]);
  expect(points.read(padded.subarray(13, -7))).toBe(true);
  expect(readAll(points).map(({ tag }) => tag)).toEqual(["tag-1"]);
  expect(points.read(new Uint8Array(0))).toBe(true);
  expect(points.count).toBe(0);
});

test("frames in another layout are left to the decoder", () => {
  const points = new FramePoints();
  const json = {
    value: Buffer.from(`{"time":1,"tag":"a","values":[1]}`),
    key: "a",
    contentType: jsonType,
    schemaId: 0,
    timeNs: 1n,
  };
  expect(points.read(encodeFrame([json]))).toBe(false);
  expect(points.read(frameOf([["é", 1n, [1]]]))).toBe(false);
  for (const length of [128, 129, 200, 256, 512]) {
    const long = frameOf([["x".repeat(length), 1n, [1]]]);
    expect(points.read(long)).toBe(false);
    expect(decodeAll(long).map(({ tag }) => tag.length)).toEqual([length]);
  }
  expect(points.read(Buffer.concat([frameOf(samples), encodeFrame([json])]))).toBe(false);
});

test("broken frames are refused, or read as the decoder reads them", () => {
  const random = seededRandom(11);
  const points = new FramePoints();
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const broken = frameOf(
      Array.from({ length: 1 + random.int(3) }, () => [
        "t".repeat(1 + random.int(20)),
        BigInt(random.int(2 ** 31)),
        Array.from({ length: 1 + random.int(20) }, () => random.int(1000) / 8),
      ]),
    );
    for (let times = 1 + random.int(2); times > 0; times--) {
      broken[random.int(broken.byteLength)] = random.chance(0.5) ? 0xff : random.int(256);
    }
    const given = random.chance(0.2) ? broken.subarray(0, random.int(broken.byteLength)) : broken;
    if (points.read(given)) expect(readAll(points)).toEqual(decodeAll(given));
    else refused++;
  }
  // Most single bytes belong to a value, a time or a tag.
  expect(refused).toBeWithin(2_000, 18_000);
});
