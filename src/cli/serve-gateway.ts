/** Runs the gateway until a signal stops it. */

import { systemClock } from "../core/clock.ts";
import { failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { parseConfig } from "../gateway/config.ts";
import { startGateway } from "../gateway/gateway.ts";
import { createJsonLogger } from "../gateway/json-logger.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { exitCodes } from "./command/exit-codes.ts";

/** With the default grace period 9.5 s: process managers wait for about 10 s. */
const drainMsMax = 7500;

/** Never resolves: it exits once the gateway has drained. */
export async function serveGateway(runtime: Runtime): Promise<void> {
  const config = parseConfig(runtime.environment);
  const logger = createJsonLogger(
    (line) => runtime.logLine(line),
    systemClock,
    config.logLevel,
    {},
  );
  logFaults(runtime, logger);
  let stopping = false;
  let stop: (signal: string) => void = () => runtime.exit(exitCodes.done);
  // Repeated signals change nothing: a process group's signal arrives more than once, through
  // the programs that started this one. The drain has its own deadline.
  runtime.onStop((signal) => {
    stopping = true;
    stop(signal);
  });
  const gateway = await startGateway(runtime, config, logger);
  runtime.print(`sluice ready ${gateway.url} grpc ${gateway.grpcUrl}\n`);
  const signal = await new Promise<string>((resolve) => {
    stop = resolve;
    if (stopping) resolve("a signal during the start");
  });
  logger("info", "stopping", { signal });
  const late = setTimeout(() => {
    logger("error", "draining takes too long; exiting");
    runtime.exit(exitCodes.failed);
  }, drainMsMax + config.drainGraceMs);
  try {
    await gateway.drain();
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
