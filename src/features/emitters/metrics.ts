/** Emitters for `/metrics`. */

import { counter, gauge, type Metric } from "../../core/metrics/metric.ts";
import type { GuestsStatus } from "./guests/guests.ts";

export function emitterMetrics(guests: () => GuestsStatus): readonly Metric[] {
  return [
    gauge("sluice_guests", "Simulated guests that this node runs.", () => guests().guests),
    counter(
      "sluice_guest_events_total",
      "Events that guests of this node have made.",
      () => guests().made,
    ),
    gauge(
      "sluice_guests_lag_seconds",
      "How far the guests of this node are behind their schedule.",
      () => Math.max(0, guests().behindMs) / 1000,
    ),
  ];
}
