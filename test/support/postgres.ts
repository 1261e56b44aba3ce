/**
 * A real PostgreSQL for tests: one server per test process, started on first use, with a new database
 * for each caller. It is the embedded server without fsync, and without the supervision that would
 * restart it after `kill9()`.
 */

import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { silent } from "../../src/core/logger.ts";
import { openCluster } from "../../src/postgres/embedded/cluster.ts";
import { launchOnPort } from "../../src/postgres/embedded/embedded.ts";
import { reapOrphans } from "../../src/postgres/embedded/process.ts";
import { launchServer, serverUrl } from "../../src/postgres/embedded/server.ts";
import { afterThisProcess, removeDataDir } from "./cleaner.ts";
import { freePort } from "./port.ts";

export interface TestPostgres {
  /** URL of the superuser's database, for statements about the whole server. */
  readonly url: string;
  createDatabase(): Promise<TestDatabase>;
  /** Kills the server as a power cut would, with all databases of this process. */
  kill9(): Promise<void>;
  /** Starts it again on the same port, after `kill9`. */
  start(): Promise<void>;
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Drops the database, and ends its connections. */
  drop(): Promise<void>;
}

let shared: Promise<TestPostgres> | undefined;

/** The server of this test process. */
export function testPostgres(): Promise<TestPostgres> {
  return (shared ??= startShared());
}

/** Calls `use` with the URL of a new database, and drops the database afterwards. */
export async function withPostgres<T>(
  use: (url: string, server: TestPostgres) => Promise<T>,
): Promise<T> {
  const server = await testPostgres();
  await using database = await server.createDatabase();
  return await use(database.url, server);
}

async function startShared(): Promise<TestPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-test-"));
  // As root the server runs as another user, which needs access.
  await chmod(dataDir, 0o711);
  // The pid file is removed last; the pid itself may remain as a zombie where no process reaps it.
  afterThisProcess(removeDataDir, [dataDir]);
  const cluster = await openCluster({ dataDir, log: silent, durability: "test" });
  let server = await launchOnPort(cluster, freePort);
  const url = serverUrl(cluster, server.port);
  let databases = 0;

  const ask = async (statement: string) => {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  return {
    url,
    async createDatabase() {
      // A test that failed between `kill9` and `start` left it killed.
      if (!server.running) server = await launchServer(cluster, server.port);
      databases += 1;
      const name = `test_${databases}`;
      await ask(`create database ${name}`);
      const drop = () => ask(`drop database if exists ${name} with (force)`);
      return {
        url: url.replace(/postgres$/, name),
        drop,
        [Symbol.asyncDispose]: drop,
      };
    },
    async kill9() {
      if (server.running) process.kill(server.pid, "SIGKILL");
      await server.ended;
      await reapOrphans(cluster.directory);
    },
    async start() {
      if (!server.running) server = await launchServer(cluster, server.port);
    },
  };
}
