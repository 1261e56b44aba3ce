/**
 * Notifies other nodes of new records through LISTEN and NOTIFY. A notification only shortens the
 * wait for the next poll (`live-buffers.ts`), so it may be late or lost.
 *
 * It is sent outside the commit: NOTIFY inside a transaction takes a lock on the whole database at
 * commit, and all appends to all topics would queue for it.
 *
 * A single node should not pay for notifications. Listening nodes announce themselves periodically; a
 * node that has received no announcement sends no notifications. A node that joins later finds earlier
 * commits by polling.
 */

import { sleep } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Database } from "./database.ts";

/** Pause between two notifications of one node: the first is sent at once, a burst of commits shares the next. */
const gapMs = 10;

/** How often a listening node announces itself, and for how long others count on it. */
const announceMs = 3_000;
const presentMs = 15_000;

/** Topics in one payload: PostgreSQL's limit is 8,000 bytes, and a topic takes up to 40. */
const topicsMax = 150;

/** In place of a sequence: the topic was removed. */
export const removedSequence = -1;

/** `sequence` is the topic's newest, or `removedSequence`. */
export type OnWakeup = (topicId: string, sequence: number) => void;

export class Wakeups {
  readonly #database: Database;
  /** A channel is the whole database's: the schema keeps other gateways' notifications apart. */
  readonly #channel: string;
  readonly #logger: Logger;
  readonly #node = crypto.randomUUID().slice(0, 8);
  readonly #unsent = new Map<string, number>();
  #sending: Promise<void> | undefined;
  #listening: Promise<() => Promise<void>> | undefined;
  /** Until when other nodes are assumed; undefined until this node listens: it then notifies in any case. */
  #othersUntilMs: number | undefined;
  #isClosed = false;

  constructor(database: Database, schema: string, logger: Logger) {
    this.#database = database;
    this.#channel = `sluice_log:${schema}`;
    this.#logger = logger;
  }

  /** Queues a notification; one that is not sent yet is replaced by the topic's next one. */
  announce(topicId: string, sequence: number): void {
    if (this.#isAlone()) return;
    this.#unsent.set(topicId, sequence);
    this.#sending ??= this.#send();
  }

  /** Begins to listen, once. `onGap` is called whenever notifications may have been missed. */
  listen(onWakeup: OnWakeup, onGap: () => void): void {
    this.#listening ??= this.#listen(onWakeup, onGap);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#sending;
    const unlisten = await this.#listening;
    await unlisten?.();
  }

  async #send(): Promise<void> {
    while (this.#unsent.size > 0) {
      const entries = [...this.#unsent].slice(0, topicsMax);
      for (const [topicId] of entries) this.#unsent.delete(topicId);
      const words = entries.map(([topicId, sequence]) => `${topicId}:${sequence}`);
      await this.#notify(words);
      if (this.#isClosed) break;
      await sleep(this.#database.clock, gapMs);
    }
    this.#sending = undefined;
  }

  async #notify(words: readonly string[]): Promise<void> {
    const payload = [this.#node, ...words].join(" ");
    try {
      const { sql } = this.#database;
      await this.#database.run(sql`SELECT pg_notify(${this.#channel}, ${payload})`);
    } catch (error) {
      // Other nodes poll: the record is late for them and not lost.
      const level = words.length > 0 ? "warn" : "debug";
      this.#logger(level, "notifying other nodes failed", { error: String(error) });
    }
  }

  #isAlone(): boolean {
    const untilMs = this.#othersUntilMs;
    return untilMs !== undefined && this.#database.clock.nowMs() > untilMs;
  }

  /** Another node notifies, and may not know of this one yet. */
  #onOtherNode(): void {
    const wasAlone = this.#isAlone();
    this.#othersUntilMs = this.#database.clock.nowMs() + presentMs;
    if (wasAlone) void this.#notify([]);
  }

  async #announceRepeatedly(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#notify([]);
      await sleep(this.#database.clock, announceMs, signal);
    }
  }

  async #listen(onWakeup: OnWakeup, onGap: () => void): Promise<() => Promise<void>> {
    const onPayload = (payload: string) => {
      const [node, ...words] = payload.split(" ");
      if (node === this.#node) return;
      this.#onOtherNode();
      for (const word of words) {
        const [topicId = "", sequence] = word.split(":");
        onWakeup(topicId, Number(sequence));
      }
    };
    try {
      // postgres.js listens again after a lost connection, and then calls `onGap`.
      const { unlisten } = await this.#database.sql.listen(this.#channel, onPayload, onGap);
      // Other nodes are assumed until they could have announced themselves.
      this.#othersUntilMs ??= this.#database.clock.nowMs() + presentMs;
      const stop = new AbortController();
      void this.#announceRepeatedly(stop.signal);
      return async () => {
        stop.abort();
        await unlisten().catch((error: unknown) => {
          // The connection is gone, and LISTEN with it.
          this.#logger("debug", "unlisten failed", { error: String(error) });
        });
      };
    } catch (error) {
      this.#logger("warn", "listening for other nodes failed; polling instead", {
        error: String(error),
      });
      return async () => {};
    }
  }
}
