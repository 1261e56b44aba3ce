/** Measurements of a watch as records that carry the id of their schema. */

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  Activity,
  BiometricsSchema,
  file_examples_biometrics_v1_biometrics as biometricsFile,
} from "../../gen/examples/biometrics/v1/biometrics_pb.ts";
import type { RecordSchema } from "../../gen/sluice/v1/record_pb.ts";
import { motionSampleRate, type Wearer, type WearerActivity } from "./wearer.ts";

export type WearableRecord = MessageInitShape<typeof RecordSchema>;

type Measurement = NonNullable<MessageInitShape<typeof BiometricsSchema>["measurement"]>;

const activities: Readonly<Record<WearerActivity, Activity>> = {
  resting: Activity.RESTING,
  walking: Activity.WALKING,
  running: Activity.RUNNING,
};

const encoder = new TextEncoder();

/** A `google.protobuf.FileDescriptorSet` with all imports, as the registry expects it. */
export function biometricsSet(): Uint8Array {
  const file = [...biometricsFile.dependencies, biometricsFile].map(({ proto }) => proto);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

/** The `n`th record of a watch, from 0: heart rate, motion and steps take turns. */
export function wearableRecord(
  watchId: string,
  wearer: Wearer,
  n: number,
  schemaId: number,
  nowMs: number,
): WearableRecord {
  const value = create(BiometricsSchema, {
    watchId,
    measuredAt: timestampFromMs(nowMs),
    activity: activities[wearer.activity],
    measurement: measure(wearer, n),
  });
  return {
    value: toBinary(BiometricsSchema, value),
    key: encoder.encode(watchId),
    schemaId,
    contentType: "application/protobuf",
    timeNs: BigInt(nowMs) * 1_000_000n,
  };
}

function measure(wearer: Wearer, n: number): Measurement {
  switch (n % 3) {
    case 0: {
      const value = { bpm: rounded(wearer.bpm, 10), confidence: rounded(wearer.confidence, 100) };
      return { case: "heartRate", value };
    }
    case 1: {
      const { x, y, z } = wearer.motion();
      const value = { x: [...x], y: [...y], z: [...z], sampleRate: motionSampleRate };
      return { case: "motion", value };
    }
    default: {
      const value = { total: BigInt(wearer.steps), cadence: rounded(wearer.cadence, 10) };
      return { case: "steps", value };
    }
  }
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
