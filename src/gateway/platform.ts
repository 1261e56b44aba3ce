/**
 * The engine that all features share, in two steps: PostgreSQL and the log first, then what takes
 * records, which needs the registry's schemas.
 */

import type { Guard } from "../core/access/guard.ts";
import { MemoryAccount } from "../core/budget/memory.ts";
import { Quota } from "../core/budget/quota.ts";
import { Turns } from "../core/budget/turn.ts";
import { build } from "../core/build.ts";
import { systemClock } from "../core/clock.ts";
import type { Host } from "../core/host.ts";
import type { LogDriver } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import { createCounters } from "../core/metrics/counters.ts";
import type { RecordChecks } from "../core/schemas.ts";
import type { TopicSettings } from "../core/topic.ts";
import type { Tracing } from "../core/trace/trace.ts";
import type { Foundation, Platform } from "../features/part.ts";
import { openTracing, type TracingOptions } from "../features/telemetry/tracing.ts";
import { RuleChanges } from "../features/topics/rule-changes.ts";
import { createRuleChangeStore } from "../features/topics/store/rule-change-store.ts";
import { createTopicLock } from "../features/topics/store/topic-lock.ts";
import { Bodies } from "../http/body.ts";
import { Sockets } from "../http/sockets.ts";
import { Hub } from "../hub/hub.ts";
import { Collector } from "../ingest/collector.ts";
import { InFlight } from "../ingest/in-flight.ts";
import { Ingest } from "../ingest/ingest.ts";
import { SchemaGate } from "../ingest/schema-gate.ts";
import { TopicRules } from "../ingest/topic-rules.ts";
import { Topics } from "../ingest/topics.ts";
import { Pages } from "../log/pages.ts";
import { PostgresLog } from "../log/postgres/postgres-log.ts";
import type { DatabaseAddress } from "../postgres/connect.ts";
import { DatabaseClock } from "../postgres/database-clock.ts";
import { type Database, openDatabase } from "../postgres/database.ts";
import { startEmbedded } from "../postgres/embedded/embedded.ts";
import { migrate } from "../postgres/migrate.ts";
import { createOwnership } from "../postgres/ownership.ts";
import { probe } from "../postgres/probe.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Config } from "./config.ts";
import { GarbageGuard } from "./garbage.ts";
import { reach } from "./reach.ts";
import { readClientTls, readNatsLogin } from "./tls/client.ts";
import { WatchedLog } from "./watched-log.ts";

/**
 * Parts of the node's memory. Together they are less than all of it: bytes are copied on their way, and
 * what was released is not collected at once.
 */
const shares = { receiving: 1 / 8, answers: 1 / 8, windows: 1 / 4 } as const;

/** What callers may make a node keep. */
export function memoryOf(
  { memoryBytes }: Pick<Config, "memoryBytes">,
  runtime: Pick<Runtime, "machineBytes">,
): number {
  return memoryBytes === 0 ? defaultMemory(runtime.machineBytes()) : memoryBytes;
}

/** A quarter of the machine or container, which the embedded PostgreSQL and others share. */
function defaultMemory(machineBytes: number): number {
  return Math.min(8 * gibi, Math.max(gibi / 2, machineBytes / 4));
}

const gibi = 1024 ** 3;

/** Queries of series that the database works on at once: twice its cores on a small machine. */
const readConnections = 4;

export interface FoundationOptions {
  readonly runtime: Pick<Runtime, "machineBytes" | "memoryBytes" | "collectGarbage">;
  readonly config: Config;
  readonly logger: Logger;
}

export interface OpenedFoundation extends Foundation {
  readonly log: WatchedLog;
  /** Names that this node owns. */
  readonly owned: () => readonly string[];
  /** Throws `unavailable` when PostgreSQL does not answer. */
  ping(): Promise<void>;
}

/** Starts PostgreSQL unless one is given, brings it to this release's tables, and opens the log. */
export async function openFoundation(
  { runtime, config, logger }: FoundationOptions,
  stack: AsyncDisposableStack,
): Promise<OpenedFoundation> {
  const clock = systemClock;
  const node = crypto.randomUUID();
  const counters = createCounters();
  const tracing = await openTraces(config, { node, logger }, stack);
  const url = config.databaseUrl ?? (await startPostgres(config, logger, stack));
  const tls = await readClientTls(config.databaseTls);
  const address = { url, schema: config.databaseSchema, tls };
  const patience = { clock, logger, withinMs: config.startMs };
  const postgres = { name: "PostgreSQL", setting: "DATABASE_URL", url };
  const { movedTables } = await reach(postgres, patience, async () => {
    await probe(address, clock);
    return await migrate(address);
  });
  if (movedTables > 0) {
    const fields = { schema: config.databaseSchema, tables: movedTables };
    logger("info", "moved the tables of an older release out of public", fields);
  }
  const database = openDatabase(address);
  stack.defer(() => database.close());
  const reads = openDatabase({ ...address, connectionsMax: readConnections, plansOnce: true });
  stack.defer(() => reads.close());
  const ownership = createOwnership({ ...address, clock, logger });
  stack.defer(() => ownership.close());
  const databaseClock = new DatabaseClock({ clock, logger, query: () => timeOf(database) });
  await databaseClock.compare();
  const driver = await openLog(address, { config, logger, databaseClock });
  const log = new WatchedLog(driver, { clock, logger, tracing, topics: counters.records.topics });
  stack.defer(() => log.close());
  const turns = new Turns();
  const memory = new MemoryAccount(memoryOf(config, runtime));
  const garbage = new GarbageGuard({ clock, runtime, bytesMax: memory.totalBytes });
  stack.defer(() => garbage.close());
  const receiving = memory.share("receiving", shares.receiving);
  const bodies = new Bodies({
    bytesMax: config.bodyBytesMax,
    rateMin: config.bodyRateMin,
    turns,
    receiving,
  });
  return {
    // Records with a wrong time would be dropped too early or too late.
    clock: databaseClock,
    turns,
    memory,
    receiving,
    bodies,
    logger,
    log,
    database,
    reads,
    ownership,
    databaseClock,
    newTopics: config.newTopics,
    node,
    tracing,
    counters,
    owned: () => ownership.owned(),
    async ping() {
      await databaseClock.compare();
    },
  };
}

export interface EngineOptions {
  readonly config: Config;
  readonly host: Host;
  readonly schemas: RecordChecks;
  /** What notes in which topics schemas are used. */
  readonly uses: { forget(topic: string): void };
  readonly guard: Guard;
}

export function openEngine(
  foundation: Foundation,
  { config, host, schemas, uses, guard }: EngineOptions,
  stack: AsyncDisposableStack,
): Platform {
  const { log, clock, logger, turns, memory, receiving, tracing } = foundation;
  const rules = new TopicRules();
  const topicQuota = new Quota({
    what: "topics",
    max: config.bounds.topicsMax,
    setting: "SLUICE_TOPICS_MAX",
    clock,
    count: () => log.count(),
  });
  const gate = new SchemaGate({ log, schemas });
  const store = createRuleChangeStore(foundation.database);
  const ruleChanges = new RuleChanges({ store, clock, logger, gate });
  ruleChanges.start();
  stack.defer(() => ruleChanges.close());
  const topics = new Topics({
    ...{ log, rules, logger, quota: topicQuota, newTopics: config.newTopics },
    announceRule: (topic) => ruleChanges.announce(topic),
    // PostgreSQL writes the settings that change; JetStream writes all, as they were read before.
    exclusively:
      log.driver === "jetstream"
        ? createTopicLock(foundation.database)
        : (_topic, change) => change(),
    onRemoved: (topic) => uses.forget(topic),
  });
  const ingestion = {
    log: { append: log.append.bind(log), create: createdByAppend(topics, logger) },
    clock,
    gate,
    rules,
    turns,
    limits: config.ingest,
    inFlight: new InFlight(config.ingest.inFlightBytesMax, () =>
      foundation.counters.limitsHit.add("in_flight"),
    ),
    newTopics: config.createTopics ? config.newTopics : undefined,
    counts: foundation.counters.records,
  };
  const { inFlight } = ingestion;
  memory.show("in_flight", () => inFlight);
  const windows = memory.share("windows", shares.windows);
  const hub = new Hub({ log, clock, logger, options: config.hub, windows, turns, tracing });
  stack.defer(() => hub.close());
  const answers = memory.share("answers", shares.answers);
  const { stallMs } = config.hub;
  const pages = new Pages({ log, clock, turns, options: config.pages });
  return {
    ...foundation,
    guard,
    host,
    hub,
    sockets: new Sockets({ host, clock, logger, turns, receiving, answers, stallMs }),
    answers,
    stallMs,
    pages,
    ingest: new Ingest(ingestion),
    collector: new Collector(ingestion),
    origins: config.origins,
    basePath: config.basePath,
    rules,
    topics,
    topicQuota,
    async internalTopic(topic, settings, rule) {
      rules.declare(topic, rule);
      await createInternalTopic(log, topic, settings, logger);
    },
  };
}

/** Opened first, so closed last: what the others do while they close is sent. */
async function openTraces(
  { otlpEndpoint: endpoint }: Config,
  deps: Pick<TracingOptions, "node" | "logger">,
  stack: AsyncDisposableStack,
): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined;
  const tracing = await openTracing({ ...deps, endpoint, version: build.version });
  stack.defer(() => tracing.close());
  return tracing;
}

async function startPostgres(
  config: Config,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<string> {
  const embedded = await startEmbedded({
    dataDir: config.dataDir,
    cacheMb: config.postgresCacheMb,
    programs: config.postgresPrograms,
    log: logger,
  });
  stack.defer(() => embedded.stop());
  return embedded.url;
}

/** The append is that of all callers whose records came together, so none of them is named. */
function createdByAppend(topics: Topics, logger: Logger): Topics["create"] {
  return async (name, settings) => {
    const topic = await topics.create(name, settings);
    logger("audit", "create topic", { resource: `topic:${name}`, by: "its first append" });
    return topic;
  };
}

/** In nanoseconds since the Unix epoch. */
async function timeOf({ run, sql }: Database): Promise<bigint> {
  const [row] = await run(
    () => sql<{ us: string }[]>`select (extract(epoch from clock_timestamp()) * 1e6)::bigint as us`,
  );
  return BigInt(row?.us ?? 0) * 1000n;
}

async function openLog(
  address: DatabaseAddress,
  {
    config,
    logger,
    databaseClock,
  }: Pick<FoundationOptions, "config" | "logger"> & Pick<Foundation, "databaseClock">,
): Promise<LogDriver> {
  const clock = systemClock;
  const { natsUrl, natsReplicas, startMs } = config;
  if (natsUrl === undefined) {
    const { producersMax } = config.bounds;
    const beforeSweep = () => databaseClock.sweepNs();
    const options = { ...address, clock: databaseClock, logger, beforeSweep, producersMax };
    return new PostgresLog(options);
  }
  // Loaded on demand: without NATS its client would take memory for nothing.
  const { createJetstreamLog } = await import("../log/jetstream/jetstream-log.ts");
  const nats = { name: "NATS", setting: "NATS_URL", url: natsUrl };
  const tls = await readClientTls(config.natsTls);
  const login = await readNatsLogin(config.natsLogin);
  const options = { url: natsUrl, tls, login, replicas: natsReplicas, clock, logger };
  return await reach(nats, { clock, logger, withinMs: startMs }, async () => {
    const log = await createJetstreamLog(options);
    try {
      await log.ping();
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  });
}

/**
 * Callers cannot change an internal topic, so its retention follows the settings of the node that started
 * last. One that exists with another layout keeps it.
 */
async function createInternalTopic(
  log: LogDriver,
  topic: string,
  settings: TopicSettings,
  logger: Logger,
): Promise<void> {
  const existing = await log.describe(topic);
  if (existing === undefined) {
    await log.create(topic, settings);
    return;
  }
  const { layout, schema, ...retention } = existing.settings;
  if (layout !== settings.layout || schema !== settings.schema) {
    logger("warn", "internal topic keeps the layout it was created with", { topic, layout });
  }
  const { retentionMs, retentionBytes } = settings;
  if (retention.retentionMs === retentionMs && retention.retentionBytes === retentionBytes) return;
  await log.change(topic, { retentionMs, retentionBytes });
  const fields = { topic, retention_ms: retentionMs, retention_bytes: retentionBytes };
  logger("info", "internal topic has the retention of the settings", fields);
}
