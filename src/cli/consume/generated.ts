/** Decodes with code that was generated before: newer fields are left out. */

import { fromBinary, toJsonString } from "@bufbuild/protobuf";
import { Failure } from "../../core/failure.ts";
import { BiometricsSchema } from "../../gen/examples/biometrics/v1/biometrics_pb.ts";
import type { LineDecoder } from "./decoder.ts";

export const generatedDecoder: LineDecoder = {
  decode({ value }) {
    try {
      return toJsonString(BiometricsSchema, fromBinary(BiometricsSchema, value));
    } catch (cause) {
      const reason = "its bytes are not a message of the type";
      throw new Failure("invalid", `Cannot decode as "${BiometricsSchema.typeName}": ${reason}`, {
        cause,
      });
    }
  },
};
