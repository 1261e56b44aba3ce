/**
 * `sluice.v1.ConsumerService` behind connect-es: every protocol and codec. What most programs use,
 * gRPC with protobuf, is served by `subscribe-stream.ts` before it comes here.
 */
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import {
  ConsumerService,
  type SubscribeRequest,
  type SubscribeResponse,
} from "../../../gen/sluice/v1/consumer_pb.ts";
import { Delivery } from "./delivery.ts";
import { binaryFormat, jsonFormat, positionResponse } from "./subscribe-format.ts";
import { wantedRecords, type ConsumerParts } from "./subscribe-request.ts";

export function mountConsumer(router: ConnectRouter, parts: ConsumerParts): void {
  router.service(
    ConsumerService,
    { subscribe: (request, context) => subscribe(parts, request, context) },
    // Nearly every client offers gzip, and a message compressed for each subscriber anew would
    // cost far more than all else that is done for them.
    { compressMinBytes: Number.MAX_SAFE_INTEGER },
  );
}

/**
 * The first message comes at once, with the position where the stream starts: what is appended
 * once the caller has it is not missed. Throws what the hub throws, with the last position.
 */
async function* subscribe(
  parts: ConsumerParts,
  request: SubscribeRequest,
  { signal, requestHeader }: HandlerContext,
): AsyncGenerator<SubscribeResponse> {
  const format = requestHeader.get("content-type")?.includes("json") ? jsonFormat : binaryFormat;
  const { topic, key, start } = await wantedRecords(parts, request, signal);
  const delivery = new Delivery();
  const close = () => delivery.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    delivery.attach(await parts.hub.subscribe(topic, key, start, delivery));
    yield positionResponse(start);
    for await (const chunk of delivery) yield chunk.as(format);
  } finally {
    signal.removeEventListener("abort", close);
    delivery.close();
  }
}
