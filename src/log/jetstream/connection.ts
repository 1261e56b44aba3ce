/** The connection to the NATS servers: opened once and reconnected until the log closes. */

import { connect, type NatsConnection, TimeoutError } from "@nats-io/transport-node";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { authenticatorOf, refusal, silence } from "./login.ts";
import type { JetstreamSettings } from "./options.ts";
import { Requests, unavailable } from "./requests.ts";

/** How long a call waits for a reconnect before it fails as `unavailable`. */
const reconnectMsMax = 2_000;

export class Connection {
  readonly nc: NatsConnection;
  readonly requests: Requests;
  readonly clock: Clock;
  readonly #logger: Logger;
  readonly #onLost = new Set<() => void>();
  readonly #onBack = new Set<() => void>();
  #isUp = true;

  private constructor(nc: NatsConnection, clock: Clock, logger: Logger) {
    this.nc = nc;
    this.requests = new Requests(nc, clock);
    this.clock = clock;
    this.#logger = logger;
    void this.#watch();
  }

  /** Throws `unavailable` when no server answers. */
  static async open(settings: JetstreamSettings): Promise<Connection> {
    const { servers, tls, name, clock, logger } = settings;
    try {
      const nc = await connect({
        servers,
        ...(tls === undefined ? {} : { tls }),
        ...authenticatorOf(settings),
        name,
        timeout: 5_000,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 100,
        // A server whose accounts are being changed refuses for a while.
        ignoreAuthErrorAbort: true,
        // Half-open connections are detected after two of these.
        pingInterval: 5_000,
        maxPingOut: 2,
        noAsyncTraces: true,
      });
      return new Connection(nc, clock, logger);
    } catch (error) {
      if (error instanceof TimeoutError) throw unavailable(silence(settings));
      throw refusal(error, settings) ?? unavailable("no server took the connection", error);
    }
  }

  get payloadBytesMax(): number {
    return this.nc.info?.max_payload ?? 1024 ** 2;
  }

  isServerAtLeast(major: number, minor: number): boolean {
    const [haveMajor = 0, haveMinor = 0] = (this.nc.info?.version ?? "").split(".").map(Number);
    return haveMajor > major || (haveMajor === major && haveMinor >= minor);
  }

  /** True at once, or once reconnected; rejects with `unavailable` when that takes too long. */
  ready(): true | Promise<true> {
    if (this.#isUp) return true;
    return new Promise((resolve, reject) => {
      const back = () => {
        cancel();
        this.#onBack.delete(back);
        resolve(true);
      };
      const cancel = this.clock.after(reconnectMsMax, () => {
        this.#onBack.delete(back);
        reject(unavailable("the connection is lost"));
      });
      this.#onBack.add(back);
    });
  }

  /** Calls back whenever the connection is lost; the returned function ends that. */
  onLost(callback: () => void): () => void {
    this.#onLost.add(callback);
    return () => this.#onLost.delete(callback);
  }

  async close(): Promise<void> {
    await this.nc.close();
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      if (status.type === "disconnect" && this.#isUp) {
        this.#isUp = false;
        this.#logger("warn", "NATS connection lost", { server: status.server });
        this.#lost();
      } else if (status.type === "reconnect") {
        this.#isUp = true;
        this.#logger("info", "NATS connection restored", { server: status.server });
        for (const callback of [...this.#onBack]) callback();
      } else if (status.type === "error") {
        this.#logger("error", "NATS server reports an error", { error: status.error.message });
      }
    }
    this.#isUp = false;
    this.#lost();
  }

  #lost(): void {
    this.requests.failAll();
    for (const callback of [...this.#onLost]) callback();
  }
}
