/** Emitters: created by REST, appended to, read as pages and streams; simulated guests write some. */

import { emittersTopic } from "../../core/emitters.ts";
import type { Part, Platform } from "../part.ts";
import { type EmitterBounds, Emitters } from "./emitters.ts";
import { emitterEndpoints } from "./http/endpoints.ts";
import { emitterHotRoutes, mountEmitters } from "./http/routes.ts";
import { emitterMetrics } from "./metrics.ts";
import { emittersAuthor } from "./requests.ts";
import { createEmitterStore } from "./store/emitter-store.ts";
import { createGuestLeases } from "./store/guest-leases.ts";
import { createEmitterPages } from "./store/pages.ts";
import { createEmitterProjection } from "./store/projection.ts";
import { runEmitterRetention } from "./store/retention.ts";

export interface EmittersOptions {
  readonly bounds: EmitterBounds;
  /** Whether this node runs simulated guests. */
  readonly guests: boolean;
}

/** Rows of one emitter: at two events a second, the last fourteen hours. */
const rowsPerEmitterMax = 100_000;

export async function openEmitters(
  platform: Platform,
  { guests, bounds }: EmittersOptions,
): Promise<Part & { readonly emitters: Emitters }> {
  const { database, ingest, newTopics } = platform;
  await platform.internalTopic(emittersTopic, newTopics, {
    owner: emittersAuthor,
    contains: { kind: "emitter", isKey: true },
    appendedAt: "/log/{id}",
  });
  const emitters = new Emitters({
    ...platform,
    append: ingest.appendRecords.bind(ingest, emittersAuthor),
    store: createEmitterStore(database),
    pages: createEmitterPages(database),
    searches: platform.pages,
    leases: createGuestLeases(database),
    guests,
    bounds,
  });
  const deps = { ...platform, emitters };
  const stop = new AbortController();
  const retention = runEmitterRetention({
    ...platform,
    signal: stop.signal,
    retention: { ageMs: newTopics.retentionMs, countMax: rowsPerEmitterMax },
  });
  return {
    name: "emitters",
    emitters,
    http: (app) => mountEmitters(app, deps),
    hot: emitterHotRoutes(deps),
    endpoints: emitterEndpoints,
    projections: [{ target: createEmitterProjection(database) }],
    tables: ["emitter_events"],
    status: () => ({ emitters: emitters.status() }),
    metrics: emitterMetrics(() => emitters.status()),
    async close() {
      stop.abort();
      await Promise.all([emitters.close(), retention]);
    },
  };
}
