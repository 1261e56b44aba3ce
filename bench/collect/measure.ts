/** One run against one server: the load, what it cost the server, and how much of it the log contains. */

import { countAndRemove } from "../log.ts";
import type { OnProgress } from "../runs.ts";
import { type Usage, usageOf, usageSince } from "../usage.ts";
import { type CollectLoad, type LoadResult, sendLoad } from "./loader.ts";
import type { CollectServer } from "./servers.ts";

export interface CollectMeasured extends Usage {
  readonly load: LoadResult;
  /** Number of records in the log; undefined for a server without a log, or where its address is not known. */
  readonly counted: number | undefined;
}

export async function measureCollect(
  { name, pid, grpc, topic, log, key }: CollectServer,
  load: CollectLoad,
  onProgress: OnProgress,
): Promise<CollectMeasured> {
  const total = load.records;
  const before = usageOf(pid);
  const onSent = (done: number) => onProgress(name, done, total);
  const result = await sendLoad(grpc, topic, load, onSent, key);
  const used = usageSince(before, usageOf(pid));
  if (log === undefined) return { load: result, counted: undefined, ...used };
  const counted = await countAndRemove(log, topic, (done) =>
    onProgress("counting in the log", done, Math.max(done, result.accepted)),
  );
  return { load: result, counted, ...used };
}
