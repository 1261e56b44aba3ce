/** How busy topics are: what all nodes together append to each, and when the last record came. */

import type { TopicActivity } from "../../core/metrics/topic-figures.ts";

/** What one node appended to a topic within a span, and refused. */
export interface TopicSpan {
  readonly topic: string;
  readonly records: number;
  readonly bytes: number;
  readonly refused: number;
  readonly lastMs: number | undefined;
}

/** What is in the store of all nodes. */
export interface ActivityStore {
  /** Adds what a node counted within the span with this number. */
  add(span: number, topics: readonly TopicSpan[]): Promise<void>;
  /** As of the span with this number; topics that nothing is known of are left out. */
  of(span: number, topics: readonly string[]): Promise<ReadonlyMap<string, TopicActivity>>;
  all(span: number): Promise<ReadonlyMap<string, TopicActivity>>;
  forget(topic: string): Promise<void>;
  /** Drops topics that were silent for a month. */
  prune(span: number): Promise<void>;
}
