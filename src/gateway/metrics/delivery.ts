/** What subscribers get, and the memory that callers make this node keep. */

import { byLabel, counter, gauge, histogram, type Metric } from "../../core/metrics/metric.ts";
import type { Foundation, Platform } from "../../features/part.ts";

export function hubMetrics({ hub, sockets }: Pick<Platform, "hub" | "sockets">): readonly Metric[] {
  const { counts } = hub;
  return [
    gauge("sluice_subscribers", "Live subscriptions.", () => hub.stats().subscriptions),
    gauge("sluice_followed_topics", "Topics with a reader on this node.", () => hub.stats().topics),
    counter(
      "sluice_deliveries_total",
      "Records that were delivered, once for each subscriber.",
      () => counts.deliveries,
    ),
    counter(
      "sluice_delivered_bytes_total",
      "Bytes of the records that were delivered, once for each subscriber.",
      () => counts.bytes,
    ),
    histogram(
      "sluice_delivery_latency_seconds",
      "From the receipt of a record, by any node, until it was written to this node's live subscribers.",
      counts.latencySeconds,
    ),
    counter(
      "sluice_slow_subscribers_closed_total",
      "Subscribers that were closed because they did not read.",
      () => counts.closedSlow,
    ),
    gauge("sluice_websockets", "Open WebSockets.", () => sockets.status().open),
    counter(
      "sluice_websockets_closed_total",
      "WebSockets that this node closed, by reason.",
      () => {
        const { closedSlow, closedOverloaded, closedInvalid } = sockets.status();
        return byLabel("reason", [
          ["slow", closedSlow],
          ["overloaded", closedOverloaded],
          ["invalid", closedInvalid],
        ]);
      },
    ),
  ];
}

export function memoryMetrics({ memory }: Pick<Foundation, "memory">): readonly Metric[] {
  const shares = (of: "bytes" | "bytesMax") => () =>
    byLabel(
      "share",
      memory.gauges().map(([name, gauge]) => [name, gauge[of]] as const),
    );
  return [
    gauge(
      "sluice_memory_share_bytes",
      "What callers make this node keep, by reason.",
      shares("bytes"),
    ),
    gauge(
      "sluice_memory_share_limit_bytes",
      "What callers may make this node keep, by reason.",
      shares("bytesMax"),
    ),
  ];
}
