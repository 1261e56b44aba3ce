/** Live fan-out on one node: one reader per topic, many bounded subscribers. */

import type { Share } from "../core/budget/memory.ts";
import { Semaphore } from "../core/budget/semaphore.ts";
import type { Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import type { Position } from "../core/position.ts";
import type { Tracing } from "../core/trace/trace.ts";
import { createHubCounts, type HubCounts } from "./counts.ts";
import { Feed, type FeedHost } from "./feed.ts";
import type { HubOptions } from "./options.ts";
import { ReplayRemainders } from "./replay-remainders.ts";
import type { Start, Subscriber, Subscription } from "./subscriber.ts";
import { WindowBudget } from "./window-budget.ts";

export interface HubDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: HubOptions;
  /** What the windows of all topics may contain together. */
  readonly windows: Share;
  readonly turns: Turns;
  /** Undefined: deliveries are not traced. */
  readonly tracing?: Tracing | undefined;
}

export class Hub {
  readonly #feeds = new Map<string, { readonly feed: Feed; readonly ready: Promise<void> }>();
  readonly counts: HubCounts = createHubCounts();
  readonly #host: FeedHost;
  #closed = false;

  constructor(deps: HubDeps) {
    this.#host = {
      ...deps,
      counts: this.counts,
      windows: new WindowBudget(deps.windows),
      replays: new Semaphore(deps.options.replaysMax),
      remainders: new ReplayRemainders(),
      dropped: (feed) => {
        if (this.#feeds.get(feed.topic)?.feed === feed) this.#feeds.delete(feed.topic);
      },
    };
  }

  /**
   * Subscribes to a topic, or to one key of it. Resolves once the subscription is effective: what
   * is appended from then on is delivered. The subscriber may be called before that. Throws
   * `not_found`, `unavailable`, `overloaded`, `shutting_down`.
   */
  async subscribe(
    topic: string,
    key: string | undefined,
    start: Start,
    subscriber: Subscriber,
  ): Promise<Subscription> {
    for (;;) {
      this.#admit();
      const feed = await this.#feed(topic);
      const from = start === "earliest" ? await this.#earliest(topic) : start;
      this.#admit();
      // A feed without subscribers may have closed while this one waited for it.
      if (!feed.signal.aborted) return feed.join(key, from, subscriber);
    }
  }

  /**
   * The topic's newest position: a later subscription after it gets everything that is appended from
   * now on.
   */
  async livePosition(topic: string): Promise<Position> {
    this.#admit();
    return (await this.#feed(topic)).flushed;
  }

  stats(): { topics: number; subscriptions: number; windowBytes: number } {
    let windowBytes = 0;
    for (const { feed } of this.#feeds.values()) windowBytes += feed.windowBytes;
    return { topics: this.#feeds.size, subscriptions: this.#subscriptions(), windowBytes };
  }

  /** Subscriptions by topic. */
  readers(): ReadonlyMap<string, number> {
    return new Map([...this.#feeds].map(([topic, { feed }]) => [topic, feed.size]));
  }

  /** Ends every subscription as `shutting_down`, with its last position. */
  close(): void {
    this.#closed = true;
    const reason = new Failure("shutting_down", "This node shuts down: resume on another one");
    for (const { feed } of [...this.#feeds.values()]) feed.close(reason);
  }

  async #feed(topic: string): Promise<Feed> {
    let entry = this.#feeds.get(topic);
    if (entry === undefined) {
      const feed = new Feed(this.#host, topic);
      entry = { feed, ready: feed.start() };
      this.#feeds.set(topic, entry);
      entry.ready.catch(() => this.#host.dropped(feed));
    }
    await entry.ready;
    return entry.feed;
  }

  /** Resolved before the subscription begins, so that it has a true position from its start. */
  async #earliest(topic: string): Promise<Position> {
    const { log, replays } = this.#host;
    return replays.use(async () => (await log.bounds(topic)).start);
  }

  #subscriptions(): number {
    let count = 0;
    for (const { feed } of this.#feeds.values()) count += feed.size;
    return count;
  }

  #admit(): void {
    if (this.#closed) throw new Failure("shutting_down", "This node shuts down: use another one");
    const max = this.#host.options.subscriptionsMax;
    if (this.#subscriptions() >= max) {
      throw new Failure(
        "overloaded",
        `Cannot subscribe: this node has ${max} subscriptions already`,
        { retryAfterMs: 5000 },
      );
    }
  }
}
