/** Lifecycle events for `/metrics`. */

import { counter, gauge, type Metric } from "../../core/metrics/metric.ts";
import type { EventIntake } from "./intake.ts";

export function lifecycleMetrics(events: Pick<EventIntake, "stats">): readonly Metric[] {
  return [
    counter(
      "sluice_lifecycle_events_total",
      "Lifecycle events that this node has taken.",
      () => events.stats().taken,
    ),
    gauge(
      "sluice_lifecycle_pending_events",
      "Lifecycle events that were taken and are not durable yet.",
      () => events.stats().pending,
    ),
  ];
}
