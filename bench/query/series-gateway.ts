/** A gateway whose measurements are those of one run, in the log too. */
import { Failure } from "../../src/core/failure.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { measurementsTopic } from "../../src/features/measurements/measurement.ts";
import type { Environment } from "../../src/runtime/runtime.ts";
import { logPlaceFrom, openLog, type LogPlace } from "../collect/count.ts";
import { startGatewayProgram, type LogChoice, type Program } from "../program.ts";

/** With a topic of measurements that is its own, see `wantOwnTopic`; it goes when the gateway stops. */
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
 * Throws `conflict` where the log has measurements already: each fresh store would begin with them,
 * and they would go in the end.
 */
export async function wantOwnTopic(environment: Environment, choice: LogChoice): Promise<void> {
  const place = brokerOf(environment, choice);
  if (place === undefined) return;
  const topics = await onLog(place, (log) => log.list());
  if (topics.every(({ name }) => name !== measurementsTopic)) return;
  throw new Failure(
    "conflict",
    `Cannot measure on the log of NATS_URL: it has the topic "${measurementsTopic}" already, expected a NATS without it`,
  );
}

/** Undefined: the log is the gateway's own, and goes with it. */
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
