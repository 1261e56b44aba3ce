/** Records that name no schema: JSON as it was appended, other bytes in base64. */

import { Failure } from "../../core/failure.ts";
import { lossyTextFromUtf8 } from "../../core/utf8.ts";
import type { Record } from "../../gen/sluice/v1/record_pb.ts";
import type { LineDecoder } from "./decoder.ts";

/** What cannot be decoded is passed to `report` and printed as it is. */
export function createPlainDecoder(
  bySchema: LineDecoder,
  report: (line: string) => void,
): LineDecoder {
  return {
    async decode(record, signal) {
      if (record.schemaId === 0 || isJson(record)) return lineOf(record);
      try {
        return await bySchema.decode(record, signal);
      } catch (error) {
        if (!(error instanceof Failure) || !isUndecodable(error)) throw error;
        report(error.message);
        return lineOf(record);
      }
    },
  };
}

/** Bytes that do not decode, or a schema that the registry does not have. */
export function isUndecodable({ code }: Failure): boolean {
  return code === "invalid" || code === "not_found";
}

function isJson({ contentType }: Record): boolean {
  return /^application\/(?:[\w.+-]+\+)?json(?:;|$)/.test(contentType);
}

function lineOf(record: Record): string {
  if (!isJson(record)) return JSON.stringify({ base64: record.value.toBase64() });
  // A line break in JSON is always between its tokens.
  return lossyTextFromUtf8(record.value).replaceAll(/\s*\n\s*/g, " ");
}
