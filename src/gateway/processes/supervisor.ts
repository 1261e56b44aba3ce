/**
 * All cores of a machine: several equal gateways on the same two ports, as the children of one process
 * that serves nothing itself. The kernel divides connections among them. They are nodes like those of
 * different machines, and know each other through the database; what the parent adds are one start,
 * restarts, one drain, and answers about all of them.
 */

import { resolve } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { startEmbedded } from "../../postgres/embedded/embedded.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Config } from "../config.ts";
import { listening } from "../listen.ts";
import { memoryOf } from "../platform.ts";
import { Child, type Ready } from "./child.ts";
import type { Answer, Assignment, Query } from "./messages.ts";
import { findPort } from "./ports.ts";

export interface Processes extends Ready {
  /** Drains all of them; rejects where one does not end on its own within the time. */
  drain(withinMs: number): Promise<void>;
}

/** Connections to PostgreSQL that a gateway has at most, and those that the server keeps for others. */
const connectionsOfProcess = 25;
const connectionsOfOthers = 10;

/** Resolves once all accept. Throws what the first one reports that cannot start. */
export async function startProcesses(
  runtime: Pick<Runtime, "machineBytes" | "self">,
  config: Config,
  logger: Logger,
): Promise<Processes> {
  await using stack = new AsyncDisposableStack();
  const shared = await prepare(runtime, config, logger, stack);
  const gather = async (query: Query): Promise<readonly Answer[]> => {
    const answers = await Promise.all(children.map((child) => child.query(query)));
    return answers.filter((each): each is Answer => each !== undefined);
  };
  const command = [...runtime.self, "serve-process"];
  const children: readonly Child[] = Array.from(
    { length: config.processes },
    (_, index) => new Child({ command, assignment: { index, ...shared }, logger, gather }),
  );
  stack.defer(() => children.forEach((child) => child.kill()));
  const [ready] = await allReady(children);
  for (const child of children) void child.supervise();
  const running = stack.move();
  return {
    ...ready,
    async drain(withinMs) {
      const answers = await gather("readinessQueried");
      const withGrace = answers.some(({ value }) => value === true);
      const ends = children.map((child) => child.drain(withGrace));
      const late = setTimeout(() => children.forEach((child) => child.kill()), withinMs);
      const codes = await Promise.all(ends);
      clearTimeout(late);
      await running.disposeAsync();
      if (codes.some((code) => code !== 0)) {
        throw new Error(`processes ended with ${codes.join(", ")}`);
      }
    },
  };
}

async function prepare(
  runtime: Pick<Runtime, "machineBytes">,
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<Omit<Assignment, "index">> {
  const { hostname, metrics, processes: count, ingest } = config;
  const port = await listening("SLUICE_PORT", config, () => findPort(hostname, config.port));
  const grpcPort = await listening("SLUICE_GRPC_PORT", { hostname, port: config.grpcPort }, () =>
    findPort(hostname, config.grpcPort),
  );
  const metricsPort =
    metrics &&
    (await listening("SLUICE_METRICS_PORT", metrics, () =>
      findPort(metrics.hostname, metrics.port),
    ));
  return {
    count,
    port,
    grpcPort,
    metricsPort,
    databaseUrl: config.databaseUrl ?? (await startPostgres(config, logger, stack)),
    memoryBytes: Math.floor(memoryOf(config, runtime) / count),
    inFlightBytesMax: Math.max(ingest.recordBytesMax, Math.floor(ingest.inFlightBytesMax / count)),
  };
}

async function startPostgres(
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<string> {
  const embedded = await startEmbedded({
    dataDir: resolve(config.dataDir),
    cacheMb: config.postgresCacheMb,
    programs: config.postgresPrograms,
    connectionsMax: connectionsOfOthers + config.processes * connectionsOfProcess,
    log: logger,
  });
  stack.defer(() => embedded.stop());
  return embedded.url;
}

/** Where several fail for one reason, it is reported once. */
async function allReady(children: readonly Child[]): Promise<readonly [Ready, ...Ready[]]> {
  try {
    const [first, ...others] = await Promise.all(children.map((child) => child.start()));
    if (first === undefined) throw new Error("there are no processes");
    return [first, ...others];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure("unavailable", message, { cause: error });
  }
}
