/** The log, the projections, and the connections to PostgreSQL. */

import {
  byLabel,
  counter,
  gauge,
  histogram,
  type Metric,
  type Sample,
} from "../../core/metrics/metric.ts";
import type { Foundation } from "../../features/part.ts";
import type { Pool } from "../../postgres/database.ts";
import type { Projections } from "../projections.ts";
import type { WatchedLog } from "../watched-log.ts";

export function logMetrics(log: WatchedLog): readonly Metric[] {
  const { driver } = log;
  const byDriver = (value: number): readonly Sample[] => [{ value, labels: { driver } }];
  return [
    counter(
      "sluice_appended_records_total",
      "Records that this node made durable, by log driver.",
      () => byDriver(log.counts.records),
    ),
    counter(
      "sluice_appended_bytes_total",
      "Bytes of the records that this node made durable, by log driver.",
      () => byDriver(log.counts.bytes),
    ),
    histogram("sluice_append_duration_seconds", "Time that an append to the log took.", () => [
      { histogram: log.counts.seconds, labels: { driver } },
    ]),
    counter("sluice_append_failures_total", "Appends that the log could not store.", () =>
      byDriver(log.appends().failures),
    ),
    gauge(
      "sluice_append_failing_topics",
      "Topics whose last append failed, within the last minute.",
      () => log.appends().failingTopics,
    ),
  ];
}

export function projectionMetrics(projections: Projections): readonly Metric[] {
  const all = () => projections.status();
  const ofProjection = (name: string, value: number): Sample => ({
    value,
    labels: { projection: name },
  });
  return [
    gauge("sluice_projection_owned", "1 on the node that runs the projection, else 0.", () =>
      all().map(({ name, owned }) => ofProjection(name, owned ? 1 : 0)),
    ),
    gauge(
      "sluice_projection_lag_seconds",
      "Age of the oldest record that was read and is not committed; else of the newest committed one, at its commit. Of projections that this node owns.",
      () =>
        all()
          .filter(({ owned }) => owned)
          .map(({ name, lagMs }) => ofProjection(name, lagMs / 1000)),
    ),
    gauge(
      "sluice_projection_lag_entries",
      "Log entries that are not committed: a record each, or a frame of many. Of projections that this node owns.",
      async () =>
        (await projections.lags()).map(({ name, entries }) => ofProjection(name, entries)),
    ),
    counter(
      "sluice_projection_records_total",
      "Records that this node has committed to the store.",
      () => all().map(({ name, records }) => ofProjection(name, records)),
    ),
    counter(
      "sluice_projection_failures_total",
      "Attempts of this node to project that failed.",
      () => all().map(({ name, failures }) => ofProjection(name, failures)),
    ),
    counter(
      "sluice_projection_skipped_entries_total",
      "Log entries that were gone before they were projected.",
      () => all().map(({ name, skipped }) => ofProjection(name, skipped)),
    ),
  ];
}

export function poolMetrics({
  database,
  reads,
}: Pick<Foundation, "database" | "reads">): readonly Metric[] {
  const pools = (of: (pool: Pool) => number) => () =>
    byLabel("pool", [
      ["store", of(database.pool)],
      ["reads", of(reads.pool)],
    ]);
  return [
    gauge(
      "sluice_postgres_connections_limit",
      "Connections to PostgreSQL that this node uses at most, by pool.",
      pools(({ max }) => max),
    ),
    gauge(
      "sluice_postgres_connections_used",
      "Connections to PostgreSQL that are in use, by pool.",
      pools(({ max, running }) => Math.min(max, running)),
    ),
    gauge(
      "sluice_postgres_waiting",
      "Pieces of work that wait for a connection to PostgreSQL, by pool.",
      pools(({ max, running }) => Math.max(0, running - max)),
    ),
  ];
}
