/** What a node knows of itself: for `/status`, `/readyz` and gRPC health. */

import { build } from "../core/build.ts";
import type { Health } from "../features/operation/health.ts";
import type { Part, Platform } from "../features/part.ts";
import type { RowEstimates } from "../postgres/row-estimates.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Connections } from "./listen.ts";
import type { Projections } from "./projections.ts";
import type { WatchedLog } from "./watched-log.ts";

export interface HealthDeps extends Pick<
  Platform,
  "clock" | "databaseClock" | "hub" | "ingest" | "node" | "memory" | "sockets"
> {
  readonly runtime: Runtime;
  readonly log: WatchedLog;
  readonly projections: Projections;
  readonly rows: RowEstimates;
  /** Throws `unavailable` when PostgreSQL does not answer. */
  readonly ping: () => Promise<void>;
}

export interface GatewayHealth extends Health {
  /** Both listeners accept: from now on `/status` reports the gRPC port and its connections. */
  listening(
    urls: Readonly<Record<"url" | "grpcUrl", string>>,
    connections: () => Connections,
  ): void;
  /** Of HTTP; undefined until then. */
  port(): number | undefined;
  /** Undefined until then. */
  connections(): Connections | undefined;
  /** Whether a balancer queries readiness. */
  isQueried(): boolean;
  /** From now on this node is not ready. True if a balancer queries that, and should learn of it first. */
  drain(): boolean;
}

/** A balancer queries readiness more often than this. */
const balancerMs = 30_000;

/** Balancers query readiness often, so one check of the services is reused for this long. */
const checkedMs = 1000;

/** `parts` is called once all parts are open. */
export function createGatewayHealth(deps: HealthDeps, parts: () => readonly Part[]): GatewayHealth {
  const { runtime, clock, log, hub, ingest, node, memory, sockets } = deps;
  const { projections, rows, ping, databaseClock } = deps;
  const startedMs = clock.nowMs();
  let draining = false;
  let queriedMs = Number.NEGATIVE_INFINITY;
  let port: number | undefined;
  let grpcPort: number | undefined;
  let connections: (() => Connections) | undefined;
  let lastCheck: { readonly atMs: number; readonly why: Promise<string | undefined> } | undefined;

  const isQueried = () => clock.nowMs() - queriedMs < balancerMs;

  async function check(): Promise<string | undefined> {
    const [storeWhy, logWhy] = await Promise.all([
      unavailable("The store", () => ping()),
      unavailable("The log", () => log.ping()),
    ]);
    return storeWhy ?? logWhy;
  }

  return {
    listening({ url, grpcUrl }, given) {
      connections = given;
      port = portOf(url);
      grpcPort = portOf(grpcUrl);
    },
    port: () => port,
    connections: () => connections?.(),
    isQueried,
    drain() {
      draining = true;
      return isQueried();
    },
    async notReady() {
      if (draining) return "This node shuts down";
      const nowMs = (queriedMs = clock.nowMs());
      if (lastCheck === undefined || nowMs - lastCheck.atMs >= checkedMs) {
        lastCheck = { atMs: nowMs, why: check() };
      }
      return await lastCheck.why;
    },
    warning() {
      const { failingTopics, lastFailure } = log.appends();
      if (failingTopics === 0) return undefined;
      return `Appends to ${failingTopics} topics fail: ${lastFailure}`;
    },
    async status() {
      return {
        node,
        version: build.version,
        ...(build.commit === undefined ? {} : { commit: build.commit }),
        runtime: runtime.name,
        grpc_port: grpcPort,
        ...connections?.(),
        log: log.driver,
        uptime_s: Math.round((clock.nowMs() - startedMs) / 1000),
        memory_bytes: runtime.memoryBytes(),
        memory: memory.status(),
        hub: hub.stats(),
        sockets: sockets.status(),
        ingest: { in_flight_bytes: ingest.inFlightBytes },
        appends: log.appends(),
        clock: {
          ahead_ms: databaseClock.aheadMs,
          retention: databaseClock.isTrusted ? "runs" : "paused",
        },
        ...Object.fromEntries(parts().flatMap((part) => Object.entries(part.status?.() ?? {}))),
        projections: projections.status(),
        rows: rows.status(),
      };
    },
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** Why the service cannot be used; undefined when it answers. */
async function unavailable(
  what: string,
  query: () => Promise<unknown>,
): Promise<string | undefined> {
  try {
    await query();
    return undefined;
  } catch (error) {
    return `${what} is unavailable: ${error instanceof Error ? error.message : String(error)}`;
  }
}
