/**
 * Takes a point of this node every ten seconds, and writes it to the store, so that any node can answer
 * for all. Points end at whole multiples of ten seconds, as those of all nodes do. While the store does
 * not answer they stay in memory, and are written afterwards.
 */

import { BoundedMap } from "../../core/budget/bounded-map.ts";
import type { Clock } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { TopicCounts } from "../../core/metrics/topic-counts.ts";
import type { ActivityStore, TopicSpan } from "./activity.ts";
import { OwnPoints } from "./history.ts";
import {
  everyMs,
  type NodeState,
  type NodeStore,
  type Point,
  type PointRow,
  type Problem,
} from "./node.ts";
import { type Finding, type Refusals, refusingTopics, Since } from "./problems.ts";

/** What the gateway knows of this node. */
export interface Probe {
  /** Since it was taken last. */
  point(): Promise<Point>;
  state(): Omit<NodeState, "problems">;
  findings(): Promise<readonly Finding[]>;
}

export interface RecorderDeps {
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly probe: Probe;
  readonly store: NodeStore;
  readonly activity: ActivityStore;
  readonly topicCounts: TopicCounts;
}

/** Topics whose refusals are remembered. */
const refusingMax = 200;
/** Points between two removals of what is older than an hour. */
const pruneEvery = 6;

export class Recorder {
  readonly points = new OwnPoints();
  readonly #deps: RecorderDeps;
  readonly #startedMs: number;
  readonly #since = new Since();
  readonly #refusals = new BoundedMap<string, readonly Refusals[]>(refusingMax);
  #unwritten: PointRow[] = [];
  #problems: readonly Problem[] = [];
  #storeFailure: string | undefined;
  #taken = 0;
  #cancel = () => {};
  #taking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
  }

  /** Begins: this node is known to the others at once. */
  start(): void {
    this.#taking = this.#write(false);
    this.#next();
  }

  get startedMs(): number {
    return this.#startedMs;
  }

  /** Of this node, as of the last point. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Why the store could not be written last; undefined: it was. */
  get storeFailure(): string | undefined {
    return this.#storeFailure;
  }

  state(): NodeState {
    return { ...this.#deps.probe.state(), problems: this.#problems };
  }

  /** The others learn that this node stopped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#taking;
    await this.#write(true);
  }

  #next(): void {
    if (this.#isClosed) return;
    const { clock } = this.#deps;
    const inMs = everyMs - (clock.nowMs() % everyMs);
    this.#cancel = clock.after(inMs + 1, () => {
      this.#taking = this.#take().finally(() => this.#next());
    });
  }

  async #take(): Promise<void> {
    const { clock, node, probe, store, activity, logger } = this.#deps;
    const nowMs = clock.nowMs();
    const atMs = Math.floor(nowMs / everyMs) * everyMs;
    try {
      const row = { node, atMs, point: await probe.point() };
      this.points.add(row);
      this.#unwritten = [...this.#unwritten, row].slice(-this.#keptMax());
      const spans = this.#takeTopics(nowMs);
      const findings = [...(await probe.findings()), ...refusingTopics(this.#refusals, nowMs)];
      this.#problems = this.#since.of([...findings, ...this.#storeFinding()], nowMs);
      await this.#write(false);
      if (this.#storeFailure !== undefined) return;
      const span = atMs / everyMs - 1;
      await activity.add(span, spans);
      if (this.#taken++ % pruneEvery === 0) {
        await store.prune(nowMs);
        await activity.prune(span);
      }
    } catch (error) {
      logger("debug", "a point of this node could not be taken", {
        reason: failureFrom(error).message,
      });
    }
  }

  #keptMax(): number {
    return 3_600_000 / everyMs;
  }

  #takeTopics(nowMs: number): readonly TopicSpan[] {
    const spans: TopicSpan[] = [];
    for (const [topic, count] of this.#deps.topicCounts.take()) {
      const { records, bytes, refused, lastMs, lastRefusal } = count;
      spans.push({ topic, records, bytes, refused, lastMs });
      if (lastRefusal === undefined) continue;
      const before = this.#refusals.get(topic) ?? [];
      const now = { atMs: nowMs, records: refused, message: lastRefusal.message };
      this.#refusals.set(topic, [...before, now]);
    }
    return spans;
  }

  #storeFinding(): readonly Finding[] {
    if (this.#storeFailure === undefined) return [];
    const about = { kind: "node", name: this.#deps.node } as const;
    return [
      { kind: "store_away", about, message: `The store does not answer: ${this.#storeFailure}` },
    ];
  }

  async #write(isStopped: boolean): Promise<void> {
    const { node, store } = this.#deps;
    const points = this.#unwritten;
    const row = { node, startedMs: this.#startedMs, isStopped, state: this.state() };
    try {
      await store.write(row, points);
      this.#storeFailure = undefined;
      this.#unwritten = [];
    } catch (error) {
      this.#storeFailure = failureFrom(error).message;
    }
  }
}
