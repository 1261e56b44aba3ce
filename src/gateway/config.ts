/**
 * Settings: read once from the environment, complete afterwards. A setting's default, its check
 * and its reason stand together; all problems are told at once. `docs/settings.md` has each.
 */
import { defaultHubOptions, type HubOptions } from "../hub/options.ts";
import { defaultIngestLimits, type IngestLimits } from "../ingest/limits.ts";
import type { LogLevel } from "../core/logger.ts";
import { parseChoice, parseCount, parseFlag, type Parsed } from "../core/parse.ts";
import { defaultSchema, isSchemaName } from "../postgres/connect.ts";
import type { Environment } from "../runtime/runtime.ts";
import { defaultTopicSettings, type TopicSettings } from "../core/topic.ts";
import { logLevels } from "./json-logger.ts";

export interface Config {
  readonly hostname: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly dataDir: string;
  /** Of the embedded PostgreSQL; 0: a share of the machine's memory. */
  readonly postgresCacheMb: number;
  /** Undefined: PostgreSQL is embedded. */
  readonly databaseUrl: string | undefined;
  /** The schema of the gateway's tables. */
  readonly databaseSchema: string;
  /** Undefined: the log is PostgreSQL, too. */
  readonly natsUrl: string | undefined;
  readonly natsReplicas: number;
  /** How long a lifecycle is kept after its last event, unless its app says otherwise; 0 keeps it. */
  readonly lifecyclesKeptMs: number;
  /** The file that says which topics land in which tables; undefined: none does. */
  readonly relationsFile: string | undefined;
  /** Whether this node runs simulated guests. */
  readonly guests: boolean;
  readonly logLevel: LogLevel;
  /** Other sites whose pages may call this gateway; `*`: all. */
  readonly origins: readonly string[];
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  readonly ingest: IngestLimits;
  readonly hub: HubOptions;
  /** What a topic is made with, unless its maker says otherwise. */
  readonly newTopics: TopicSettings;
  /** How long measurements are kept as rows. */
  readonly seriesRetentionMs: number;
  /** Queries of series that this node answers at once. */
  readonly seriesQueriesMax: number;
  /** Whether a topic comes to be by its first append. */
  readonly createTopics: boolean;
}

export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Cannot start, ${problems.length} of the settings cannot be used:\n  ${problems.join("\n  ")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** Throws `ConfigError` with every problem. */
export function parseConfig(environment: Environment): Config {
  const read = new Settings(environment);
  const hostname = read.text("SLUICE_HOST", "127.0.0.1");
  const insecure = read.flag("SLUICE_INSECURE", false);
  if (!isLoopback(hostname) && !insecure) {
    read.problem(
      `SLUICE_HOST=${hostname} is reachable from outside and nothing asks who calls: say SLUICE_INSECURE=1 if the network is trusted, or use 127.0.0.1`,
    );
  }
  const natsUrl = read.url("NATS_URL", ["nats:", "tls:", "ws:", "wss:"]);
  if (read.optional("KAFKA_BROKERS") !== undefined) {
    read.problem(
      natsUrl === undefined
        ? "KAFKA_BROKERS is set, but this release has no Kafka driver: use NATS_URL or the PostgreSQL log"
        : "NATS_URL and KAFKA_BROKERS are both set: the log is one of them",
    );
  }
  const retention = {
    retentionMs:
      read.number(
        "SLUICE_RETENTION_HOURS",
        defaultTopicSettings.retentionMs / 3_600_000,
        0,
        87_600,
      ) * 3_600_000,
    retentionBytes: read.number(
      "SLUICE_RETENTION_BYTES",
      defaultTopicSettings.retentionBytes,
      0,
      2 ** 50,
    ),
  };
  const config: Config = {
    hostname,
    port: read.number("SLUICE_PORT", 9000, 0, 65_535),
    grpcPort: read.number("SLUICE_GRPC_PORT", 4025, 0, 65_535),
    dataDir: read.text("SLUICE_DATA_DIR", "./data"),
    postgresCacheMb: read.number("SLUICE_POSTGRES_CACHE_MB", 0, 0, 65_536),
    databaseUrl: read.url("DATABASE_URL", ["postgres:", "postgresql:"]),
    databaseSchema: read.schema("SLUICE_DATABASE_SCHEMA", defaultSchema),
    natsUrl,
    natsReplicas: read.number("SLUICE_NATS_REPLICAS", 1, 1, 5),
    // A week: who looks for what went missing may come after a long weekend.
    lifecyclesKeptMs: read.number("SLUICE_LIFECYCLE_HOURS", 168, 0, 87_600) * 3_600_000,
    relationsFile: read.optional("SLUICE_RELATIONS"),
    guests: read.flag("SLUICE_GUESTS", true),
    origins: read.origins("SLUICE_ORIGINS"),
    logLevel: read.choice("SLUICE_LOG_LEVEL", logLevels, "info"),
    // A batch of 40,000 small events; larger ones are better sent as several.
    bodyBytesMax: read.number("SLUICE_BODY_BYTES_MAX", 8 * 1024 * 1024, 1024, 2 ** 30),
    // What proxies pass on by default is less.
    headerBytesMax: read.number("SLUICE_HEADER_BYTES_MAX", 32 * 1024, 1024, 1024 * 1024),
    ingest: {
      ...defaultIngestLimits,
      recordBytesMax: read.number(
        "SLUICE_RECORD_BYTES_MAX",
        defaultIngestLimits.recordBytesMax,
        1,
        2 ** 26,
      ),
      inFlightBytesMax: read.number(
        "SLUICE_IN_FLIGHT_BYTES_MAX",
        defaultIngestLimits.inFlightBytesMax,
        1024,
        2 ** 34,
      ),
      lingerMs: read.number("SLUICE_LINGER_MS", defaultIngestLimits.lingerMs, 0, 10_000),
    },
    hub: {
      ...defaultHubOptions,
      heartbeatMs: read.number("SLUICE_HEARTBEAT_MS", defaultHubOptions.heartbeatMs, 1000, 60_000),
      stallMs: read.number("SLUICE_STALL_MS", defaultHubOptions.stallMs, 1000, 100_000),
      coalesceMs: read.number("SLUICE_COALESCE_MS", defaultHubOptions.coalesceMs, 0, 1000),
      windowBytes: read.number("SLUICE_WINDOW_BYTES", defaultHubOptions.windowBytes, 0, 2 ** 32),
      subscriptionsMax: read.number(
        "SLUICE_SUBSCRIPTIONS_MAX",
        defaultHubOptions.subscriptionsMax,
        1,
        10_000_000,
      ),
    },
    newTopics: { ...defaultTopicSettings, ...retention },
    // A partition an hour: 31 days of them are as many as a query's plan should look at.
    seriesRetentionMs: read.number(
      "SLUICE_SERIES_RETENTION_MS",
      24 * 3_600_000,
      3_600_000,
      31 * 24 * 3_600_000,
    ),
    // Four run in the database at once; of those behind them the last waits for some 100 ms.
    seriesQueriesMax: read.number("SLUICE_SERIES_QUERIES_MAX", 64, 1, 10_000),
    createTopics: read.flag("SLUICE_CREATE_TOPICS", true),
  };
  read.finish();
  return config;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Names that tests, benchmarks and the other commands read. */
const foreignNames = /^SLUICE_(?:(?:TEST|SIM|BENCH)_|(?:GRPC_)?URL$)/;

const oneOrZero = { on: ["1", "true"], off: ["0", "false"] };

class Settings {
  readonly #environment: Environment;
  readonly #known = new Set<string>();
  readonly #problems: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** Undefined when it is unset or empty. */
  optional(name: string): string | undefined {
    this.#known.add(name);
    const text = this.#environment[name];
    return text === undefined || text === "" ? undefined : text;
  }

  text(name: string, byDefault: string): string {
    return this.optional(name) ?? byDefault;
  }

  number(name: string, byDefault: number, min: number, max: number): number {
    return this.#parsed(name, byDefault, (text) => parseCount(text, min, max));
  }

  flag(name: string, byDefault: boolean): boolean {
    return this.#parsed(name, byDefault, (text) => parseFlag(text, oneOrZero));
  }

  choice<Choice extends string>(
    name: string,
    choices: readonly Choice[],
    byDefault: Choice,
  ): Choice {
    return this.#parsed(name, byDefault, (text) => parseChoice(text, choices));
  }

  url(name: string, protocols: readonly string[]): string | undefined {
    const text = this.optional(name);
    if (text === undefined) return undefined;
    // Several servers of one cluster are separated by commas.
    const bad = text
      .split(",")
      .find((part) => !URL.canParse(part) || !protocols.includes(new URL(part).protocol));
    // A URL may hold a password: only its name is told.
    if (bad !== undefined) {
      this.problem(
        `${name}: expected a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`,
      );
    }
    return text;
  }

  schema(name: string, byDefault: string): string {
    const text = this.optional(name);
    if (text === undefined || isSchemaName(text)) return text ?? byDefault;
    this.problem(
      `${name}=${text}: expected the name of a schema, at most 40 of a-z, 0-9 and _, no digit first, and none of PostgreSQL's own or relations`,
    );
    return byDefault;
  }

  origins(name: string): readonly string[] {
    const given = (this.optional(name) ?? "").split(",").map((origin) => origin.trim());
    const wanted = given.filter((origin) => origin !== "");
    for (const origin of wanted) {
      if (origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
      this.problem(`${name}: ${origin} is no origin, expected one like https://example.com, or *`);
    }
    return wanted;
  }

  #parsed<Value>(name: string, byDefault: Value, parse: (text: string) => Parsed<Value>): Value {
    const text = this.optional(name);
    if (text === undefined) return byDefault;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    this.problem(`${name}=${text}: expected ${parsed.expected}`);
    return byDefault;
  }

  finish(): void {
    for (const name of Object.keys(this.#environment)) {
      if (name.startsWith("SLUICE_") && !this.#known.has(name) && !foreignNames.test(name)) {
        this.problem(`${name}: there is no such setting`);
      }
    }
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }
}
