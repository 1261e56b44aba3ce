/** `sluice serve`: the gateway, until it is told to stop. */
import { startGateway } from "../gateway/gateway.ts";
import { parseConfig } from "../gateway/config.ts";
import { systemClock } from "../core/clock.ts";
import { failureFrom } from "../core/failure.ts";
import { createJsonLogger } from "../gateway/json-logger.ts";
import type { Command } from "./command.ts";

/** Balancers and process managers wait for about 10 s. */
const drainMsMax = 9500;

export const serve: Command = {
  summary: "run the gateway",
  usage: `sluice serve

Runs the gateway until SIGTERM or SIGINT. Settings come from the environment, see docs/settings.md;
with none, PostgreSQL is embedded under ./data and the gateway listens on 127.0.0.1:9000.`,
  async run(runtime) {
    const config = parseConfig(runtime.environment);
    const logger = createJsonLogger(
      (line) => runtime.logLine(line),
      systemClock,
      config.logLevel,
      {},
    );
    let stopping = false;
    let stop: (signal: string) => void = () => runtime.exit(0);
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
    logger("info", "Draining", { signal });
    const late = setTimeout(() => {
      logger("error", "Draining took too long, leaving");
      runtime.exit(1);
    }, drainMsMax);
    try {
      await gateway.drain();
    } catch (error) {
      logger("error", "Draining failed", { cause: String(failureFrom(error).cause ?? error) });
      runtime.exit(1);
    }
    clearTimeout(late);
    logger("info", "Drained");
    runtime.exit(0);
  },
};
