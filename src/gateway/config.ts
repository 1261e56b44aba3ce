/**
 * The settings of a gateway, read once from the environment and complete afterwards. Each setting's
 * default, bounds and reason are in one place here; `docs/settings.md` describes each for users.
 */

import { availableParallelism } from "node:os";
import process from "node:process";
import type { LogLevel } from "../core/logger.ts";
import { defaultTopicSettings, type TopicSettings } from "../core/topic.ts";
import { defaultRegistryOptions, type RegistryOptions } from "../features/registry/options.ts";
import { defaultHubOptions, type HubOptions } from "../hub/options.ts";
import { defaultIngestLimits, type IngestLimits } from "../ingest/limits.ts";
import { defaultPageOptions, type PageOptions } from "../log/pages.ts";
import { defaultSchema } from "../postgres/connect.ts";
import { defaultSessionLimits, type SessionLimits } from "../rpc/sessions.ts";
import type { Environment } from "../runtime/runtime.ts";
import { type HostRules, parseAuthority } from "./authority.ts";
import { type AccessConfig, parseAccess } from "./config-access.ts";
import {
  type ClientTlsFiles,
  type NatsLogin,
  parseDatabaseTls,
  parseNatsLogin,
  parseNatsTls,
} from "./config-services.ts";
import { parseProxies, parseTls, type TlsFiles } from "./config-tls.ts";
import { logLevels } from "./json-logger.ts";
import type { ProxyConfig } from "./proxies.ts";
import { Settings } from "./settings.ts";

const hourMs = 3_600_000;

export interface Config {
  readonly hostname: string;
  readonly port: number;
  readonly grpcPort: number;
  /** Gateways on the same ports, each a process. */
  readonly processes: number;
  /** Where `/metrics` is served without a credential; undefined: nowhere. */
  readonly metrics: { readonly hostname: string; readonly port: number } | undefined;
  /** Undefined: both listeners are without TLS. */
  readonly tls: TlsFiles | undefined;
  readonly proxies: ProxyConfig;
  readonly dataDir: string;
  /** Cache of the embedded PostgreSQL; 0: a share of the machine's memory. */
  readonly postgresCacheMb: number;
  /** Folder of the embedded PostgreSQL's programs; undefined: found. */
  readonly postgresPrograms: string | undefined;
  /** Undefined: PostgreSQL is embedded. */
  readonly databaseUrl: string | undefined;
  readonly databaseTls: ClientTlsFiles;
  /** The schema of the gateway's tables. */
  readonly databaseSchema: string;
  /** Undefined: the log is in PostgreSQL. */
  readonly natsUrl: string | undefined;
  readonly natsTls: ClientTlsFiles;
  /** Undefined: as the URL says. */
  readonly natsLogin: NatsLogin | undefined;
  readonly natsReplicas: number;
  /** How long a start waits for PostgreSQL, and for NATS. */
  readonly startMs: number;
  /** Retention of a lifecycle after its last event, unless its app sets its own; 0 keeps it forever. */
  readonly lifecyclesKeptMs: number;
  /** File that maps topics to tables; undefined: no topic is mapped. */
  readonly relationsFile: string | undefined;
  /** How long a draining node goes on serving, and is not ready. */
  readonly drainGraceMs: number;
  /** Whether this node runs simulated guests. */
  readonly guests: boolean;
  /** Whether callers may start simulators on it. */
  readonly demo: boolean;
  /** Where spans are sent, without `/v1/traces`; undefined: none are made. */
  readonly otlpEndpoint: string | undefined;
  readonly logLevel: LogLevel;
  /** Whether each request is logged. */
  readonly accessLog: boolean;
  readonly access: AccessConfig;
  /** Names of this node that requests may use. */
  readonly hosts: HostRules;
  /** Prefix of every address, which a proxy keeps; empty: none. */
  readonly basePath: string;
  /** Other sites whose pages may call this gateway; `*`: all. */
  readonly origins: readonly string[];
  readonly bodyBytesMax: number;
  /** Bytes a second below which a body is given up. */
  readonly bodyRateMin: number;
  /** Bytes that callers may make this node keep; 0: a part of the machine's. */
  readonly memoryBytes: number;
  readonly headerBytesMax: number;
  readonly sessions: SessionLimits;
  readonly ingest: IngestLimits;
  readonly registry: RegistryOptions;
  readonly hub: HubOptions;
  readonly pages: PageOptions;
  /** Settings of a topic whose creator leaves them out. */
  readonly newTopics: TopicSettings;
  /** Retention of measurements as rows. */
  readonly seriesRetentionMs: number;
  /** Number of series queries that this node answers at once. */
  readonly seriesQueriesMax: number;
  /** Whether the first append creates a missing topic. */
  readonly createTopics: boolean;
  readonly bounds: Bounds;
}

/** How many of the things that callers create there may be, on all nodes together. */
export interface Bounds {
  readonly topicsMax: number;
  /** Ended ones count until their rows are dropped. */
  readonly emittersMax: number;
  /** Events per second of all guests. */
  readonly guestRateMax: number;
  readonly ackRulesMax: number;
  /** Tags of measurements. */
  readonly tagsMax: number;
  /** Idempotent producers that the PostgreSQL log remembers. */
  readonly producersMax: number;
}

/** Throws `ConfigError` with every problem. */
export function parseConfig(environment: Environment): Config {
  const read = new Settings(environment);
  const hostname = read.text("SLUICE_HOST", "127.0.0.1");
  const insecure = read.flag("SLUICE_INSECURE", false);
  const natsUrl = read.url("NATS_URL", ["nats:", "tls:"]);
  const databaseUrl = read.url("DATABASE_URL", ["postgres:", "postgresql:"]);
  if (read.optional("KAFKA_BROKERS") !== undefined) {
    read.problem(
      natsUrl === undefined
        ? "KAFKA_BROKERS is set, but this release has no Kafka driver: use NATS_URL or the PostgreSQL log"
        : "NATS_URL and KAFKA_BROKERS are both set: the log is one of them",
    );
  }
  const config: Config = {
    hostname,
    port: read.number("SLUICE_PORT", 9000, 0, 65_535),
    grpcPort: read.number("SLUICE_GRPC_PORT", 4025, 0, 65_535),
    processes: parseProcesses(read),
    metrics: parseMetrics(read),
    tls: parseTls(read),
    proxies: parseProxies(read),
    dataDir: read.text("SLUICE_DATA_DIR", "./data"),
    postgresCacheMb: read.number("SLUICE_POSTGRES_CACHE_MB", 0, 0, 65_536),
    postgresPrograms: read.optional("SLUICE_POSTGRES_BIN"),
    databaseUrl,
    databaseTls: parseDatabaseTls(read, databaseUrl),
    databaseSchema: read.schema("SLUICE_DATABASE_SCHEMA", defaultSchema),
    natsUrl,
    natsTls: parseNatsTls(read),
    natsLogin: parseNatsLogin(read),
    natsReplicas: read.number("SLUICE_NATS_REPLICAS", 1, 1, 5),
    // A database that starts on the same machine, and recovers, is there by then.
    startMs: read.number("SLUICE_START_MS", 30_000, 0, 3_600_000),
    // A week, so that a loss can still be looked into after a long weekend.
    lifecyclesKeptMs: read.number("SLUICE_LIFECYCLE_HOURS", 168, 0, 87_600) * hourMs,
    relationsFile: read.optional("SLUICE_RELATIONS"),
    // Balancers query once a second or two; with the rest of a drain it is less than 10 s.
    drainGraceMs: read.number("SLUICE_DRAIN_GRACE_MS", 2000, 0, 300_000),
    guests: read.flag("SLUICE_GUESTS", true),
    demo: read.flag("SLUICE_DEMO", false),
    access: parseAccess(read, insecure || isLoopback(hostname)),
    hosts: parseHosts(read, hostname),
    origins: read.origins("SLUICE_ORIGINS"),
    basePath: read.basePath("SLUICE_BASE_PATH"),
    otlpEndpoint: read.url("OTEL_EXPORTER_OTLP_ENDPOINT", ["http:", "https:"]),
    accessLog: read.flag("SLUICE_ACCESS_LOG", false),
    logLevel: read.choice("SLUICE_LOG_LEVEL", logLevels, "info"),
    // A batch of 40,000 small events; larger batches are better sent in parts.
    bodyBytesMax: read.number("SLUICE_BODY_BYTES_MAX", 8 * 1024 * 1024, 1024, 2 ** 30),
    // A modem of 1998: less is a connection that is kept on purpose.
    bodyRateMin: read.number("SLUICE_BODY_RATE_MIN", 1024, 1, 2 ** 30),
    memoryBytes: read.number("SLUICE_MEMORY_BYTES", 0, 0, 2 ** 44),
    // More than proxies pass on by default.
    headerBytesMax: read.number("SLUICE_HEADER_BYTES_MAX", 32 * 1024, 1024, 1024 * 1024),
    sessions: {
      ...defaultSessionLimits,
      countMax: read.number(
        "SLUICE_GRPC_CONNECTIONS_MAX",
        defaultSessionLimits.countMax,
        1,
        1_000_000,
      ),
      idleMs: read.number("SLUICE_GRPC_IDLE_MS", defaultSessionLimits.idleMs, 1000, 86_400_000),
    },
    ingest: parseIngest(read),
    registry: parseRegistry(read),
    hub: parseHub(read),
    pages: parsePages(read),
    newTopics: parseNewTopics(read),
    // One partition per hour: a query should not have to plan over more than 31 days of them.
    seriesRetentionMs: read.number(
      "SLUICE_SERIES_RETENTION_MS",
      24 * hourMs,
      hourMs,
      31 * 24 * hourMs,
    ),
    // Four run in the database at once; the last of those queued waits some 100 ms.
    seriesQueriesMax: read.number("SLUICE_SERIES_QUERIES_MAX", 64, 1, 10_000),
    createTopics: read.flag("SLUICE_CREATE_TOPICS", true),
    bounds: parseBounds(read),
  };
  read.finish();
  return config;
}

/** The name that the listeners are bound to is one of the node's in any case. */
function parseHosts(read: Settings, hostname: string): HostRules {
  const bound = parseAuthority(hostname.includes(":") ? `[${hostname}]` : hostname)?.hostname;
  const names = read.hosts("SLUICE_HOSTS");
  return {
    names: bound === undefined ? names : [...names, bound],
    isReachable: !isLoopback(hostname),
  };
}

/** A separate host, so that records may be reachable from networks that numbers are not, and vice versa. */
function parseMetrics(read: Settings): Config["metrics"] {
  const hostname = read.text("SLUICE_METRICS_HOST", "127.0.0.1");
  const isOpen = read.optional("SLUICE_METRICS_PORT") !== undefined;
  const port = read.number("SLUICE_METRICS_PORT", 0, 0, 65_535);
  return isOpen ? { hostname, port } : undefined;
}

function parseIngest(read: Settings): IngestLimits {
  const byDefault = defaultIngestLimits;
  return {
    ...byDefault,
    recordBytesMax: read.number("SLUICE_RECORD_BYTES_MAX", byDefault.recordBytesMax, 1, 2 ** 26),
    batchRecordsMax: read.number(
      "SLUICE_BATCH_RECORDS_MAX",
      byDefault.batchRecordsMax,
      1,
      1_000_000,
    ),
    inFlightBytesMax: read.number(
      "SLUICE_IN_FLIGHT_BYTES_MAX",
      byDefault.inFlightBytesMax,
      1024,
      2 ** 34,
    ),
    lingerMs: read.number("SLUICE_LINGER_MS", byDefault.lingerMs, 0, 10_000),
  };
}

function parseRegistry(read: Settings): RegistryOptions {
  const byDefault = defaultRegistryOptions;
  return {
    ruleStepsMax: read.number("SLUICE_RULE_STEPS_MAX", byDefault.ruleStepsMax, 1000, 100_000_000),
    subjectsMax: read.number("SLUICE_SUBJECTS_MAX", byDefault.subjectsMax, 1, 1_000_000),
    versionsMax: read.number("SLUICE_SCHEMAS_MAX", byDefault.versionsMax, 1, 1_000_000),
  };
}

function parseBounds(read: Settings): Bounds {
  return {
    // JetStream takes some 100 kB of its memory for a stream, PostgreSQL a row and an index entry.
    topicsMax: read.number("SLUICE_TOPICS_MAX", 10_000, 10, 10_000_000),
    emittersMax: read.number("SLUICE_EMITTERS_MAX", 1_000_000, 1, 1_000_000_000),
    // A tenth of what a small machine takes: simulated traffic must leave room for real one.
    guestRateMax: read.number("SLUICE_GUEST_RATE_MAX", 10_000, 1, 10_000_000),
    // Each rule has its own readers on its owner's node, and costs every other node a query a second.
    ackRulesMax: read.number("SLUICE_ACK_RULES_MAX", 64, 1, 10_000),
    // Their ids are int4. A node that has reached the bound keeps twenty bits for each tag.
    producersMax: read.number("SLUICE_PRODUCERS_MAX", 1_000_000, 10, 100_000_000),
    tagsMax: read.number("SLUICE_TAGS_MAX", 1_000_000, 1, 100_000_000),
  };
}

function parseHub(read: Settings): HubOptions {
  const byDefault = defaultHubOptions;
  return {
    ...byDefault,
    heartbeatMs: read.number("SLUICE_HEARTBEAT_MS", byDefault.heartbeatMs, 1000, 60_000),
    stallMs: read.number("SLUICE_STALL_MS", byDefault.stallMs, 1000, 100_000),
    coalesceMs: read.number("SLUICE_COALESCE_MS", byDefault.coalesceMs, 0, 1000),
    windowBytes: read.number("SLUICE_WINDOW_BYTES", byDefault.windowBytes, 0, 2 ** 32),
    subscriptionsMax: read.number(
      "SLUICE_SUBSCRIPTIONS_MAX",
      byDefault.subscriptionsMax,
      1,
      10_000_000,
    ),
  };
}

function parsePages(read: Settings): PageOptions {
  const { bytesMax, searchMs } = defaultPageOptions;
  return {
    bytesMax: read.number("SLUICE_PAGE_BYTES_MAX", bytesMax, 1024, 2 ** 30),
    searchMs: read.number("SLUICE_SEARCH_MS_MAX", searchMs, 10, 60_000),
  };
}

function parseNewTopics(read: Settings): TopicSettings {
  const byDefault = defaultTopicSettings;
  const hours = read.number("SLUICE_RETENTION_HOURS", byDefault.retentionMs / hourMs, 0, 87_600);
  return {
    ...byDefault,
    retentionMs: hours * hourMs,
    retentionBytes: read.number("SLUICE_RETENTION_BYTES", byDefault.retentionBytes, 0, 2 ** 50),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** `auto`: as many as there are processors. Elsewhere the kernel gives all connections to one of them. */
function parseProcesses(read: Settings): number {
  const isDivided = process.platform === "linux";
  if (read.optional("SLUICE_PROCESSES") === "auto") return isDivided ? availableParallelism() : 1;
  const count = read.number("SLUICE_PROCESSES", 1, 1, 256);
  if (count === 1 || isDivided) return count;
  read.problem(
    `SLUICE_PROCESSES=${count}: only Linux divides the connections of a port among processes, expected 1 or auto`,
  );
  return 1;
}
