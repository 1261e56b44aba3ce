/** The gateways that `sluice bench query` asks. */
import type { Environment } from "../../src/runtime/runtime.ts";
import { childrenCpuSeconds, cpuSeconds, peakBytes } from "../proc.ts";
import type { LogChoice } from "../program.ts";
import { startSeriesGateway } from "./series-gateway.ts";

/** A figure that cannot be had is undefined. */
export interface Used {
  readonly cpuSeconds: number | undefined;
  /** Of all that the gateway has started: the embedded PostgreSQL. */
  readonly childrenCpuSeconds: number | undefined;
  readonly peakBytes: number | undefined;
}

export interface QueryServer extends AsyncDisposable {
  readonly url: string;
  /** Where its PostgreSQL is; empty: that is not known. */
  readonly dataDir: string;
  used(): Used;
}

export async function startQueryGateway(
  environment: Environment,
  log: LogChoice,
): Promise<QueryServer> {
  const { urls, dataDir, pid = 0, stop } = await startSeriesGateway(environment, log);
  return {
    url: urls[0] ?? "",
    dataDir,
    used: () => ({
      cpuSeconds: cpuSeconds(pid),
      childrenCpuSeconds: childrenCpuSeconds(pid),
      peakBytes: peakBytes(pid),
    }),
    [Symbol.asyncDispose]: stop,
  };
}

export function onQueryGateway(url: string): QueryServer {
  return {
    url,
    dataDir: "",
    used: () => ({ cpuSeconds: undefined, childrenCpuSeconds: undefined, peakBytes: undefined }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
