/** The engine for `/metrics`: what all features share. The numbers are those of `/status`. */

import { build } from "../../core/build.ts";
import type { Histogram } from "../../core/metrics/histogram.ts";
import { gauge, type Metric } from "../../core/metrics/metric.ts";
import type { Platform } from "../../features/part.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { GatewayHealth } from "../health.ts";
import type { Projections } from "../projections.ts";
import type { WatchedLog } from "../watched-log.ts";
import { hubMetrics, memoryMetrics } from "./delivery.ts";
import { processMetrics } from "./process.ts";
import { logMetrics, poolMetrics, projectionMetrics } from "./storage.ts";
import { connectionMetrics, recordMetrics, refusalMetrics, requestMetrics } from "./traffic.ts";

export interface EngineMetricsDeps extends Pick<
  Platform,
  "clock" | "hub" | "memory" | "sockets" | "databaseClock" | "counters" | "database" | "reads"
> {
  readonly log: WatchedLog;
  readonly projections: Projections;
  readonly runtime: Runtime;
  readonly loopSeconds: Histogram;
  readonly health: Pick<GatewayHealth, "connections">;
}

export function engineMetrics(deps: EngineMetricsDeps): readonly Metric[] {
  const { runtime, clock, log, loopSeconds } = deps;
  const startedMs = clock.nowMs();
  return [
    gauge("sluice_info", "1; its labels describe this node.", () => [
      { value: 1, labels: { version: build.version, runtime: runtime.name, driver: log.driver } },
    ]),
    ...processMetrics({ runtime, startedMs, loopSeconds }),
    ...connectionMetrics(deps.health),
    ...requestMetrics(deps.counters),
    ...refusalMetrics(deps.counters),
    ...recordMetrics(deps.counters),
    ...logMetrics(deps.log),
    ...hubMetrics(deps),
    ...memoryMetrics(deps),
    ...projectionMetrics(deps.projections),
    ...poolMetrics(deps),
    gauge(
      "sluice_clock_ahead_seconds",
      "How far this node's clock is ahead of the database's.",
      () => deps.databaseClock.aheadMs / 1000,
    ),
  ];
}
