import { expect, test } from "bun:test";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import { Activity, BiometricsSchema } from "../../gen/examples/biometrics/v1/biometrics_pb.ts";
import { RecordSchema } from "../../gen/sluice/v1/record_pb.ts";
import { createRandom } from "./random.ts";
import { biometricsSet, type WearableRecord, wearableRecord } from "./wearable-record.ts";
import { Wearer } from "./wearer.ts";

const nowMs = 1_767_225_600_123;

function records(count: number): WearableRecord[] {
  const wearer = new Wearer(createRandom(1));
  return Array.from({ length: count }, (_, n) => {
    wearer.advance(1);
    return wearableRecord("watch-0001", wearer, n, 17, nowMs);
  });
}

test("a record says whose it is, when it was and by which schema it reads", () => {
  const [record] = records(1);
  const { value = new Uint8Array(), key, ...rest } = record ?? {};
  expect(rest).toEqual({
    schemaId: 17,
    contentType: "application/protobuf",
    timeNs: 1_767_225_600_123_000_000n,
  });
  expect(new TextDecoder().decode(key)).toBe("watch-0001");
  const { watchId, measuredAt, activity } = fromBinary(BiometricsSchema, value);
  expect([watchId, activity]).toEqual(["watch-0001", Activity.RESTING]);
  expect(measuredAt === undefined ? 0 : timestampMs(measuredAt)).toBe(nowMs);
});

test("heart rate, motion and steps take turns", () => {
  const kinds = records(6).map(
    ({ value = new Uint8Array() }) => fromBinary(BiometricsSchema, value).measurement.case,
  );
  expect(kinds).toEqual(["heartRate", "motion", "steps", "heartRate", "motion", "steps"]);
});

test("records are as long as those of real watches", () => {
  for (const record of records(900)) {
    const bytes = toBinary(RecordSchema, create(RecordSchema, record)).length;
    expect(bytes).toBeWithin(60, 300);
  }
});

test("the set is closed over its imports", () => {
  const set = fromBinary(FileDescriptorSetSchema, biometricsSet());
  expect(set.file.map(({ name }) => name)).toEqual([
    "google/protobuf/timestamp.proto",
    "examples/biometrics/v1/biometrics.proto",
  ]);
  const message = createFileRegistry(set).getMessage(BiometricsSchema.typeName);
  expect(message?.fields.map(({ name }) => name)).toEqual(
    BiometricsSchema.fields.map(({ name }) => name),
  );
});
