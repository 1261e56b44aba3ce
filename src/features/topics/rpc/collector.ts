/**
 * The collector behind connect-es: every protocol, codec and compression that the thin path
 * (`thin-methods.ts`) does not serve. The collector stores bytes, so messages are encoded again.
 */

import { create, toBinary } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { Caller } from "../../../core/access/caller.ts";
import { needs } from "../../../core/access/need.ts";
import { Failure } from "../../../core/failure.ts";
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
import { callerOf, serviceAccess } from "../../../rpc/access.ts";
import { bufferOf } from "../../../rpc/thin/messages.ts";
import { responseFromSummary, withRecords } from "./summary.ts";

/** The topic may change with every message of a stream, so the collector asks for it. */
const append = needs("append", "topic", { handler: "the topic of each message" });

export const collectorAccess = serviceAccess(CollectorService, {
  collect: append,
  ingest: append,
  publish: append,
});

export function mountCollector(router: ConnectRouter, collector: Collector): void {
  const implementation: ServiceImpl<typeof CollectorService> = {
    async collect(requests, context) {
      return await withCall(collector, context, async (call) => {
        for await (const request of requests) {
          await take(collector, call, request);
          await callerOf(context.values).allowance?.rest();
        }
        await call.settled();
        return call.summary();
      });
    },
    async publish(request, context) {
      // A stream can be made to wait; this message is in memory already.
      collector.inFlight.refuseIfFull(callerOf(context.values).portion);
      return await withCall(collector, context, async (call) => {
        await take(collector, call, request);
        await call.settled();
        return withRecords(call.summary());
      });
    },
    async *ingest(requests, context) {
      const caller = callerOf(context.values);
      const call = open(collector, context);
      try {
        for await (const request of requests) {
          await take(collector, call, request);
          await call.settled();
          yield answerFrom(call.summary());
          await caller.allowance?.rest();
        }
      } catch (error) {
        throw await endOf(call, caller, error);
      } finally {
        call.close();
      }
    },
  };
  router.service(CollectorService, implementation);
}

function open(collector: Collector, { values, requestHeader }: HandlerContext): Call {
  return collector.open(callerOf(values), requestHeader.get("traceparent"));
}

async function withCall(
  collector: Collector,
  context: HandlerContext,
  feed: (call: Call) => Promise<CallSummary>,
): Promise<Answer> {
  const caller = callerOf(context.values);
  const call = open(collector, context);
  try {
    return answerFrom(await feed(call));
  } catch (error) {
    throw await endOf(call, caller, error);
  } finally {
    call.close();
  }
}

/** A caller whose credential has ended learns up to where its records are durable. */
async function endOf(call: Call, caller: Caller, error: unknown): Promise<unknown> {
  return error instanceof Failure && error === caller.ended ? await call.endedBy(error) : error;
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
  while (inFlight.isFullFor(call.portion)) await inFlight.room(call.portion);
  call.take(bytes, 0, bytes.byteLength);
}

/** Only the fields, which the three responses have in common. */
type Answer = Omit<CollectResponse, "$typeName">;

function answerFrom(summary: CallSummary): Answer {
  const { $typeName: _, ...answer } = responseFromSummary(summary);
  return answer;
}
