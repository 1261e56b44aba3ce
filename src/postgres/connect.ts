/** The one way to connect to PostgreSQL: what all connections share; each use adds its own bounds. */

import postgres, { type Options, type Sql } from "postgres";
import { type DatabaseTls, sslOptions, withoutSslMode } from "./tls.ts";

/** Where a gateway's tables are. */
export interface DatabaseAddress {
  readonly url: string;
  /** Schema of the tables; `sluice` when left out. */
  readonly schema?: string;
  /** Certificates, where the connection is by TLS. */
  readonly tls?: DatabaseTls | undefined;
}

export const defaultSchema = "sluice";

/** Schemas that a gateway cannot use: PostgreSQL's, and that of landing tables, whose names users choose. */
const foreignSchemas = /^(pg_.*|information_schema|relations)$/;

/** True for a name that is written without quotes, and leaves room for a channel's name beside it. */
export function isSchemaName(name: string): boolean {
  return /^[a-z_][a-z0-9_]{0,39}$/.test(name) && !foreignSchemas.test(name);
}

/** Parameters of a session, as the server takes them when it starts. */
export type SessionParameters = Readonly<Record<string, string | number>> & {
  readonly application_name: string;
};

export interface ConnectOptions extends Pick<
  Options<Record<string, never>>,
  "connect_timeout" | "idle_timeout" | "max_lifetime" | "keep_alive" | "onclose"
> {
  /** Number of connections. */
  readonly max: number;
  readonly session: SessionParameters;
}

/**
 * Connects with the first statement; a lost connection is opened again. Statements name their tables
 * without a schema: the session finds them in its own, and in no other.
 */
export function connect(
  { url, schema = defaultSchema, tls }: DatabaseAddress,
  { session, ...options }: ConnectOptions,
): Sql {
  return postgres(withoutSslMode(url), {
    // postgres.js would wait 30 s for a connection, and up to 20 s between two attempts: a database
    // that is back would be unavailable for as long again.
    connect_timeout: 5,
    backoff: (attempts: number) => Math.min(0.05 * 2 ** attempts, 1),
    keep_alive: 10,
    // Fetching the array types is a query of postgres.js' own that nobody awaits: a server that
    // goes away during it would end this process. Arrays are passed as literals (`arrays.ts`).
    fetch_types: false,
    onnotice: () => {},
    ...options,
    ...sslOptions(url, tls),
    connection: { ...session, search_path: `"${schema}"` },
  });
}

/**
 * Every query goes along an index and stops at a limit. Before a young table has been analysed the
 * planner would rather collect and sort everything behind a position.
 */
export const alongIndexes = { enable_bitmapscan: "off" } as const;
