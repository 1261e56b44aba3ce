/** The integer types of protobuf, and the whole numbers that each has. */

import { ScalarType } from "@bufbuild/protobuf";

type Bounds = readonly [min: bigint, max: bigint];

const int32 = [-(2n ** 31n), 2n ** 31n - 1n] as const;
const uint32 = [0n, 2n ** 32n - 1n] as const;
const int64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const uint64 = [0n, 2n ** 64n - 1n] as const;

const bounds: Partial<Record<ScalarType, Bounds>> = {
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
};

/** Those of an int64 for a type that is not an integer. */
export function integerBounds(type: ScalarType): Bounds {
  return bounds[type] ?? int64;
}

export function isWithin(value: bigint, type: ScalarType): boolean {
  const [min, max] = integerBounds(type);
  return value >= min && value <= max;
}

/** Whether a JavaScript number would round some of its values. */
export function isLong(type: ScalarType): boolean {
  return bounds[type] === int64 || bounds[type] === uint64;
}
