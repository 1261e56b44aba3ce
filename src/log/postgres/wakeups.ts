/**
 * Tells other nodes of new records through LISTEN and NOTIFY. A notification only shortens the
 * wait for the next poll (`tails.ts`), so it may be late or lost.
 *
 * It is sent apart from the commit that it speaks of: NOTIFY inside a transaction takes a lock on
 * the whole database at commit, and all appends to all topics would queue for it.
 */
import { sleep } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Database } from "./database.ts";

const channel = "sluice_log";

/** Between two notifications of one node: the first is sent at once, a burst of commits shares the next. */
const gapMs = 10;

/** What a payload holds at most: 8,000 bytes of it are PostgreSQL's limit, an entry has up to 40. */
const topicsMax = 150;

/** `sequence` is the topic's newest; 0 when the topic was removed. */
export type OnWakeup = (topicId: string, sequence: number) => void;

export class Wakeups {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #node = crypto.randomUUID().slice(0, 8);
  readonly #news = new Map<string, number>();
  #sending: Promise<void> | undefined;
  #listening: Promise<() => Promise<void>> | undefined;
  #isClosed = false;

  constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  /** Queues a notification; commits of one topic that come before it leaves count as one. */
  announce(topicId: string, sequence: number): void {
    this.#news.set(topicId, sequence);
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
    while (this.#news.size > 0) {
      const entries = [...this.#news].slice(0, topicsMax);
      for (const [topicId] of entries) this.#news.delete(topicId);
      const words = entries.map(([topicId, sequence]) => `${topicId}:${sequence}`);
      const payload = [this.#node, ...words].join(" ");
      try {
        const { sql } = this.#database;
        await this.#database.ask(sql`SELECT pg_notify(${channel}, ${payload})`);
      } catch (error) {
        // The others poll: this is a delay and no loss.
        this.#logger("warn", "could not notify other nodes", { error: String(error) });
      }
      if (this.#isClosed) break;
      await sleep(this.#database.clock, gapMs);
    }
    this.#sending = undefined;
  }

  async #listen(onWakeup: OnWakeup, onGap: () => void): Promise<() => Promise<void>> {
    const onPayload = (payload: string) => {
      const [node, ...words] = payload.split(" ");
      if (node === this.#node) return;
      for (const word of words) {
        const [topicId = "", sequence] = word.split(":");
        onWakeup(topicId, Number(sequence));
      }
    };
    try {
      // Listens again by itself after a lost connection, and then calls `onGap`.
      const { unlisten } = await this.#database.sql.listen(channel, onPayload, onGap);
      return async () => {
        await unlisten().catch((error: unknown) => {
          // Its connection is gone, and with it the listening.
          this.#logger("debug", "could not unlisten", { error: String(error) });
        });
      };
    } catch (error) {
      this.#logger("warn", "cannot listen yet; polling until then", { error: String(error) });
      return async () => {};
    }
  }
}
