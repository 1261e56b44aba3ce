/**
 * The collector's three methods, as their thin path sees them. They take the same message and differ
 * in when they answer. connect-es builds an object of each message, and several promises around it:
 * `bench/` has what that costs a record.
 */
import type { Buffer } from "node:buffer";
import { create, toBinary } from "@bufbuild/protobuf";
import type { Failure } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import { Ack } from "../../../gen/sluice/v1/record_pb.ts";
import {
  CollectorService,
  CollectResponseSchema,
  type CollectResponse,
} from "../../../gen/sluice/v1/collector_pb.ts";
import type { CallSummary } from "../../../ingest/call.ts";
import type { Collector } from "../../../ingest/collector.ts";

/** `end`: one answer after many messages. `running`: as they become durable. `unary`: one and one. */
export type Answers = "end" | "running" | "unary";

/** A call as the thin path drives it, whatever its messages are. */
export interface ThinCall {
  readonly failure: Failure | undefined;
  /** Rises with what a running answer would tell. */
  readonly answerable: number;
  /** Called when something became durable or failed. */
  progress: (() => void) | undefined;
  /** Takes one message; what is kept of it is copied. Throws what is wrong with it. */
  take(bytes: Buffer, from: number, to: number): void;
  /** Resolves once all that was taken is durable. Rejects with what failed. */
  settled(): Promise<void>;
  /** Somebody waits for what was taken so far. */
  want(): void;
  close(): void;
}

export interface ThinMethod {
  readonly answers: Answers;
  /** A call, and how to answer it: in an envelope. */
  open(): { readonly call: ThinCall; readonly answer: () => Uint8Array };
}

/** By path. */
export type ThinMethods = ReadonlyMap<string, ThinMethod>;

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

export function enveloped(flags: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(5 + bytes.byteLength);
  message[0] = flags;
  new DataView(message.buffer).setUint32(1, bytes.byteLength);
  message.set(bytes, 5);
  return message;
}
