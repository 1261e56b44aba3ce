/** Any topic: created, appended to, read and streamed by HTTP, WebSocket and RPC. */

import type { RecordFilters } from "../../core/filter/record-filter.ts";
import type { RecordChecks, RecordDecoder, SubjectsOfSchemas } from "../../core/schemas.ts";
import { createDecodedFormats } from "../../http/decoded.ts";
import type { SocketTarget } from "../../http/live/target.ts";
import { Views } from "../../http/live/views.ts";
import { stallMsMax } from "../../rpc/server.ts";
import type { Emitters } from "../emitters/emitters.ts";
import type { Part, Platform } from "../part.ts";
import { recordEndpoints } from "./http/endpoints.ts";
import { oneRecordEndpoints } from "./http/record-endpoints.ts";
import { mountOneRecord } from "./http/record-routes.ts";
import { mountRecords, recordHotRoutes } from "./http/routes.ts";
import { mountSocket, openSocket } from "./http/socket.ts";
import { topicEndpoints } from "./http/topic-endpoints.ts";
import { mountTopics, type TopicDeps } from "./http/topic-routes.ts";
import { collectorAccess, mountCollector } from "./rpc/collector.ts";
import { consumerAccess, mountConsumer } from "./rpc/consumer.ts";
import { createSubscribeStream } from "./rpc/subscribe-stream.ts";
import { thinCollectorMethods } from "./rpc/thin-methods.ts";

export interface TopicsOptions extends Pick<TopicDeps, "figures" | "uses"> {
  readonly schemas: RecordChecks & RecordDecoder & SubjectsOfSchemas;
  readonly filters: RecordFilters;
  readonly emitters: Emitters;
  /** What the parts let sockets watch. */
  readonly targets: () => readonly SocketTarget[];
}

export function openTopics(
  platform: Platform,
  { schemas, filters, emitters, targets, figures, uses }: TopicsOptions,
): Part {
  const { collector } = platform;
  const decoded = createDecodedFormats(schemas);
  const views = new Views({ schemas });
  return {
    name: "topics",
    http(app) {
      mountTopics(app, { ...platform, figures, uses, checks: schemas });
      mountRecords(app, { ...platform, schemas, filters, decoded });
      mountOneRecord(app, { ...platform, schemas, filters });
      mountSocket(app, { ...platform, emitters, filters, views, targets });
    },
    hot: recordHotRoutes(platform),
    endpoints: [...topicEndpoints, ...recordEndpoints, ...oneRecordEndpoints, openSocket],
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
