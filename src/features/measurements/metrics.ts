/** Measurements for `/metrics`. */

import { counter, gauge, histogram, type Metric } from "../../core/metrics/metric.ts";
import type { MeasurementStoreStats } from "./measurement.ts";
import type { Series } from "./series.ts";
import type { TagBound } from "./tag-bound.ts";
import type { Unprojected } from "./tail/unprojected.ts";

export interface MeasurementMetricsDeps {
  readonly series: Pick<Series, "querySeconds" | "running">;
  readonly tail: Pick<Unprojected, "queryableSeconds" | "behindMs" | "status">;
  readonly tags: Pick<TagBound, "status">;
  readonly stored: () => MeasurementStoreStats;
}

export function measurementMetrics(deps: MeasurementMetricsDeps): readonly Metric[] {
  const { series, tail, tags, stored } = deps;
  return [
    histogram(
      "sluice_series_query_duration_seconds",
      "Time that a query of series took.",
      series.querySeconds,
    ),
    gauge(
      "sluice_series_queries",
      "Queries of series that are under way.",
      () => series.running.queries,
    ),
    gauge(
      "sluice_series_exports",
      "Exports of series that are under way.",
      () => series.running.exports,
    ),
    histogram(
      "sluice_measurement_queryable_seconds",
      "From the receipt of a measurement, by any node, until this node's answers include it.",
      tail.queryableSeconds,
    ),
    gauge(
      "sluice_measurement_tail_lag_seconds",
      "How far this node's reader of measurements is behind the log.",
      () => tail.behindMs / 1000,
    ),
    gauge(
      "sluice_measurement_tail_bytes",
      "Measurements that are not rows yet, as this node keeps them for its answers.",
      () => tail.status().bytes,
    ),
    counter(
      "sluice_measurement_rows_total",
      "Rows of measurements that this node has stored.",
      () => stored().rows,
    ),
    counter(
      "sluice_measurements_undecodable_total",
      "Records of the log that are not measurements, as this node's projection found them.",
      () => stored().undecodable,
    ),
    gauge("sluice_series_tags", "Tags of measurements.", () => tags.status().count),
    gauge("sluice_series_tags_limit", "Tags that there may be.", () => tags.status().max),
  ];
}
