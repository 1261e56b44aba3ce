import { fileURLToPath } from "node:url";
import type { PostgresLog } from "../../src/log/postgres/postgres-log.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { type TestDatabase, testPostgres } from "../support/postgres.ts";
import { logContract } from "./log.ts";
import { openNode } from "./log/postgres-node.ts";

let database: Promise<TestDatabase> | undefined;
let url = "";
let sweeper: Promise<PostgresLog> | undefined;

async function openDatabase(): Promise<TestDatabase> {
  const created = await (await testPostgres()).createDatabase();
  url = created.url;
  await migrate({ url });
  return created;
}

logContract("postgres", {
  async open() {
    await (database ??= openDatabase());
    return openNode(url);
  },
  async trim() {
    sweeper ??= openNode(url);
    await (await sweeper).sweep();
  },
  broker: {
    kill9: async () => (await testPostgres()).kill9(),
    start: async () => (await testPostgres()).start(),
  },
  gateway: {
    module: fileURLToPath(new URL("./log/postgres-node.ts", import.meta.url)),
    config: () => url,
  },
  async cleanup() {
    await (await sweeper)?.close();
    await (await database)?.drop();
  },
});
