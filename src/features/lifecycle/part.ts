/** Lifecycles: events in by every protocol, and what is known and missing of each message id. */

import { Author } from "../../ingest/topic-rules.ts";
import { Writer } from "../../ingest/writer.ts";
import type { Part, Platform } from "../part.ts";
import { lifecycleContract } from "./contract.ts";
import { lifecycleTopic } from "./event.ts";
import { eventEndpoints } from "./http/event-endpoints.ts";
import { lifecycleEventRoutes, mountLifecycleEvents } from "./http/events.ts";
import { AppFormats } from "./http/format.ts";
import { lifecycleEndpoints } from "./http/lifecycle-endpoints.ts";
import { mountLifecycles } from "./http/lifecycles.ts";
import { lifecycleTargets, mountLifecycleLive } from "./http/live.ts";
import { EventIntake } from "./intake.ts";
import { LifecycleQueries } from "./lifecycle-queries.ts";
import { lifecycleMetrics } from "./metrics.ts";
import { marsAccess, mountMars } from "./rpc/mars.ts";
import { eventMethods } from "./rpc/thin-events.ts";
import { createLifecycleStore } from "./store/lifecycle-store.ts";
import { createLifecycleProjection } from "./store/projection.ts";
import { runLifecycleUpkeep } from "./store/retention.ts";

export interface LifecycleOptions {
  /** How long a lifecycle is kept after its last event, unless its app says otherwise; 0 keeps it. */
  readonly retentionMs: number;
}

/** The feature with what others ask it for. */
export interface LifecyclePart extends Part {
  readonly lifecycles: LifecycleQueries;
}

export async function openLifecycle(
  platform: Platform,
  { retentionMs }: LifecycleOptions,
): Promise<LifecyclePart> {
  const { collector, database, ingest, log, clock, newTopics } = platform;
  const settings = { ...newTopics, layout: "frames" } as const;
  const author = new Author("lifecycle");
  await platform.internalTopic(lifecycleTopic, settings, {
    owner: author,
    // Its key is a message id, which any app may use.
    contains: { kind: "app", isKey: false },
    contract: lifecycleContract,
  });
  const writer = new Writer(collector, lifecycleTopic, author);
  const events = new EventIntake({
    writer,
    append: (by, records, options) =>
      ingest.appendRecords(author.for(by), lifecycleTopic, records, options),
    clock,
    recordBytesMax: collector.limits.recordBytesMax,
    counts: platform.counters.records,
  });
  const lifecycles = new LifecycleQueries({ log, store: createLifecycleStore(database), clock });
  const stop = new AbortController();
  const upkeep = runLifecycleUpkeep({ ...platform, signal: stop.signal, retentionMs });
  const apps = new AppFormats();
  const deps = { ...platform, events, lifecycles, retentionMs, apps };
  return {
    name: "lifecycle",
    lifecycles,
    http(app) {
      mountLifecycleEvents(app, deps);
      mountLifecycles(app, deps);
      mountLifecycleLive(app, deps);
    },
    socketTargets: lifecycleTargets(apps),
    hot: lifecycleEventRoutes(deps),
    endpoints: [...eventEndpoints, ...lifecycleEndpoints],
    rpc: (router) => mountMars(router, events),
    rpcAccess: marsAccess,
    thin: eventMethods(events),
    projections: [
      {
        target: createLifecycleProjection(database),
        // Merged before it is written: the larger a batch, the fewer rows an event costs. Twice as
        // many would hold up everything else for 50 ms at a time.
        limits: { records: 5_000, ms: 100 },
        shouldYield: () => writer.hasManyWaiters,
      },
    ],
    tables: ["lifecycles"],
    status: () => ({ lifecycle_events: events.stats() }),
    metrics: lifecycleMetrics(events),
    async close() {
      stop.abort();
      await upkeep;
    },
  };
}
