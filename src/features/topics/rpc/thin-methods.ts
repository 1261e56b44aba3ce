/**
 * The collector's three methods, as their thin path sees them. They take the same message and differ
 * in when they answer. connect-es builds an object of each message, and several promises around it:
 * `bench/` has what that costs a record.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { renderPosition } from "../../../core/position.ts";
import { Ack } from "../../../gen/sluice/v1/record_pb.ts";
import {
  CollectorService,
  CollectResponseSchema,
  type CollectResponse,
} from "../../../gen/sluice/v1/collector_pb.ts";
import type { CallSummary } from "../../../ingest/call.ts";
import type { Collector } from "../../../ingest/collector.ts";
import type { Answers, ThinMethods } from "../../../rpc/thin/call.ts";
import { enveloped } from "../../../rpc/thin/messages.ts";

/** By path. */
export const collectorMethods: ReadonlyMap<string, Answers> = new Map([
  [`/${CollectorService.typeName}/${CollectorService.method.collect.name}`, "end"],
  [`/${CollectorService.typeName}/${CollectorService.method.ingest.name}`, "running"],
  [`/${CollectorService.typeName}/${CollectorService.method.publish.name}`, "unary"],
]);

export function thinCollectorMethods(collector: Collector): ThinMethods {
  const open = () => {
    const call = collector.open();
    return { call, answer: () => messageFromSummary(call.summary()) };
  };
  return new Map([...collectorMethods].map(([path, answers]) => [path, { answers, open }]));
}

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

/** Behind its five bytes of flags and length, as streams carry it. */
function messageFromSummary(summary: CallSummary): Uint8Array {
  return enveloped(0, bytesFromSummary(summary));
}
