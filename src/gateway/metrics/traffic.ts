/** Requests, and what became of them. */

import type { Counters } from "../../core/metrics/counters.ts";
import { byLabel, counter, gauge, histogram, type Metric } from "../../core/metrics/metric.ts";
import type { GatewayHealth } from "../health.ts";

export function requestMetrics({ requests }: Counters): readonly Metric[] {
  return [
    counter(
      "sluice_requests_total",
      "Requests and calls, by protocol, method, route and class of the status.",
      () =>
        [...requests.all()].flatMap((route) =>
          route.counts().map(([status, value]) => ({ value, labels: { ...route.called, status } })),
        ),
    ),
    histogram(
      "sluice_request_duration_seconds",
      "Time until an answer began; over gRPC from when the call begins until it has ended.",
      () =>
        [...requests.all()].map(({ called, seconds }) => ({
          histogram: seconds,
          labels: { ...called },
        })),
    ),
  ];
}

export function recordMetrics({ records }: Counters): readonly Metric[] {
  return [
    counter(
      "sluice_accepted_records_total",
      "Records that were taken from callers, by the protocol that brought them.",
      () => byLabel("protocol", records.accepted.entries()),
    ),
    counter(
      "sluice_refused_records_total",
      "Records that were refused, alone or among others, by failure code.",
      () => byLabel("code", records.refused.entries()),
    ),
  ];
}

export function refusalMetrics(counters: Counters): readonly Metric[] {
  const { refusals, authenticationFailures, limitsHit } = counters;
  return [
    counter("sluice_refusals_total", "Requests that were refused, by failure code.", () =>
      byLabel("code", refusals.entries()),
    ),
    counter(
      "sluice_authentication_failures_total",
      "Requests whose credential was not accepted, by reason.",
      () => byLabel("reason", authenticationFailures.entries()),
    ),
    counter(
      "sluice_caller_limits_hit_total",
      "Times that a caller was refused or slowed down at one of its limits.",
      () => byLabel("limit", limitsHit.entries()),
    ),
  ];
}

export function connectionMetrics(health: Pick<GatewayHealth, "connections">): readonly Metric[] {
  return [
    gauge(
      "sluice_grpc_connections",
      "Connections of the gRPC port.",
      () => health.connections()?.rpc.connections,
    ),
    counter(
      "sluice_grpc_connections_refused_total",
      "Connections of the gRPC port that were one too many.",
      () => health.connections()?.rpc.connectionsRefused,
    ),
    counter(
      "sluice_accept_stops_total",
      "Times that this node stopped accepting connections, because file descriptors ran out.",
      () => health.connections()?.connections.stops,
    ),
  ];
}
