/** One run against one server: the load, what it cost the server, and what the log has of it. */
import { countAndRemove } from "./count.ts";
import { sendLoad, type CollectLoad, type LoadResult } from "./load.ts";
import type { CollectServer } from "./servers.ts";
import type { OnProgress } from "../measure.ts";
import { childrenCpuSeconds, cpuSeconds, peakBytes } from "../proc.ts";

export interface CollectMeasured {
  readonly load: LoadResult;
  /** Records in the log; undefined where there is none, or it is not known. */
  readonly counted: number | undefined;
  /** Undefined where processes cannot be looked at. */
  readonly cpuSeconds: number | undefined;
  /** Of all that the server has started: the embedded PostgreSQL. */
  readonly childrenCpuSeconds: number | undefined;
  /** The most memory until all was acknowledged. */
  readonly peakBytes: number | undefined;
}

export async function measureCollect(
  { name, pid, grpc, topic, log }: CollectServer,
  load: CollectLoad,
  onProgress: OnProgress,
): Promise<CollectMeasured> {
  const total = load.records;
  const ownFrom = pid === undefined ? undefined : cpuSeconds(pid);
  const childrenFrom = pid === undefined ? undefined : childrenCpuSeconds(pid);
  const result = await sendLoad(grpc, topic, load, (done) => onProgress(name, done, total));
  const used = {
    cpuSeconds: pid === undefined ? undefined : difference(cpuSeconds(pid), ownFrom),
    childrenCpuSeconds:
      pid === undefined ? undefined : difference(childrenCpuSeconds(pid), childrenFrom),
    peakBytes: pid === undefined ? undefined : peakBytes(pid),
  };
  if (log === undefined) return { load: result, counted: undefined, ...used };
  const counted = await countAndRemove(log, topic, (done) =>
    onProgress("counting in the log", done, Math.max(done, result.accepted)),
  );
  return { load: result, counted, ...used };
}

function difference(to: number | undefined, from: number | undefined): number | undefined {
  return to === undefined || from === undefined ? undefined : to - from;
}
