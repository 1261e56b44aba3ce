/** How busy topics are over all nodes, and what reads them: for lists and pages of topics. */

/** Per second, in the last span of ten seconds that all nodes have written. */
export interface TopicActivity {
  /** Of a topic to which little is appended: by the pauses between its last records. */
  readonly recordsPerS: number;
  readonly bytesPerS: number;
  /** Records that were refused. */
  readonly refusedPerS: number;
  /** When the last record was appended, in ms since 1970; undefined: none was since this is counted. */
  readonly lastMs: number | undefined;
}

/** A projection or an ack rule that reads a topic, wherever it runs. */
export interface TopicConsumer {
  readonly kind: "projection" | "rule";
  readonly topic: string;
  readonly name: string;
  readonly node: string;
  readonly lagMs: number;
  /** Ten seconds before: whether it catches up. */
  readonly lagBeforeMs: number;
  /** Token of what it has committed; undefined: it has committed nothing yet. */
  readonly position: string | undefined;
}

/** Subscriptions to a topic on one node. */
export interface TopicReaders {
  readonly node: string;
  readonly place: string;
  readonly subscriptions: number;
}

export interface TopicFigures {
  /** Topics of which nothing is known are left out. */
  activity(topics: readonly string[]): Promise<ReadonlyMap<string, TopicActivity>>;
  allActivity(): Promise<ReadonlyMap<string, TopicActivity>>;
  consumers(): Promise<readonly TopicConsumer[]>;
  readers(topic: string): Promise<readonly TopicReaders[]>;
  /** The topic is removed: one that is created under its name begins without figures. */
  forget(topic: string): Promise<void>;
}

/** What is configured to read a topic, or to write to it. */
export interface TopicUse {
  readonly topic: string;
  readonly kind: "rule" | "relation";
  readonly name: string;
  readonly does: "reads" | "writes";
}
