/** What a node knows of itself: for `/status`, `/readyz` and gRPC health. */
import type { Health } from "../features/operation/http/health.ts";
import type { Part, Platform } from "../features/part.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Projections } from "./projections.ts";

export interface HealthDeps extends Pick<Platform, "clock" | "log" | "hub" | "ingest" | "node"> {
  readonly runtime: Runtime;
  readonly projections: Projections;
  /** Throws `unavailable` when PostgreSQL does not answer. */
  readonly ping: () => Promise<void>;
}

export interface GatewayHealth extends Health {
  /** Both listeners accept: from now on `/status` reports the gRPC port. */
  listening(grpcUrl: string): void;
  /** From now on this node is not ready. */
  drain(): void;
}

/** Readiness is asked often, by balancers: one look at the services serves this long. */
const lookMs = 1000;

/** `parts` is called once all parts are open. */
export function createGatewayHealth(deps: HealthDeps, parts: () => readonly Part[]): GatewayHealth {
  const { runtime, clock, log, hub, ingest, node, projections, ping } = deps;
  const startedMs = clock.nowMs();
  let draining = false;
  let grpcPort: number | undefined;
  let looked: { readonly atMs: number; readonly why: Promise<string | undefined> } | undefined;

  async function look(): Promise<string | undefined> {
    const [storeWhy, logWhy] = await Promise.all([
      away("The store", () => ping()),
      away("The log", () => log.list()),
    ]);
    return storeWhy ?? logWhy;
  }

  return {
    listening(grpcUrl) {
      grpcPort = Number(new URL(grpcUrl).port);
    },
    drain() {
      draining = true;
    },
    async notReady() {
      if (draining) return "This node shuts down";
      const nowMs = clock.nowMs();
      if (looked === undefined || nowMs - looked.atMs >= lookMs) {
        looked = { atMs: nowMs, why: look() };
      }
      return await looked.why;
    },
    async status() {
      return {
        node,
        runtime: runtime.name,
        grpc_port: grpcPort,
        log: log.driver,
        uptime_s: Math.round((clock.nowMs() - startedMs) / 1000),
        memory_bytes: runtime.memoryBytes(),
        hub: hub.stats(),
        ingest: { in_flight_bytes: ingest.inFlightBytes },
        ...Object.fromEntries(parts().flatMap((part) => Object.entries(part.status?.() ?? {}))),
        projections: projections.status(),
      };
    },
  };
}

async function away(what: string, ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    return `${what} is away: ${error instanceof Error ? error.message : String(error)}`;
  }
}
