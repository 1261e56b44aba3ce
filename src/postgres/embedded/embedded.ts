/**
 * PostgreSQL for a gateway that was given none: real binaries, its data under `<dataDir>/postgres`,
 * reachable on 127.0.0.1 alone. It outlives a gateway that is killed, and the next gateway adopts
 * it; a server that dies under a living gateway is started again on the same port.
 */
import { resolve } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../core/logger.ts";
import { adoptServer } from "./adopt.ts";
import { type Cluster, type Durability, openCluster } from "./cluster.ts";
import { EmbeddedError } from "./error.ts";
import { followServerLog } from "./log.ts";
import { freePort } from "./port.ts";
import { sendSignal } from "./process.ts";
import { launchServer, type Server, serverUrl, stopServer } from "./server.ts";

export interface EmbeddedOptions {
  /** Made when it does not exist; one gateway at a time may have it. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Cancels the start; a server that has started is stopped by `stop`. */
  readonly signal?: AbortSignal;
  /** 0, the default, is any free port. An adopted server keeps the port that it has. */
  readonly port?: number;
  readonly durability?: Durability;
  /** See `ClusterOptions`. */
  readonly cacheMb?: number;
}

export interface Embedded {
  /** postgres://…, the same as long as this gateway lives. */
  readonly url: string;
  /** The server's version, such as "18.4". */
  readonly version: string;
  /** Shuts the server down; the second call waits for the first. */
  stop(): Promise<void>;
}

const portAttempts = 5;
const restartMs = { first: 50, most: 5000 };
/** A server that lived this long did not die of its start: the next restart is quick again. */
const steadyMs = 30_000;

/** Rejects with an `EmbeddedError` that says what is wrong and what is expected. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { log, port = 0, signal } = options;
  const cluster = await openCluster({ ...options, dataDir: resolve(options.dataDir) });
  try {
    const started = performance.now();
    const adopted = await adoptServer(cluster, signal);
    const server =
      adopted ?? (await launchOnPort(cluster, port === 0 ? freePort : () => port, signal));
    log(
      "info",
      adopted ? "adopted the running embedded PostgreSQL" : "started embedded PostgreSQL",
      {
        version: server.version,
        pid: server.pid,
        port: server.port,
        ms: Math.round(performance.now() - started),
      },
    );
    return await keep(cluster, server);
  } catch (error) {
    await cluster.unlock();
    if (!signal?.aborted || error instanceof EmbeddedError) throw error;
    throw new EmbeddedError(
      "cancelled",
      `Cannot start PostgreSQL in "${cluster.directory}": the start was cancelled`,
      error,
    );
  }
}

/** Another program may take a free port before the server does: then the next one. */
export async function launchOnPort(
  cluster: Cluster,
  nextPort: () => number | Promise<number>,
  signal?: AbortSignal,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const port = await nextPort();
    try {
      return await launchServer(cluster, port, signal);
    } catch (error) {
      const taken = error instanceof EmbeddedError && error.reason === "port_taken";
      if (!taken || attempt === portAttempts) throw error;
      cluster.log("warn", "the port of the embedded PostgreSQL was taken: trying another", {
        port,
      });
    }
  }
}

/** Keeps a server running on its port until `stop`. */
async function keep(cluster: Cluster, first: Server): Promise<Embedded> {
  const { log } = cluster;
  const stopping = new AbortController();
  const unfollow = await followServerLog(cluster.logFile, log);
  let server = first;
  // A gateway that exits without stop() still asks for the shutdown; it cannot wait for it.
  const onExit = () => {
    if (server.running) sendSignal(server.pid, "SIGINT");
  };
  process.on("exit", onExit);

  const stopped = new Promise<void>((settle) =>
    stopping.signal.addEventListener("abort", () => settle(), { once: true }),
  );
  const supervise = async () => {
    let delayMs = restartMs.first;
    for (;;) {
      const since = performance.now();
      await Promise.race([server.ended, stopped]);
      if (stopping.signal.aborted) return;
      if (performance.now() - since > steadyMs) delayMs = restartMs.first;
      log("error", "embedded PostgreSQL ended: restarting it", {
        pid: server.pid,
        port: server.port,
      });
      for (let attempt = 1; ; attempt++) {
        await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
        delayMs = Math.min(delayMs * 2, restartMs.most);
        try {
          const began = performance.now();
          server = await launchServer(cluster, server.port, stopping.signal);
          const ms = Math.round(performance.now() - began);
          log("info", "restarted embedded PostgreSQL", {
            pid: server.pid,
            port: server.port,
            attempt,
            ms,
          });
          break;
        } catch (error) {
          if (stopping.signal.aborted) return;
          log("error", "embedded PostgreSQL does not restart", {
            attempt,
            retry_ms: delayMs,
            error: String(error),
          });
        }
      }
    }
  };
  const supervised = supervise();

  const stop = async () => {
    stopping.abort();
    await supervised;
    unfollow();
    await stopServer(cluster, server);
    process.off("exit", onExit);
    await cluster.unlock();
  };
  let stopOnce: Promise<void> | undefined;
  return {
    url: serverUrl(cluster, first.port),
    version: first.version,
    stop: () => (stopOnce ??= stop()),
  };
}
