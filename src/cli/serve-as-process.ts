/** Runs one process of several until its parent drains it, or is gone. */

import { type Config, parseConfig } from "../gateway/config.ts";
import { startGateway } from "../gateway/gateway.ts";
import type { Assignment } from "../gateway/processes/messages.ts";
import { openChannel } from "../gateway/processes/siblings.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { exitCodes } from "./command/exit-codes.ts";
import { UsageError } from "./command/usage-error.ts";
import { drainAndExit, drainMsOf, listenForStop, openLogger } from "./serve-gateway.ts";

export async function serveAsProcess(runtime: Runtime): Promise<void> {
  const channel = await openChannel();
  if (channel === undefined) {
    throw new UsageError("Cannot serve as one process of several: expected sluice serve");
  }
  const { siblings, drained } = channel;
  const config = assigned(parseConfig(runtime.environment), siblings.assignment);
  const logger = openLogger(runtime, config, { process: String(siblings.assignment.index) });
  const stop = listenForStop(runtime);
  const gateway = await startGateway(runtime, config, logger, siblings).catch((error: unknown) => {
    // The parent prints it, once for all processes.
    channel.failed(error instanceof Error ? error.message : String(error));
    return runtime.exit(exitCodes.failed);
  });
  channel.ready(gateway);
  const withGrace = await Promise.race([drained, stop.afterStart().then(() => undefined)]);
  await drainAndExit(runtime, logger, () => gateway.drain(withGrace), drainMsOf(config));
}

function assigned(config: Config, given: Assignment): Config {
  const { port, grpcPort, metricsPort, databaseUrl, memoryBytes, inFlightBytesMax } = given;
  const { metrics, ingest } = config;
  return {
    ...config,
    port,
    grpcPort,
    metrics: metrics && metricsPort !== undefined ? { ...metrics, port: metricsPort } : metrics,
    databaseUrl,
    memoryBytes,
    ingest: { ...ingest, inFlightBytesMax },
  };
}
