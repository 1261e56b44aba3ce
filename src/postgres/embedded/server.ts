/** One postmaster: how it is started, with which settings, and how it is stopped. */

import type { ChildProcess } from "node:child_process";
import { open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, superuser } from "./cluster.ts";
import { diskFull, EmbeddedError, unwritable } from "./error.ts";
import { parseServerLog, readServerLog, serverLogPrefix, serverLogSize } from "./log.ts";
import { readPidFile } from "./pidfile.ts";
import { isFree, loopback } from "./port.ts";
import { reapOrphans, sendSignal, until } from "./process.ts";

export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly version: string;
  /** Resolves, never rejects, once the postmaster has ended for any reason. */
  readonly ended: Promise<void>;
  /** To be checked before a signal is sent: the pid of an ended process may be reused. */
  readonly running: boolean;
}

const fastShutdownMs = 8000;
const immediateShutdownMs = 2000;
const recoveryLogMs = 5000;

export function serverUrl({ password }: Pick<Cluster, "password">, port: number): string {
  return `postgres://${superuser}:${password}@${loopback}:${port}/postgres`;
}

/**
 * Starts a postmaster and waits until it accepts connections; after a crash that includes its
 * recovery, however long it takes. Fails with `port_taken`, `disk_full` or `unstartable`.
 */
export async function launchServer(
  cluster: Cluster,
  port: number,
  signal?: AbortSignal,
): Promise<Server> {
  const { directory, logFile, binaries, launcher } = cluster;
  const orphans = await reapOrphans(directory);
  if (orphans.length > 0) {
    cluster.log("warn", "ended processes of an embedded PostgreSQL that had died", {
      pids: orphans.join(" "),
    });
  }
  const from = await serverLogSize(logFile);
  const stale = await readPidFile(directory);
  const output = await open(logFile, "a", 0o600).catch((error: unknown) => {
    throw unwritable("write", logFile, error);
  });
  let child: ChildProcess;
  try {
    const stdio = ["ignore", output.fd, output.fd] as const;
    // PostgreSQL takes a pid file for valid when its pid is alive. The process that has this pid now
    // does not work in this directory; PostgreSQL ignores a pid in this variable.
    const env = stale === undefined ? {} : { PG_GRANDPARENT_PID: String(stale.pid) };
    child = launcher.spawn(
      binaries.postgres,
      ["-D", directory, ...settings(cluster, port)],
      [...stdio],
      env,
    );
  } finally {
    await output.close();
  }
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  child.unref();
  const server = watched(child.pid ?? 0, port, launcher.version, ended);
  const ready = async () => {
    const file = await readPidFile(directory);
    return !server.running || (file?.pid === server.pid && file.status === "ready");
  };
  const began = performance.now();
  const recovering = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1000);
    cluster.log("info", "embedded PostgreSQL recovers from a crash", { seconds });
  }, recoveryLogMs);
  try {
    await until(ready, Number.POSITIVE_INFINITY, signal);
  } catch {
    if (server.running) sendSignal(server.pid, "SIGQUIT");
    await ended;
    throw new EmbeddedError(
      "cancelled",
      `Cannot start PostgreSQL in "${directory}": the start was cancelled`,
    );
  } finally {
    clearInterval(recovering);
  }
  if (!server.running) throw await startFailed(cluster, port, from);
  return server;
}

/**
 * Requests a fast shutdown, and harder ones when the server does not end. `immediate` leaves out the
 * fast one, for a server that does not respond.
 */
export async function stopServer(
  cluster: Cluster,
  server: Server,
  manner: "fast" | "immediate" = "fast",
): Promise<void> {
  const steps = [
    { signal: "SIGINT", waitMs: fastShutdownMs },
    { signal: "SIGQUIT", waitMs: immediateShutdownMs },
    { signal: "SIGKILL", waitMs: immediateShutdownMs },
  ] as const;
  for (const { signal, waitMs } of steps) {
    if (!server.running) break;
    if (manner === "immediate" && signal === "SIGINT") continue;
    if (signal !== "SIGINT") {
      cluster.log("warn", "embedded PostgreSQL does not stop", { pid: server.pid, signal });
    }
    sendSignal(server.pid, signal);
    await endsWithin(server.ended, waitMs);
  }
  await reapOrphans(cluster.directory);
}

/** Passed on the command line, where they override postgresql.conf: each release decides them. */
function settings(
  { durability, cacheMb, connectionsMax, binaries }: Cluster,
  port: number,
): string[] {
  const values = {
    listen_addresses: loopback,
    port,
    unix_socket_directories: "",
    max_connections: connectionsMax,
    // An index probe that finds its two pages here takes a third of the time of one that does not.
    shared_buffers: `${cacheMb}MB`,
    // Read again from disk in random order, the pages would take minutes after each start. pg_prewarm
    // lists what is cached every five minutes and at the end, and reads it in the order of the files.
    ...(binaries.hasPrewarm ? { shared_preload_libraries: "pg_prewarm" } : {}),
    // The log is written once and read at its end: compiled or parallel plans gain little.
    jit: "off",
    // What was acknowledged is on disk. Each checkpoint rewrites whole pages, so there are few.
    synchronous_commit: "on",
    wal_compression: "on",
    min_wal_size: "256MB",
    max_wal_size: "2GB",
    checkpoint_timeout: "15min",
    // Without fsync a commit still reaches the operating system, so it survives the server's death.
    // Tests share one server among many gateways.
    ...(durability === "full"
      ? {}
      : { fsync: "off", full_page_writes: "off", max_connections: 400 }),
    log_line_prefix: serverLogPrefix,
    log_timezone: "UTC",
    timezone: "UTC",
    log_checkpoints: "off",
    // Statements of failed queries contain users' data, which must not be logged.
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function startFailed(cluster: Cluster, port: number, from: number): Promise<EmbeddedError> {
  const { directory, logFile } = cluster;
  const text = await readServerLog(logFile, from);
  const lines = parseServerLog(text);
  if (lines.some(({ code }) => code === "53100")) return diskFull("start PostgreSQL in", directory);
  if (!(await isFree(port))) {
    return new EmbeddedError(
      "port_taken",
      `Cannot start PostgreSQL on "${loopback}:${port}": another program has the port, expected a free one`,
    );
  }
  const lastLine =
    lines.map(({ message }) => message).at(-1) ?? text.trim().split("\n").at(-1) ?? "";
  return new EmbeddedError(
    "unstartable",
    `Cannot start PostgreSQL in "${directory}": it ended (${lastLine}), expected it to run; see "${logFile}"`,
  );
}

async function endsWithin(ended: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([
    ended,
    sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
}

/** A server whose `running` follows the end of its process. */
export function watched(pid: number, port: number, version: string, ended: Promise<void>): Server {
  let running = pid !== 0;
  void ended.then(() => (running = false));
  return {
    pid,
    port,
    version,
    ended,
    get running() {
      return running;
    },
  };
}
