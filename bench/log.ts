/** Counts what the log contains after a run, by reading the log itself and not the gateway that was measured. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../src/core/clock.ts";
import { Failure } from "../src/core/failure.ts";
import type { LogDriver } from "../src/core/log.ts";
import { silent } from "../src/core/logger.ts";
import { createJetstreamLog } from "../src/log/jetstream/jetstream-log.ts";
import { PostgresLog } from "../src/log/postgres/postgres-log.ts";
import { readPidFile } from "../src/postgres/embedded/pidfile.ts";
import { serverUrl } from "../src/postgres/embedded/server.ts";
import type { Environment } from "../src/runtime/runtime.ts";

const parts = { clock: systemClock, logger: silent };

/** Where a log is: a broker, a database, or the directory of an embedded one that runs. */
export type LogPlace =
  { readonly natsUrl: string } | { readonly databaseUrl: string } | { readonly dataDir: string };

/** The log of a gateway with these settings; undefined where they name none. */
export function logPlaceFrom({ NATS_URL, DATABASE_URL }: Environment): LogPlace | undefined {
  if (NATS_URL !== undefined && NATS_URL !== "") return { natsUrl: NATS_URL };
  if (DATABASE_URL !== undefined && DATABASE_URL !== "") return { databaseUrl: DATABASE_URL };
  return undefined;
}

/** Counts the topic's records, and removes it. */
export async function countAndRemove(
  place: LogPlace,
  topic: string,
  onProgress: (done: number) => void,
): Promise<number> {
  const log = await openLog(place);
  try {
    let count = 0;
    const { end: until } = await log.bounds(topic);
    for await (const { records } of log.read(topic, { after: "earliest", until })) {
      count += records.length;
      onProgress(count);
    }
    await log.remove(topic);
    return count;
  } finally {
    await log.close();
  }
}

/** The caller closes it. */
export async function openLog(place: LogPlace): Promise<LogDriver> {
  if ("natsUrl" in place) return await createJetstreamLog({ ...parts, url: place.natsUrl });
  const url = "dataDir" in place ? await embeddedUrl(place.dataDir) : place.databaseUrl;
  return new PostgresLog({ ...parts, url });
}

/** URL of the PostgreSQL that a running gateway keeps in its directory. Throws `unavailable` where it does not run. */
export async function embeddedUrl(dataDir: string): Promise<string> {
  const running = await readPidFile(join(dataDir, "postgres"));
  if (running === undefined) {
    throw new Failure("unavailable", `Cannot count in "${dataDir}": its PostgreSQL does not run`);
  }
  const password = (await readFile(join(dataDir, "postgres.password"), "utf8")).trim();
  return serverUrl({ password }, running.port);
}
