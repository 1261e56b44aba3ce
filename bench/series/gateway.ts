/** A gateway whose store and log contain the measurements of one run only. */

import { Failure } from "../../src/core/failure.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { measurementsTopic } from "../../src/features/measurements/measurement.ts";
import type { Environment } from "../../src/runtime/runtime.ts";
import { type LogPlace, logPlaceFrom, openLog } from "../log.ts";
import { type LogChoice, type Program, startGatewayProgram } from "../program.ts";

/** Its topic of measurements belongs to this run (`requireOwnTopic`) and is removed when the gateway stops. */
export async function startSeriesGateway(
  environment: Environment,
  choice: LogChoice,
): Promise<Program> {
  const program = await startGatewayProgram(environment, choice);
  const place = brokerOf(environment, choice);
  if (place === undefined) return program;
  return {
    ...program,
    async stop() {
      await program.stop();
      await onLog(place, (log) => log.remove(measurementsTopic));
    },
  };
}

/**
 * Throws `conflict` where the log already has measurements, because each fresh store would begin with
 * them, and the end of the run would remove them.
 */
export async function requireOwnTopic(environment: Environment, choice: LogChoice): Promise<void> {
  const place = brokerOf(environment, choice);
  if (place === undefined) return;
  const topics = await onLog(place, (log) => log.list());
  if (topics.every(({ name }) => name !== measurementsTopic)) return;
  throw new Failure(
    "conflict",
    `Cannot measure on the log of NATS_URL: it has the topic "${measurementsTopic}" already, expected a NATS without it`,
  );
}

/** Undefined: the log is embedded in the gateway and is removed with it. */
function brokerOf({ NATS_URL }: Environment, choice: LogChoice): LogPlace | undefined {
  return choice === "jetstream" ? logPlaceFrom({ NATS_URL }) : undefined;
}

async function onLog<T>(place: LogPlace, use: (log: LogDriver) => Promise<T>): Promise<T> {
  const log = await openLog(place);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
