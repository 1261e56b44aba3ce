/** Adopts the server that a killed gateway left running. */

import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import type { Cluster } from "./cluster.ts";
import { readPidFile } from "./pidfile.ts";
import { clusterProcesses, processIdentity, until } from "./process.ts";
import { type Server, serverUrl, stopServer, watched } from "./server.ts";

const answerMs = 5000;
const stoppingMs = 30_000;
const watchMs = 200;

/** The server of this data directory, if it runs and answers; otherwise undefined. */
export async function adoptServer(
  cluster: Cluster,
  signal?: AbortSignal,
): Promise<Server | undefined> {
  const { dataDir, directory, log } = cluster;
  const pid = (await readPidFile(directory))?.pid;
  if (pid === undefined || !(await clusterProcesses(directory)).includes(pid)) return undefined;
  const found = watched(pid, 0, "", endOf(pid));
  const has = async (status: string) => (await readPidFile(directory))?.status === status;
  // A recovery may take long, and would only start over; a shutdown that takes long is stuck.
  const started = async () => !found.running || !(await has("starting"));
  await until(started, Number.POSITIVE_INFINITY, signal);
  if (await has("stopping")) await until(async () => !found.running, stoppingMs, signal);
  if (!found.running) return undefined;
  const port = (await readPidFile(directory))?.port ?? 0;
  const version = await versionOf(serverUrl(cluster, port));
  if (version !== undefined) return watched(pid, port, version, found.ended);
  log("warn", "embedded PostgreSQL runs but does not answer; stopping it", {
    pid,
    data_dir: dataDir,
  });
  await stopServer(cluster, found, "immediate");
  return undefined;
}

/** The version of a server that accepts our connection; undefined when it does not within some seconds. */
async function versionOf(url: string): Promise<string | undefined> {
  const sql = postgres(url, { max: 1, connect_timeout: answerMs / 1000, onnotice: () => {} });
  try {
    const query = sql<{ version: string }[]>`select current_setting('server_version') as version`;
    const rows = await Promise.race([query, sleep(answerMs, undefined, { ref: false })]);
    return rows?.[0]?.version;
  } catch {
    // Whatever the reason is, the caller starts a server that answers.
    return undefined;
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** It is not a child of this process, so its end is found by polling. */
async function endOf(pid: number): Promise<void> {
  const identity = await processIdentity(pid);
  while (identity !== undefined && (await processIdentity(pid)) === identity) {
    await sleep(watchMs, undefined, { ref: false });
  }
}
