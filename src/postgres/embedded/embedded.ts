/**
 * PostgreSQL for a gateway without `DATABASE_URL`: real binaries, data under `<dataDir>/postgres`,
 * reachable on 127.0.0.1 only. The server outlives a killed gateway, and the next gateway adopts it; a
 * server that dies under a running gateway is restarted on the same port.
 */

import { resolve } from "node:path";
import process from "node:process";
import { systemClock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { BackOff } from "../../core/retry.ts";
import { adoptServer } from "./adopt.ts";
import { type Cluster, type Durability, openCluster } from "./cluster.ts";
import { EmbeddedError } from "./error.ts";
import { followServerLog } from "./log.ts";
import { freePort } from "./port.ts";
import { sendSignal } from "./process.ts";
import { launchServer, type Server, serverUrl, stopServer } from "./server.ts";

export interface EmbeddedOptions {
  /** Created when it does not exist; one gateway at a time may use it. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Cancels the start; a server that has started is stopped by `stop`. */
  readonly signal?: AbortSignal;
  /** 0, the default, is any free port. An adopted server keeps its port. */
  readonly port?: number;
  readonly durability?: Durability;
  /** See `ClusterOptions`. */
  readonly cacheMb?: number;
  readonly programs?: string | undefined;
  readonly connectionsMax?: number;
}

export interface Embedded {
  /** postgres://…, the same as long as this gateway runs. */
  readonly url: string;
  /** The server's version, such as "18.4". */
  readonly version: string;
  /** Shuts the server down; the second call waits for the first. */
  stop(): Promise<void>;
}

const portAttempts = 5;
const restartMs = { first: 50, most: 5000 };
/** A server that ran this long did not fail to start: the next restart is quick again. */
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
    return await Supervisor.start(cluster, server);
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
      cluster.log("warn", "the port of the embedded PostgreSQL was taken; trying another", {
        port,
      });
    }
  }
}

/** Keeps a server running on its port until it is stopped. */
class Supervisor implements Embedded {
  readonly url: string;
  readonly version: string;
  readonly #cluster: Cluster;
  readonly #unfollow: () => void;
  readonly #stopping = new AbortController();
  readonly #supervised: Promise<void>;
  #server: Server;
  #stopped: Promise<void> | undefined;

  static async start(cluster: Cluster, server: Server): Promise<Supervisor> {
    return new Supervisor(cluster, server, await followServerLog(cluster.logFile, cluster.log));
  }

  private constructor(cluster: Cluster, server: Server, unfollow: () => void) {
    this.url = serverUrl(cluster, server.port);
    this.version = server.version;
    this.#cluster = cluster;
    this.#server = server;
    this.#unfollow = unfollow;
    process.on("exit", this.#onExit);
    this.#supervised = this.#supervise();
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervised;
    this.#unfollow();
    await stopServer(this.#cluster, this.#server);
    process.off("exit", this.#onExit);
    await this.#cluster.unlock();
  }

  /** A gateway that exits without `stop` still requests the shutdown; it cannot wait for it. */
  readonly #onExit = (): void => {
    if (this.#server.running) sendSignal(this.#server.pid, "SIGINT");
  };

  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const backOff = new BackOff(systemClock, restartMs);
    for (;;) {
      const since = performance.now();
      await Promise.race([this.#server.ended, stopped]);
      if (signal.aborted) return;
      if (performance.now() - since > steadyMs) backOff.reset();
      const { pid, port } = this.#server;
      this.#cluster.log("error", "embedded PostgreSQL ended; restarting it", { pid, port });
      await this.#restart(backOff);
    }
  }

  /** Until it runs again, or `stop` is called. */
  async #restart(backOff: BackOff): Promise<void> {
    const { log } = this.#cluster;
    const { signal } = this.#stopping;
    for (let attempt = 1; ; attempt++) {
      await backOff.wait(signal);
      if (signal.aborted) return;
      const began = performance.now();
      try {
        this.#server = await launchServer(this.#cluster, this.#server.port, signal);
        const { pid, port } = this.#server;
        const ms = Math.round(performance.now() - began);
        log("info", "restarted embedded PostgreSQL", { pid, port, attempt, ms });
        return;
      } catch (error) {
        if (signal.aborted) return;
        const fields = { attempt, retry_ms: backOff.nextMs, error: String(error) };
        log("error", "embedded PostgreSQL does not restart", fields);
      }
    }
  }
}
