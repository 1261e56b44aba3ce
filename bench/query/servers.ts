/** The gateways that `sluice bench query` queries. */

import { Gateway } from "../../src/cli/gateway/gateway.ts";
import type { Environment } from "../../src/runtime/runtime.ts";
import type { LogChoice } from "../program.ts";
import { startSeriesGateway } from "../series/gateway.ts";
import { type Usage, usageOf } from "../usage.ts";

export interface QueryServer extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Data directory of its PostgreSQL; empty where it is not known. */
  readonly dataDir: string;
  used(): Usage;
}

export async function startQueryGateway(
  environment: Environment,
  log: LogChoice,
): Promise<QueryServer> {
  const { urls, dataDir, pid, stop } = await startSeriesGateway(environment, log);
  return {
    gateway: new Gateway(urls[0] ?? ""),
    dataDir,
    used: () => usageOf(pid),
    [Symbol.asyncDispose]: stop,
  };
}

export function onQueryGateway(gateway: Gateway): QueryServer {
  return {
    gateway,
    dataDir: "",
    used: () => usageOf(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
