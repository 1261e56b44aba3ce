/**
 * Tells other nodes of new records through LISTEN and NOTIFY. A notification only shortens the
 * wait for the next poll (`tails.ts`), so it may be late or lost.
 *
 * It is sent apart from the commit that it speaks of: NOTIFY inside a transaction takes a lock on
 * the whole database at commit, and all appends to all topics would queue for it.
 *
 * A gateway alone is not to pay for it: each node that listens says so now and then, and one that
 * hears nobody tells nobody. Who comes later reads what was committed until its first word by polling.
 */
import { sleep } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Database } from "./database.ts";

/** Between two notifications of one node: the first is sent at once, a burst of commits shares the next. */
const gapMs = 10;

/** How often a listening node says that it is there, and for how long that is believed. */
const helloMs = 3_000;
const believedMs = 15_000;

/** What a payload holds at most: 8,000 bytes of it are PostgreSQL's limit, an entry has up to 40. */
const topicsMax = 150;

/** Stands in for a sequence where the topic was removed. */
export const removedSequence = -1;

/** `sequence` is the topic's newest, or `removedSequence`. */
export type OnWakeup = (topicId: string, sequence: number) => void;

export class Wakeups {
  readonly #database: Database;
  /** A channel belongs to the whole database: another schema's notifications are not for this log. */
  readonly #channel: string;
  readonly #logger: Logger;
  readonly #node = crypto.randomUUID().slice(0, 8);
  readonly #news = new Map<string, number>();
  #sending: Promise<void> | undefined;
  #listening: Promise<() => Promise<void>> | undefined;
  /** Undefined until this node listens: then it knows of no one, and tells all. */
  #believedUntilMs: number | undefined;
  #isClosed = false;

  constructor(database: Database, schema: string, logger: Logger) {
    this.#database = database;
    this.#channel = `sluice_log:${schema}`;
    this.#logger = logger;
  }

  /** Queues a notification; commits of one topic that come before it leaves count as one. */
  announce(topicId: string, sequence: number): void {
    if (this.#isAlone()) return;
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
      // The others poll: this is a delay and no loss.
      const level = words.length > 0 ? "warn" : "debug";
      this.#logger(level, "could not notify other nodes", { error: String(error) });
    }
  }

  #isAlone(): boolean {
    const untilMs = this.#believedUntilMs;
    return untilMs !== undefined && this.#database.clock.nowMs() > untilMs;
  }

  /** Words of another node: it is there, and it may not know of this one yet. */
  #heard(): void {
    const wasAlone = this.#isAlone();
    this.#believedUntilMs = this.#database.clock.nowMs() + believedMs;
    if (wasAlone) void this.#notify([]);
  }

  async #sayHello(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#notify([]);
      await sleep(this.#database.clock, helloMs, signal);
    }
  }

  async #listen(onWakeup: OnWakeup, onGap: () => void): Promise<() => Promise<void>> {
    const onPayload = (payload: string) => {
      const [node, ...words] = payload.split(" ");
      if (node === this.#node) return;
      this.#heard();
      for (const word of words) {
        const [topicId = "", sequence] = word.split(":");
        onWakeup(topicId, Number(sequence));
      }
    };
    try {
      // Listens again by itself after a lost connection, and then calls `onGap`.
      const { unlisten } = await this.#database.sql.listen(this.#channel, onPayload, onGap);
      // Until they could have said so, others are taken to be there.
      this.#believedUntilMs ??= this.#database.clock.nowMs() + believedMs;
      const stop = new AbortController();
      void this.#sayHello(stop.signal);
      return async () => {
        stop.abort();
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
