/** The tails of this node: made for the first who reads a topic live, kept up to date, let go after the last. */
import type { Batch } from "../../core/batch.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { deadlineMs, type Database } from "./database.ts";
import { fetchSpan } from "./fetch.ts";
import { CommittedRecords, countOf } from "./encoded-records.ts";
import { Tail } from "./live-buffer.ts";
import type { TopicIncarnation } from "./topics.ts";
import { removedSequence, type Wakeups } from "./wakeups.ts";

/** How long a lost notification delays a record. One small query per node, whatever it reads. */
const pollMs = 500;

/** How often readers of a key learn how far the topic has come. */
const advanceKeysMs = 5_000;

interface Followed {
  readonly tail: Tail;
  readers: number;
  filling: boolean;
}

export class Tails {
  readonly #database: Database;
  readonly #wakeups: Wakeups;
  readonly #logger: Logger;
  readonly #followed = new Map<string, Followed>();
  #isPolling = false;
  #isClosed = false;

  constructor(database: Database, wakeups: Wakeups, logger: Logger) {
    this.#database = database;
    this.#wakeups = wakeups;
    this.#logger = logger;
  }

  /** The topic's tail, until `unfollow`. */
  follow(life: TopicIncarnation): Tail {
    let followed = this.#followed.get(life.id);
    if (followed === undefined) {
      followed = { tail: new Tail(life), readers: 0, filling: false };
      this.#followed.set(life.id, followed);
    }
    followed.readers++;
    this.#wakeups.listen(
      (topicId, sequence) => this.#hear(topicId, sequence),
      () => void this.#poll(),
    );
    if (!this.#isPolling) void this.#pollOnAndOn();
    return followed.tail;
  }

  unfollow(tail: Tail): void {
    const followed = this.#followed.get(tail.life.id);
    // A tail that is over was let go already, and another may have its place.
    if (followed?.tail === tail && --followed.readers === 0) this.#followed.delete(tail.life.id);
  }

  /** A reader found the topic's end. */
  join(tail: Tail, end: number): void {
    tail.join(end);
    this.#fill(tail.life.id);
  }

  committed(
    life: TopicIncarnation,
    base: number,
    batches: readonly Batch[],
    receivedNs: bigint,
  ): void {
    this.#wakeups.announce(life.id, base + countOf(batches));
    const tail = this.#followed.get(life.id)?.tail;
    if (tail === undefined) return;
    const kept = batches.map((batch) => batch.kept());
    tail.committed(base, new CommittedRecords(life, base, kept, receivedNs));
    this.#fill(life.id);
  }

  removed(life: TopicIncarnation): void {
    this.#wakeups.announce(life.id, removedSequence);
    this.#over(life.id);
  }

  close(): void {
    this.#isClosed = true;
  }

  #hear(topicId: string, sequence: number): void {
    if (sequence === removedSequence) this.#over(topicId);
    else this.#learn(topicId, sequence);
  }

  #learn(topicId: string, sequence: number): void {
    const tail = this.#followed.get(topicId)?.tail;
    if (tail === undefined) return;
    tail.known = Math.max(tail.known, sequence);
    this.#fill(topicId);
  }

  #over(topicId: string): void {
    const tail = this.#followed.get(topicId)?.tail;
    this.#followed.delete(topicId);
    tail?.over();
  }

  /** Fetches what other nodes have committed, one fetch at a time. */
  #fill(topicId: string): void {
    const followed = this.#followed.get(topicId);
    if (followed === undefined || followed.filling || followed.tail.missing === undefined) return;
    followed.filling = true;
    void this.#fillAll(followed).finally(() => {
      followed.filling = false;
    });
  }

  async #fillAll({ tail }: Followed): Promise<void> {
    const { life } = tail;
    const isCurrent = () => this.#followed.get(life.id)?.tail === tail;
    for (let { missing } = tail; missing !== undefined && isCurrent(); { missing } = tail) {
      try {
        const fetched = await fetchSpan(this.#database, life, missing);
        const isLost =
          fetched === undefined ||
          fetched.bounds.start.sequence > missing.after ||
          fetched.bounds.end.sequence < missing.after;
        if (isLost) return this.#over(life.id);
        tail.fetched(fetched, missing.after);
      } catch (error) {
        // The next poll tries again, or ends the tail when the database stays away.
        this.#logger("warn", "could not read what other nodes have appended", {
          code: failureFrom(error).code,
        });
        return;
      }
    }
  }

  async #pollOnAndOn(): Promise<void> {
    this.#isPolling = true;
    const { clock } = this.#database;
    let heardMs = clock.nowMs();
    let advancedMs = heardMs;
    while (this.#followed.size > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => clock.after(pollMs, resolve));
      const isHeard = await this.#poll();
      const nowMs = clock.nowMs();
      if (isHeard) heardMs = nowMs;
      // Silence must not look like a topic without news: who waits is told to come again.
      else if (nowMs - heardMs >= deadlineMs) {
        for (const id of [...this.#followed.keys()]) this.#over(id);
      }
      if (nowMs - advancedMs < advanceKeysMs) continue;
      advancedMs = nowMs;
      for (const { tail } of this.#followed.values()) tail.advanceKeys();
    }
    this.#isPolling = false;
  }

  /** Asks for the newest sequence of every followed topic; false when there was no answer. */
  async #poll(): Promise<boolean> {
    if (this.#followed.size === 0) return true;
    const asked = [...this.#followed.values()].map(({ tail }) => ({ tail, known: tail.known }));
    const { sql } = this.#database;
    try {
      const ids = `{${asked.map(({ tail }) => tail.life.id).join(",")}}`;
      const rows = await this.#database.run(sql<{ id: string; last_seq: string }[]>`
        SELECT id, last_seq FROM log_topics WHERE id = ANY(${ids}::bigint[]) AND removed_ms IS NULL`);
      const lasts = new Map(rows.map((row) => [row.id, Number(row.last_seq)]));
      for (const { tail, known } of asked) {
        const last = lasts.get(tail.life.id);
        // Removed, or restored to a state before what was read: positions past the end are gone.
        if (last === undefined || last < known) this.#over(tail.life.id);
        else this.#learn(tail.life.id, last);
      }
      return true;
    } catch (error) {
      this.#logger("debug", "could not poll for new records", { code: failureFrom(error).code });
      return false;
    }
  }
}
