/**
 * The collector's three methods on the thin path. They take the same message and differ in when they
 * answer.
 */

import type { Caller } from "../../../core/access/caller.ts";
import { CollectorService } from "../../../gen/sluice/v1/collector_pb.ts";
import type { Collector } from "../../../ingest/collector.ts";
import type { AnswerKind, ThinMethods } from "../../../rpc/thin/call.ts";
import { bytesFromSummary, withRecords } from "./summary.ts";

/** When each method answers, by path. */
const collectorMethods: ReadonlyMap<string, AnswerKind> = new Map([
  [`/${CollectorService.typeName}/${CollectorService.method.collect.name}`, "end"],
  [`/${CollectorService.typeName}/${CollectorService.method.ingest.name}`, "running"],
  [`/${CollectorService.typeName}/${CollectorService.method.publish.name}`, "unary"],
]);

export function thinCollectorMethods(collector: Collector): ThinMethods {
  return new Map(
    [...collectorMethods].map(([path, answers]) => {
      const open = (caller: Caller, traceparent?: string | null) => {
        const call = collector.open(caller, traceparent);
        const summary = () => (answers === "unary" ? withRecords(call.summary()) : call.summary());
        return { call, answer: () => bytesFromSummary(summary()) };
      };
      return [path, { answers, open }];
    }),
  );
}
