/** Measurements: nanosecond points in, samples and series out, never more than seconds behind. */

import { EncodedTopic } from "../../ingest/encoded.ts";
import { Author } from "../../ingest/topic-rules.ts";
import type { Part, Platform } from "../part.ts";
import { measurementContract } from "./contract.ts";
import { influxEndpoints } from "./http/influx-endpoints.ts";
import { mountInflux } from "./http/influx.ts";
import { saveMeasurements } from "./http/save-endpoints.ts";
import { measurementRoutes, mountMeasurements } from "./http/save.ts";
import { seriesEndpoints } from "./http/series-endpoints.ts";
import { mountSeries } from "./http/series.ts";
import { seriesTarget } from "./http/sse.ts";
import { aheadMsMax, measurementsTopic } from "./measurement.ts";
import { measurementMetrics } from "./metrics.ts";
import { runRoller } from "./roller.ts";
import { Series } from "./series.ts";
import { renderMeasurementStatus } from "./status.ts";
import { runMeasurementPartitions } from "./store/partitions.ts";
import { createMeasurementProjection } from "./store/projection.ts";
import { createRollupStore } from "./store/rollups.ts";
import { createSeriesStore } from "./store/series-store.ts";
import { createTagStore } from "./store/tag-count.ts";
import { TagBound } from "./tag-bound.ts";
import { notifyCommits, Unprojected } from "./tail/unprojected.ts";

export interface MeasurementsOptions {
  /** How long measurements are kept as rows. */
  readonly retentionMs: number;
  /** Queries of series that this node answers at once. */
  readonly queriesMax: number;
  /** Number of tags, past which measurements of new ones are refused. */
  readonly tagsMax: number;
  /** Whether new tags count among what their caller creates. */
  readonly areTagsCounted: boolean;
}

export async function openMeasurements(
  platform: Platform,
  { retentionMs, queriesMax, tagsMax, areTagsCounted }: MeasurementsOptions,
): Promise<Part> {
  const { collector, database, reads, clock, newTopics } = platform;
  const bounds = { retentionMs, aheadMs: aheadMsMax };
  const settings = { ...newTopics, layout: "frames" } as const;
  const stop = new AbortController();
  const { signal } = stop;
  const tags = new TagBound({
    ...platform,
    ...{ store: createTagStore(reads), max: tagsMax, isCounted: areTagsCounted, signal },
  });
  const author = new Author("measurements");
  await platform.internalTopic(measurementsTopic, settings, {
    owner: author,
    contains: { kind: "series", isKey: true },
    contract: measurementContract(clock, bounds, tags),
  });

  const running = { ...platform, retentionMs, signal };
  const projection = createMeasurementProjection(database, running);
  const tail = new Unprojected({ ...running, position: () => projection.position() });
  const roller = runRoller({ ...running, store: createRollupStore(database) });
  const partitions = runMeasurementPartitions(running);
  const topic = new EncodedTopic(collector, measurementsTopic, author);
  const series = new Series({
    store: createSeriesStore(reads),
    tail,
    clock,
    retentionMs,
    queriesMax,
  });
  const deps = {
    ...platform,
    series,
    measurementsIn: { topic, clock, bounds, tags, counts: platform.counters.records },
  };
  return {
    name: "measurements",
    http(app) {
      mountMeasurements(app, deps);
      mountInflux(app, deps);
      mountSeries(app, deps);
    },
    socketTargets: [seriesTarget],
    hot: measurementRoutes(deps),
    endpoints: [saveMeasurements, ...influxEndpoints, ...seriesEndpoints],
    projections: [
      {
        target: notifyCommits(projection, tail),
        // Larger batches gain nothing (docs/measurements.md), smaller ones are as many fsyncs more.
        limits: { records: 10_000, ms: 200 },
        shouldYield: () => topic.hasManyWaiters && tail.hasRoom,
      },
    ],
    status: () => ({
      series: { ...series.status(), rollups: roller.status(), tags: tags.status() },
      measurements: renderMeasurementStatus(tail.status(), projection.stats()),
    }),
    metrics: measurementMetrics({ series, tail, tags, stored: () => projection.stats() }),
    async close() {
      stop.abort();
      await Promise.all([roller.done, tail.done, partitions, tags.done]);
    },
  };
}
