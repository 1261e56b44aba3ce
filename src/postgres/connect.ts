/** The one way to connect to PostgreSQL: what all connections share; each use adds its own bounds. */
import postgres, { type Options, type Sql } from "postgres";

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

/** Connects with the first statement; a lost connection is opened again. */
export function connect(url: string, { session, ...options }: ConnectOptions): Sql {
  return postgres(url, {
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
    connection: session,
  });
}

/**
 * Every query goes along an index and stops at a limit. Before a young table has been analysed the
 * planner would rather collect and sort everything behind a position.
 */
export const alongIndexes = { enable_bitmapscan: "off" } as const;
