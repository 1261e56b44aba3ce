/**
 * The collector behind connect-es: every protocol, codec and compression that the thin path
 * (`thin-methods.ts`) does not serve. The collector stores bytes, so messages are encoded again.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { openCaller } from "../../../core/access/caller.ts";
import {
  CollectorService,
  type CollectRequest,
  CollectRequestSchema,
  type CollectResponse,
  type IngestRequest,
  type PublishRequest,
} from "../../../gen/sluice/v1/collector_pb.ts";
import type { Call, CallSummary } from "../../../ingest/call.ts";
import type { Collector } from "../../../ingest/collector.ts";
import { bufferOf } from "../../../rpc/thin/messages.ts";
import { responseFromSummary, withRecords } from "./summary.ts";

export function mountCollector(router: ConnectRouter, collector: Collector): void {
  const implementation: ServiceImpl<typeof CollectorService> = {
    async collect(requests) {
      return await withCall(collector, async (call) => {
        for await (const request of requests) await take(collector, call, request);
        await call.settled();
        return call.summary();
      });
    },
    async publish(request) {
      // A stream can be made to wait; this message is in memory already.
      collector.inFlight.refuseIfFull();
      return await withCall(collector, async (call) => {
        await take(collector, call, request);
        await call.settled();
        return withRecords(call.summary());
      });
    },
    async *ingest(requests) {
      const call = collector.open(openCaller);
      try {
        for await (const request of requests) {
          await take(collector, call, request);
          await call.settled();
          yield answerFrom(call.summary());
        }
      } finally {
        call.close();
      }
    },
  };
  router.service(CollectorService, implementation);
}

async function withCall(
  collector: Collector,
  feed: (call: Call) => Promise<CallSummary>,
): Promise<Answer> {
  const call = collector.open(openCaller);
  try {
    return answerFrom(await feed(call));
  } finally {
    call.close();
  }
}

/** The fields of the three requests are the same, and so are their bytes. */
async function take(
  collector: Collector,
  call: Call,
  { records, topic, producer, ack }: CollectRequest | IngestRequest | PublishRequest,
): Promise<void> {
  const optional = producer === undefined ? {} : { producer };
  const request = create(CollectRequestSchema, { records, topic, ack, ...optional });
  const bytes = bufferOf(toBinary(CollectRequestSchema, request));
  const { inFlight } = collector;
  if (inFlight.isFull) await inFlight.room();
  call.take(bytes, 0, bytes.byteLength);
}

/** Only the fields, which the three responses have in common. */
type Answer = Omit<CollectResponse, "$typeName">;

function answerFrom(summary: CallSummary): Answer {
  const { $typeName: _, ...answer } = responseFromSummary(summary);
  return answer;
}
