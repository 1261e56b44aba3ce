/** Records as callers bring them: taken or refused. */

import { type FailureCode, failureCodes } from "../failure.ts";
import { Counts } from "./counts.ts";
import { TopicCounts } from "./topic-counts.ts";

/** `rpc`: gRPC, gRPC-Web and Connect. `internal`: what the gateway itself appends. */
export const recordSources = ["http", "websocket", "rpc", "internal"] as const;
export type RecordSource = (typeof recordSources)[number];

export class RecordCounts {
  readonly accepted = new Counts(recordSources);
  readonly refused = new Counts<FailureCode>(failureCodes);

  readonly topics = new TopicCounts();

  refuse(issues: Iterable<{ readonly code: FailureCode }>): void {
    for (const { code } of issues) this.refused.add(code);
  }
}
