/** What became of a call's records, as the answer of each of the collector's methods. */

import { create, toBinary } from "@bufbuild/protobuf";
import { invalidField } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import {
  type CollectResponse,
  CollectResponseSchema,
} from "../../../gen/sluice/v1/collector_pb.ts";
import { Ack } from "../../../gen/sluice/v1/record_pb.ts";
import type { CallSummary } from "../../../ingest/call.ts";

/** The answer; `IngestResponse` and `PublishResponse` have the same fields. */
export function responseFromSummary(summary: CallSummary): CollectResponse {
  const { accepted, refused, refusals, position, ack } = summary;
  return create(CollectResponseSchema, {
    accepted: BigInt(accepted),
    refused: BigInt(refused),
    refusals: refusals.map(({ index, code, field, message }) => {
      return { index: BigInt(index), code, message: `${field}: ${message}` };
    }),
    position: position === undefined ? "" : renderPosition(position),
    ack: ack === "received" ? Ack.RECEIVED : Ack.DURABLE,
  });
}

export function bytesFromSummary(summary: CallSummary): Uint8Array<ArrayBuffer> {
  return toBinary(CollectResponseSchema, responseFromSummary(summary));
}

/**
 * Returns the summary of a `Publish`, which is one batch: without records it throws `invalid`,
 * because the caller most likely lost them on the way. Streams may end without any.
 */
export function withRecords(summary: CallSummary): CallSummary {
  if (summary.accepted + summary.refused > 0) return summary;
  throw invalidField("records", "Cannot publish: there are no records, expected at least one");
}
