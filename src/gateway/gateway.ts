/** The composition: one gateway out of its parts, and how it comes and goes. */
import { systemClock } from "../core/clock.ts";
import { emittersTopic } from "../core/emitters.ts";
import { lifecycleTopic } from "../features/lifecycle/event.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import type { LogDriver } from "../core/log.ts";
import { aheadMsMax, measurementsTopic } from "../features/measurements/measurement.ts";
import type { Logger } from "../core/logger.ts";
import type { Config } from "./config.ts";
import { createCompiler } from "../features/registry/compiler/compiler.ts";
import { Emitters } from "../features/emitters/emitters.ts";
import { createHttpFetch } from "./http.ts";
import { limitHeaders } from "../http/headers.ts";
import { limitOrigins } from "../http/origin.ts";
import { Hub } from "../hub/hub.ts";
import { Collector } from "../ingest/collector.ts";
import { EncodedTopic } from "../ingest/encoded.ts";
import { SchemaGate } from "../ingest/schema-gate.ts";
import { InFlight } from "../ingest/in-flight.ts";
import { Ingest } from "../ingest/ingest.ts";
import { Writer } from "../ingest/writer.ts";
import { AckRules } from "../features/ack-rules/ack-rules.ts";
import { EventIntake } from "../features/lifecycle/intake.ts";
import { lifecycleContract } from "../features/lifecycle/contract.ts";
import { Lifecycles } from "../features/lifecycle/lifecycles.ts";
import { createJetstreamLog } from "../log/jetstream/jetstream-log.ts";
import { connectPostgresLog } from "../log/postgres/connect.ts";
import { runProjection } from "../projection/projection.ts";
import { createRecordSchemas } from "../features/registry/decode/record-schemas.ts";
import { createRegistry } from "../features/registry/registry.ts";
import { createRpc } from "./rpc.ts";
import { measurementContract } from "../features/measurements/contract.ts";
import { followMeasurements, notifyCommits } from "../features/measurements/tail/unprojected.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TopicSettings } from "../core/topic.ts";
import { readRelations } from "../features/relations/store/relations-file.ts";
import { openStore, type Store } from "./store.ts";
import { runRoller } from "../features/measurements/roller.ts";
import { Series } from "../features/measurements/series.ts";
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
    relations: config.relationsFile === undefined ? [] : await readRelations(config.relationsFile),
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

  await makeTopic(log, emittersTopic, config.newTopics, logger);
  await makeTopic(log, lifecycleTopic, { ...config.newTopics, layout: "frames" }, logger);
  await makeTopic(log, measurementsTopic, { ...config.newTopics, layout: "frames" }, logger);
  const timeBounds = { retentionMs: config.seriesRetentionMs, aheadMs: aheadMsMax };
  const schemas = createRecordSchemas(registry, clock);
  const ingestion = {
    log,
    clock,
    gate: new SchemaGate({ log, schemas }),
    forms: new Map([
      [lifecycleTopic, lifecycleContract],
      [measurementsTopic, measurementContract(clock, timeBounds)],
    ]),
    limits: config.ingest,
    inFlight: new InFlight(config.ingest.inFlightBytesMax),
    newTopics: config.createTopics ? config.newTopics : undefined,
  };
  const ingest = new Ingest(ingestion);
  const collector = new Collector(ingestion);
  const lifecycleWriter = new Writer(collector, lifecycleTopic);
  const events = new EventIntake({
    writer: lifecycleWriter,
    append: (topic, records, options) => ingest.appendRecords(topic, records, options),
    clock,
    recordBytesMax: config.ingest.recordBytesMax,
  });
  const lifecycles = new Lifecycles({ log, store: store.lifecycles, clock });
  const stopProjections = new AbortController();
  const measurementTail = followMeasurements({
    log,
    position: () => store.measurementProjection.position(),
    clock,
    logger,
    signal: stopProjections.signal,
  });
  const measurementsTaken = new EncodedTopic(collector, measurementsTopic);
  const projections = [
    ...[store.emitterProjection, ...store.relationProjections].map((target) => ({ target })),
    // Merged before it is written: the larger a batch, the fewer rows an event costs. Twice as many
    // would hold up everything else for 50 ms at a time.
    {
      target: store.lifecycleProjection,
      limits: { records: 5_000, ms: 100 },
      shouldYield: () => lifecycleWriter.isCrowded,
    },
    // Larger batches gain nothing (docs/measurements.md), smaller ones are as many fsyncs more.
    {
      target: notifyCommits(store.measurementProjection, measurementTail.committed),
      limits: { records: 10_000, ms: 200 },
      shouldYield: () => measurementsTaken.isCrowded && measurementTail.hasRoom,
    },
  ].map((projection) =>
    runProjection({
      ...projection,
      log,
      ownership: store.ownership,
      clock,
      logger,
      signal: stopProjections.signal,
    }),
  );
  started.defer(async () => {
    stopProjections.abort();
    await Promise.all([measurementTail.done, ...projections.map(({ done }) => done)]);
  });
  const stopRoller = new AbortController();
  const roller = runRoller({
    store: store.rollups,
    ownership: store.ownership,
    clock,
    logger,
    signal: stopRoller.signal,
    retentionMs: config.seriesRetentionMs,
  });
  started.defer(async () => {
    stopRoller.abort();
    await roller.done;
  });
  const series = new Series({
    store: store.series,
    tail: measurementTail,
    clock,
    retentionMs: config.seriesRetentionMs,
    queriesMax: config.seriesQueriesMax,
  });
  const ackRules = new AckRules({
    log,
    rules: store.ackRules,
    store: store.ackLedger,
    decoder: schemas,
    ownership: store.ownership,
    newTopics: config.newTopics,
    clock,
    logger,
  });
  started.defer(() => ackRules.close());
  const emitters = new Emitters({
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
    events,
    ackRules,
    projections,
    node,
    measurementTail,
    series,
    roller,
  });
  const server = runtime.createServer();
  const rpc = createRpc({
    collector,
    events,
    registry,
    hub,
    log,
    logger,
    messageBytesMax: config.bodyBytesMax,
    notReady: health.notReady,
  });
  const http = createHttpFetch({
    host: server.host,
    log,
    hub,
    ingest,
    emitters,
    events,
    lifecycles,
    ackRules,
    series,
    registry,
    schemas,
    relations: store.relations,
    clock,
    logger,
    limits: config,
    newTopics: config.newTopics,
    origins: config.origins,
    health,
    rpc: rpc.http,
    measurementsIn: {
      topic: measurementsTaken,
      clock,
      bounds: timeBounds,
    },
  });
  // Together: each waits for what is under way, and neither is to take new calls meanwhile.
  started.defer(async () => {
    await Promise.all([server.stop(stopMsMax), rpc.server.stop(stopMsMax)]);
  });
  const port = await listening("SLUICE_PORT", config.port, () =>
    server.listen({
      hostname: config.hostname,
      port: config.port,
      fetch: limitHeaders(limitOrigins(http, config.origins), config.headerBytesMax),
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

/** A face's own topic is there before its first record: it can be followed from the start. */
async function makeTopic(
  log: LogDriver,
  topic: string,
  settings: TopicSettings,
  logger: Logger,
): Promise<void> {
  try {
    await log.create(topic, settings);
  } catch (error) {
    if (failureFrom(error).code !== "conflict") throw error;
    logger("warn", "A topic of Sluice's own keeps the settings that it was made with", {
      topic,
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
