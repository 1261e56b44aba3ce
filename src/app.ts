/** The composition: one gateway out of its parts, and how it comes and goes. */
import { systemClock } from "./core/clock.ts";
import { emittersTopic } from "./core/emitters.ts";
import { Failure, failureFrom } from "./core/failure.ts";
import type { LogDriver } from "./core/log.ts";
import type { Logger } from "./core/logger.ts";
import type { Config } from "./config.ts";
import { createCompiler } from "./compiler/compiler.ts";
import { createEmitters } from "./emitters/emitters.ts";
import { createHttpApp } from "./http/app.ts";
import { limitHeaders } from "./http/headers.ts";
import { limitOrigins } from "./http/origin.ts";
import { Hub } from "./hub/hub.ts";
import { Collector } from "./ingest/collector.ts";
import { InFlight } from "./ingest/in-flight.ts";
import { Ingest } from "./ingest/ingest.ts";
import { createJetstreamLog } from "./log/jetstream/jetstream-log.ts";
import { connectPostgresLog } from "./log/postgres/connect.ts";
import { runProjection } from "./projection/projection.ts";
import { createRegistry } from "./registry/registry.ts";
import { createRpc } from "./rpc/rpc.ts";
import type { Runtime } from "./core/runtime.ts";
import { openStore, type Store } from "./store/store.ts";
import { createGatewayHealth } from "./health.ts";

const clock = systemClock;
/** How long a stop waits for calls that are under way: what comes after it has to fit into 10 s, too. */
const stopMsMax = 3000;

export interface Gateway {
  readonly url: string;
  readonly grpcUrl: string;
  /** Stops accepting, finishes what is in flight, flushes, commits, closes streams. */
  drain(): Promise<void>;
}

/** Starts everything; what was started is stopped again when a later part cannot be had. */
export async function startGateway(
  runtime: Runtime,
  config: Config,
  logger: Logger,
): Promise<Gateway> {
  await using started = new AsyncDisposableStack();
  const node = crypto.randomUUID();

  const store = await openStore({
    ...config,
    rowsKeptMs: config.newTopics.retentionMs,
    clock,
    logger,
  });
  started.defer(() => store.close());
  const registry = createRegistry({
    store: store.registry,
    compiler: createCompiler(),
    clock,
    logger,
  });
  started.defer(() => registry.close());
  const log = await openLog(config, store, logger);
  started.defer(() => log.close());

  await makeEmittersTopic(log, config, logger);
  const gate = {
    log,
    clock,
    limits: config.ingest,
    inFlight: new InFlight(config.ingest.inFlightBytesMax),
    newTopics: config.createTopics ? config.newTopics : undefined,
  };
  const ingest = new Ingest(gate);
  const collector = new Collector(gate);
  const stopProjections = new AbortController();
  const projection = runProjection({
    log,
    target: store.emitterProjection,
    ownership: store.ownership,
    clock,
    logger,
    signal: stopProjections.signal,
  });
  started.defer(async () => {
    stopProjections.abort();
    await projection.done;
  });
  const emitters = createEmitters({
    log,
    append: (topic, records, options) => ingest.appendRecords(topic, records, options),
    store: store.emitters,
    pages: store.emitterPages,
    leases: store.guestLeases,
    clock,
    logger,
    node,
    guests: config.guests,
  });
  started.defer(() => emitters.close());
  const hub = new Hub({ log, clock, logger, options: config.hub });
  started.defer(() => hub.close());

  const health = createGatewayHealth({
    runtime,
    clock,
    log,
    store,
    hub,
    ingest,
    emitters,
    projection,
    node,
  });
  const server = runtime.createServer();
  const rpc = createRpc({
    collector,
    registry,
    hub,
    log,
    logger,
    messageBytesMax: config.bodyBytesMax,
    notReady: health.notReady,
  });
  const http = createHttpApp({
    host: server.host,
    log,
    hub,
    ingest,
    emitters,
    registry,
    clock,
    logger,
    limits: config,
    newTopics: config.newTopics,
    origins: config.origins,
    health,
    rpc: rpc.http,
  });
  // Together: each waits for what is under way, and neither is to take new calls meanwhile.
  started.defer(async () => {
    await Promise.all([server.stop(stopMsMax), rpc.server.stop(stopMsMax)]);
  });
  const port = await listening("SLUICE_PORT", config.port, () =>
    server.listen({
      hostname: config.hostname,
      port: config.port,
      fetch: limitHeaders(
        limitOrigins((request) => http.fetch(request), config.origins),
        config.headerBytesMax,
      ),
    }),
  );
  const grpcPort = await listening("SLUICE_GRPC_PORT", config.grpcPort, () =>
    rpc.server.listen(config.hostname, config.grpcPort),
  );

  const parts = started.move();
  const shown = config.hostname.includes(":") ? `[${config.hostname}]` : config.hostname;
  return {
    url: `http://${shown}:${port}`,
    grpcUrl: `http://${shown}:${grpcPort}`,
    async drain() {
      health.drain();
      // In the reverse order of starting: faces first, the store last. The hub goes before the
      // listeners, so that every stream is told its last position.
      hub.close();
      await parts.disposeAsync();
    },
  };
}

async function openLog(config: Config, store: Store, logger: Logger): Promise<LogDriver> {
  if (config.natsUrl === undefined) return connectPostgresLog({ url: store.url, clock, logger });
  return await createJetstreamLog({
    url: config.natsUrl,
    replicas: config.natsReplicas,
    clock,
    logger,
  });
}

/** It is there before the first emitter: one that nobody has written to yet can be followed. */
async function makeEmittersTopic(log: LogDriver, config: Config, logger: Logger): Promise<void> {
  try {
    await log.create(emittersTopic, config.newTopics);
  } catch (error) {
    if (failureFrom(error).code !== "conflict") throw error;
    logger("warn", "The emitters' topic keeps the retention that it was made with", {
      reason: failureFrom(error).message,
    });
  }
}

/** A port that cannot be had is the commonest failure of a start: it gets its own words. */
async function listening(
  setting: string,
  port: number,
  listen: () => Promise<number>,
): Promise<number> {
  try {
    return await listen();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") {
      throw new Failure(
        "conflict",
        `Cannot listen on port ${port}: another program has it, set ${setting} to another one`,
        { cause: error },
      );
    }
    if (code === "EACCES") {
      throw new Failure(
        "forbidden",
        `Cannot listen on port ${port}: this user may not, set ${setting} above 1023`,
        { cause: error },
      );
    }
    throw error;
  }
}
