/**
 * `sluice.v1.ConsumerService` behind connect-es: every protocol and codec. gRPC with protobuf, which
 * most programs use, is served by `subscribe-stream.ts` before it reaches this.
 */

import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { needs } from "../../../core/access/need.ts";
import {
  ConsumerService,
  type SubscribeRequest,
  type SubscribeResponse,
} from "../../../gen/sluice/v1/consumer_pb.ts";
import { callerOf, serviceAccess } from "../../../rpc/access.ts";
import { Delivery } from "./delivery.ts";
import { binaryFormat, jsonFormat, positionResponse } from "./subscribe-format.ts";
import { type ConsumerDeps, parseSubscribe } from "./subscribe-request.ts";

export const consumerAccess = serviceAccess(ConsumerService, {
  subscribe: needs("read", "topic", { handler: "the topic, and the key where it has a meaning" }),
});

export function mountConsumer(router: ConnectRouter, deps: ConsumerDeps): void {
  router.service(
    ConsumerService,
    { subscribe: (request, context) => subscribe(deps, request, context) },
    // Nearly every client accepts gzip, and compressing a message for each subscriber separately
    // would cost far more than everything else that is done for them.
    { compressMinBytes: Number.MAX_SAFE_INTEGER },
  );
}

/**
 * The first message is sent at once, with the position where the stream starts: the caller misses
 * nothing that is appended after it. Throws what the hub throws, with the last position.
 */
async function* subscribe(
  deps: ConsumerDeps,
  request: SubscribeRequest,
  { signal, requestHeader, values }: HandlerContext,
): AsyncGenerator<SubscribeResponse> {
  const caller = callerOf(values);
  const format = requestHeader.get("content-type")?.includes("json") ? jsonFormat : binaryFormat;
  const { topic, key, start } = await parseSubscribe(deps, request, caller, signal);
  const delivery = new Delivery();
  const close = () => delivery.close();
  signal.addEventListener("abort", close, { once: true });
  let forget: (() => void) | undefined;
  try {
    const subscription = await deps.hub.subscribe(topic, key, start, delivery);
    delivery.attach(subscription);
    forget = caller.onEnd((reason) => delivery.end(reason, subscription.position));
    yield positionResponse(start);
    for await (const chunk of delivery) yield chunk.as(format);
  } finally {
    forget?.();
    signal.removeEventListener("abort", close);
    delivery.close();
  }
}
