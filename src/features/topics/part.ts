/** Any topic: created, appended to, read and streamed by HTTP, WebSocket and RPC. */

import type { RecordDecoder } from "../../core/schemas.ts";
import { createDecodedFormats } from "../../http/decoded.ts";
import { stallMsMax } from "../../rpc/server.ts";
import type { Emitters } from "../emitters/emitters.ts";
import type { Part, Platform } from "../part.ts";
import { topicEndpoints } from "./http/endpoints.ts";
import { mountTopics } from "./http/routes.ts";
import { mountSocket, openSocket } from "./http/socket.ts";
import { collectorAccess, mountCollector } from "./rpc/collector.ts";
import { consumerAccess, mountConsumer } from "./rpc/consumer.ts";
import { createSubscribeStream } from "./rpc/subscribe-stream.ts";
import { thinCollectorMethods } from "./rpc/thin-methods.ts";

export interface TopicsOptions {
  readonly schemas: RecordDecoder;
  readonly emitters: Emitters;
}

export function openTopics(platform: Platform, { schemas, emitters }: TopicsOptions): Part {
  const { collector } = platform;
  const decoded = createDecodedFormats(schemas);
  return {
    name: "topics",
    http(app) {
      mountTopics(app, { ...platform, schemas, decoded });
      mountSocket(app, { ...platform, emitters, decoded });
    },
    endpoints: [...topicEndpoints, openSocket],
    rpc(router) {
      mountCollector(router, collector);
      mountConsumer(router, platform);
    },
    rpcAccess: new Map([...collectorAccess, ...consumerAccess]),
    status: () => ({ topics: platform.topicQuota.status() }),
    thin: thinCollectorMethods(collector),
    stream: createSubscribeStream(platform, stallMsMax),
  };
}
