/** What a node knows of itself: for `/status`, `/readyz` and gRPC health. */
import type { Clock } from "../core/clock.ts";
import type { LogDriver } from "../core/log.ts";
import type { AckRules } from "../features/ack-rules/ack-rules.ts";
import type { Emitters } from "../features/emitters/emitters.ts";
import type { Health } from "../http/parts.ts";
import type { Hub } from "../hub/hub.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { EventIntake } from "../features/lifecycle/intake.ts";
import type { Projection } from "../projection/projection.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { renderRollerStatus, type Roller } from "../features/measurements/roller.ts";
import type { Series } from "../features/measurements/series.ts";
import { renderMeasurementStatus } from "../features/measurements/status.ts";
import type { RunningTail } from "../features/measurements/tail/unprojected.ts";
import type { Store } from "./store.ts";

export interface HealthParts {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: LogDriver;
  readonly store: Store;
  readonly hub: Hub;
  readonly ingest: Ingest;
  readonly emitters: Emitters;
  readonly events: EventIntake;
  readonly ackRules: AckRules;
  readonly projections: readonly Projection[];
  readonly measurementTail: RunningTail;
  readonly series: Series;
  readonly roller: Roller;
  readonly node: string;
}

export interface GatewayHealth extends Health {
  /** From now on this node is not ready. */
  drain(): void;
}

/** Readiness is asked often, by balancers: one look at the services serves this long. */
const lookMs = 1000;

export function createGatewayHealth(parts: HealthParts): GatewayHealth {
  const { runtime, clock, log, store, hub, ingest, emitters, events, ackRules, projections, node } =
    parts;
  const startedMs = clock.nowMs();
  let draining = false;
  let looked: { readonly atMs: number; readonly why: Promise<string | undefined> } | undefined;

  async function look(): Promise<string | undefined> {
    const [storeWhy, logWhy] = await Promise.all([
      away("The store", () => store.ping()),
      away("The log", () => log.list()),
    ]);
    return storeWhy ?? logWhy;
  }

  return {
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
        log: log.driver,
        uptime_s: Math.round((clock.nowMs() - startedMs) / 1000),
        memory_bytes: runtime.memoryBytes(),
        hub: hub.stats(),
        ingest: { in_flight_bytes: ingest.inFlightBytes },
        emitters: emitters.status(),
        lifecycle_events: events.stats(),
        ack_rules: ackRules.status(),
        series: { ...parts.series.status(), rollups: renderRollerStatus(parts.roller.status()) },
        measurements: renderMeasurementStatus(
          parts.measurementTail.status(),
          store.measurementProjection.stats(),
        ),
        projections: projections.map((projection) => projection.status()),
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
