/** Figures of topics, from what all nodes say. */

import type { Clock } from "../../core/clock.ts";
import type { TopicFigures } from "../../core/metrics/topic-figures.ts";
import type { ActivityStore } from "./activity.ts";
import { everyMs } from "./node.ts";
import type { Nodes } from "./nodes.ts";

export interface FiguresDeps {
  readonly clock: Clock;
  readonly activity: ActivityStore;
  readonly nodes: Nodes;
}

export function createTopicFigures({ clock, activity, nodes }: FiguresDeps): TopicFigures {
  /** The last span that each node has had ten seconds to write. */
  const span = () => Math.floor(clock.nowMs() / everyMs) - 2;
  const serving = async () =>
    (await nodes.list()).all.filter(({ condition }) => condition === "serving");
  return {
    activity: (topics) => activity.of(span(), topics),
    allActivity: () => activity.all(span()),
    async consumers() {
      return (await serving()).flatMap(({ node, state: { projections, rules = [] } }) => [
        ...projections.map((one) => ({ kind: "projection" as const, ...one, node })),
        ...rules.map((one) => ({ kind: "rule" as const, ...one, node })),
      ]);
    },
    async readers(topic) {
      return (await serving()).flatMap(({ node, state: { place, readers } }) => {
        const subscriptions = readers[topic];
        return subscriptions === undefined ? [] : [{ node, place, subscriptions }];
      });
    },
    forget: (topic) => activity.forget(topic),
  };
}
