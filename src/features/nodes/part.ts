/** Nodes: the last hour of each, what each works on, and what is wrong now. */

import type { TopicFigures } from "../../core/metrics/topic-figures.ts";
import type { Part, Platform } from "../part.ts";
import { createTopicFigures } from "./figures.ts";
import { nodeEndpoints } from "./http/endpoints.ts";
import { mountNodes } from "./http/routes.ts";
import { Nodes } from "./nodes.ts";
import { type Probe, Recorder } from "./recorder.ts";
import { createActivityStore } from "./store/activity-store.ts";
import { createNodeStore } from "./store/node-store.ts";

export interface NodesPart extends Part {
  readonly figures: TopicFigures;
  /** Once all parts are open, since it asks them. */
  start(): void;
}

export function openNodes(platform: Platform, { probe }: { readonly probe: Probe }): NodesPart {
  const { database, counters } = platform;
  const store = createNodeStore(database);
  const activity = createActivityStore(database);
  const topicCounts = counters.records.topics;
  const recorder = new Recorder({ ...platform, probe, store, activity, topicCounts });
  const nodes = new Nodes({ ...platform, store, recorder });
  return {
    name: "nodes",
    figures: createTopicFigures({ ...platform, activity, nodes }),
    start: () => recorder.start(),
    http: (app) => mountNodes(app, { ...platform, nodes }),
    endpoints: nodeEndpoints,
    close: () => recorder.close(),
  };
}
