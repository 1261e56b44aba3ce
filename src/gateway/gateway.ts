/** One gateway: how it starts and stops. */

import { sleep, systemClock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createHostCheck } from "./authority.ts";
import type { Config } from "./config.ts";
import { createHttpFetch } from "./http.ts";
import { listenBoth, listenMetrics } from "./listen.ts";
import { openParts } from "./parts.ts";
import { createPeers } from "./peers.ts";
import type { Siblings } from "./processes/siblings.ts";
import { createRpc } from "./rpc.ts";
import { openTls } from "./tls/source.ts";

export interface Gateway {
  readonly url: string;
  readonly grpcUrl: string;
  /** Of the port that serves nothing else, where there is one. */
  readonly metricsUrl: string | undefined;
  /**
   * Stops accepting, finishes what is in flight, flushes, commits, closes streams. Where a balancer
   * queries readiness, it goes on for a grace period first, and is not ready; `withGrace` decides instead.
   */
  drain(withGrace?: boolean): Promise<void>;
}

/** Starts everything. Where a later part fails to open, the earlier ones are stopped again. */
export async function startGateway(
  runtime: Runtime,
  config: Config,
  logger: Logger,
  siblings?: Siblings,
): Promise<Gateway> {
  await using stack = new AsyncDisposableStack();
  const tls = config.tls && stack.use(await openTls(config.tls, { clock: systemClock, logger }));
  const server = runtime.createServer();
  const { platform, parts, health, telemetry } = await openParts(
    { runtime, server, config, logger, siblings },
    stack,
  );
  const checkHost = createHostCheck(config.hosts, logger);
  const peers = createPeers(config, server);
  const rpc = createRpc(parts, { ...platform, ...config, ...health, checkHost, tls, peers });
  const fetch = createHttpFetch(parts, { ...platform, ...config, rpc: rpc.http, checkHost, peers });
  const isShared = siblings !== undefined;
  const listeners = { ...platform, runtime, config, server, fetch, rpc: rpc.server, tls, isShared };
  const { connections, ...urls } = await listenBoth(listeners, stack);
  health.listening(urls, connections);
  const metricsUrl = await listenMetrics(
    config,
    runtime.createServer(),
    { fetch: telemetry.fetch, isShared },
    stack,
  );
  if (metricsUrl !== undefined) logger("info", "metrics are served", { url: metricsUrl });

  const opened = stack.move();
  return {
    ...urls,
    metricsUrl,
    async drain(withGrace) {
      const isQueried = health.drain();
      const graceMs = (withGrace ?? isQueried) ? config.drainGraceMs : 0;
      logger("info", "draining", { grace_ms: graceMs });
      await sleep(platform.clock, graceMs);
      // Everything closes in the reverse order of opening, with one exception: the hub goes before
      // the listeners, so that every stream is sent its last position.
      platform.hub.close();
      await opened.disposeAsync();
    },
  };
}
