/** What a server's process has used; undefined where processes cannot be looked at. */

import { difference } from "./figures.ts";
import { childrenCpuSeconds, cpuSeconds, peakBytes } from "./proc.ts";

export interface Usage {
  readonly cpuSeconds: number | undefined;
  /** CPU seconds of all processes that the server has started: the embedded PostgreSQL. */
  readonly childrenCpuSeconds: number | undefined;
  /** The most resident memory so far. */
  readonly peakBytes: number | undefined;
}

export function usageOf(pid: number | undefined): Usage {
  if (pid === undefined) {
    return { cpuSeconds: undefined, childrenCpuSeconds: undefined, peakBytes: undefined };
  }
  return {
    cpuSeconds: cpuSeconds(pid),
    childrenCpuSeconds: childrenCpuSeconds(pid),
    peakBytes: peakBytes(pid),
  };
}

/** Usage between two readings; `peakBytes` is that of the later one. */
export function usageSince(from: Usage, to: Usage): Usage {
  return {
    cpuSeconds: difference(to.cpuSeconds, from.cpuSeconds),
    childrenCpuSeconds: difference(to.childrenCpuSeconds, from.childrenCpuSeconds),
    peakBytes: to.peakBytes,
  };
}
