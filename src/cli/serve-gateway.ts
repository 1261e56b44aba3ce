/** Runs the gateway until a signal stops it: in this process, or as the parent of several. */

import { systemClock } from "../core/clock.ts";
import { failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { type Config, parseConfig } from "../gateway/config.ts";
import { startGateway } from "../gateway/gateway.ts";
import { createJsonLogger } from "../gateway/json-logger.ts";
import { startProcesses } from "../gateway/processes/supervisor.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { exitCodes } from "./command/exit-codes.ts";

/** With the default grace period 9.5 s: process managers wait for about 10 s. */
const drainMsMax = 7500;
const postgresMs = 500;

/** Never resolves: it exits once the gateway has drained. */
export async function serveGateway(
  runtime: Runtime,
  given: Readonly<Record<string, string>> = {},
): Promise<void> {
  const config = parseConfig({ ...runtime.environment, ...given });
  const logger = openLogger(runtime, config, {});
  const stop = listenForStop(runtime);
  const { drain, ...urls } = await start(runtime, config, logger);
  runtime.print(`sluice ready ${urls.url} grpc ${urls.grpcUrl}\n`);
  logger("info", "stopping", { signal: await stop.afterStart() });
  await drainAndExit(runtime, logger, drain, drainMsOf(config));
}

interface Started {
  readonly url: string;
  readonly grpcUrl: string;
  readonly drain: () => Promise<void>;
}

async function start(runtime: Runtime, config: Config, logger: Logger): Promise<Started> {
  if (config.processes === 1) {
    const gateway = await startGateway(runtime, config, logger);
    return { ...gateway, drain: () => gateway.drain() };
  }
  const processes = await startProcesses(runtime, config, logger);
  // What is left of the time is PostgreSQL's.
  return { ...processes, drain: () => processes.drain(drainMsOf(config) - postgresMs) };
}

export function openLogger(
  runtime: Runtime,
  { logLevel }: Pick<Config, "logLevel">,
  fields: Readonly<Record<string, string>>,
): Logger {
  const logger = createJsonLogger((line) => runtime.logLine(line), systemClock, logLevel, fields);
  logFaults(runtime, logger);
  return logger;
}

export async function drainAndExit(
  runtime: Runtime,
  logger: Logger,
  drain: () => Promise<void>,
  withinMs: number,
): Promise<never> {
  const late = setTimeout(() => {
    logger("error", "draining takes too long; exiting");
    runtime.exit(exitCodes.failed);
  }, withinMs);
  try {
    await drain();
  } catch (error) {
    logger("error", "draining failed; exiting", {
      cause: String(failureFrom(error).cause ?? error),
    });
    runtime.exit(exitCodes.failed);
  }
  clearTimeout(late);
  logger("info", "drained");
  runtime.exit(exitCodes.done);
}

export const drainMsOf = ({ drainGraceMs }: Pick<Config, "drainGraceMs">) =>
  drainMsMax + drainGraceMs;

/**
 * A signal during the start ends the process at once. Repeated signals change nothing: a process group's
 * signal arrives more than once, through the programs that started this one. The drain has its own
 * deadline.
 */
export function listenForStop(runtime: Runtime): { afterStart(): Promise<string> } {
  let isStarted = false;
  const signal = new Promise<string>((resolve) => {
    runtime.onStop((name) => {
      if (!isStarted) runtime.exit(exitCodes.done);
      resolve(name);
    });
  });
  return {
    afterStart() {
      isStarted = true;
      return signal;
    },
  };
}

/** Standard error has lines of JSON and nothing else, whatever the runtime and the libraries report. */
function logFaults(runtime: Runtime, logger: Logger): void {
  runtime.onWarning(({ name, message }) =>
    logger("warn", "the runtime warns", { warning: name, reason: message }),
  );
  runtime.onUncaught((error) => {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logger("error", "unexpected error; exiting", { cause });
    runtime.exit(exitCodes.failed);
  });
}
