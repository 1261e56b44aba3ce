/** The live buffers of this node: created for the first live reader of a topic, dropped after the last. */

import type { Batch } from "../../core/batch.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { type Database, deadlineMs } from "./database.ts";
import { CommittedRecords, countOf } from "./encoded-records.ts";
import { fetchSpan } from "./fetch.ts";
import { LiveBuffer } from "./live-buffer.ts";
import type { TopicIncarnation } from "./topics.ts";
import { removedSequence, type Wakeups } from "./wakeups.ts";

/** How long a lost notification delays a record. One small query per node, however many topics it reads. */
const pollMs = 500;

/** How often readers of keys move past records of other keys. */
const advanceKeysMs = 5_000;

interface Followed {
  readonly buffer: LiveBuffer;
  readers: number;
  filling: boolean;
}

export class LiveBuffers {
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

  /** The topic's buffer; to be released by `unfollow`. */
  follow(incarnation: TopicIncarnation): LiveBuffer {
    let followed = this.#followed.get(incarnation.id);
    if (followed === undefined) {
      followed = { buffer: new LiveBuffer(incarnation), readers: 0, filling: false };
      this.#followed.set(incarnation.id, followed);
    }
    followed.readers++;
    this.#wakeups.listen(
      (topicId, sequence) => this.#onWakeup(topicId, sequence),
      () => void this.#poll(),
    );
    if (!this.#isPolling) void this.#pollRepeatedly();
    return followed.buffer;
  }

  unfollow(buffer: LiveBuffer): void {
    const followed = this.#followed.get(buffer.incarnation.id);
    // A buffer that has ended was dropped already, and another may have its place.
    if (followed?.buffer === buffer && --followed.readers === 0) {
      this.#followed.delete(buffer.incarnation.id);
    }
  }

  /** A reader found the topic's end. */
  join(buffer: LiveBuffer, end: number): void {
    buffer.join(end);
    this.#fill(buffer.incarnation.id);
  }

  committed(
    incarnation: TopicIncarnation,
    base: number,
    batches: readonly Batch[],
    receivedNs: bigint,
  ): void {
    this.#wakeups.announce(incarnation.id, base + countOf(batches));
    const buffer = this.#followed.get(incarnation.id)?.buffer;
    if (buffer === undefined) return;
    const kept = batches.map((batch) => batch.kept());
    buffer.committed(base, new CommittedRecords(incarnation, base, kept, receivedNs));
    this.#fill(incarnation.id);
  }

  removed(incarnation: TopicIncarnation): void {
    this.#wakeups.announce(incarnation.id, removedSequence);
    this.#end(incarnation.id);
  }

  close(): void {
    this.#isClosed = true;
  }

  #onWakeup(topicId: string, sequence: number): void {
    if (sequence === removedSequence) this.#end(topicId);
    else this.#advance(topicId, sequence);
  }

  #advance(topicId: string, sequence: number): void {
    const buffer = this.#followed.get(topicId)?.buffer;
    if (buffer === undefined) return;
    buffer.known = Math.max(buffer.known, sequence);
    this.#fill(topicId);
  }

  #end(topicId: string): void {
    const buffer = this.#followed.get(topicId)?.buffer;
    this.#followed.delete(topicId);
    buffer?.close();
  }

  /** Fetches what other nodes have committed, one fetch at a time. */
  #fill(topicId: string): void {
    const followed = this.#followed.get(topicId);
    if (followed === undefined || followed.filling || followed.buffer.missing === undefined) return;
    followed.filling = true;
    void this.#fillAll(followed).finally(() => {
      followed.filling = false;
    });
  }

  async #fillAll({ buffer }: Followed): Promise<void> {
    const { incarnation } = buffer;
    const isCurrent = () => this.#followed.get(incarnation.id)?.buffer === buffer;
    for (let { missing } = buffer; missing !== undefined && isCurrent(); { missing } = buffer) {
      try {
        const fetched = await fetchSpan(this.#database, incarnation, missing);
        const isLost =
          fetched === undefined ||
          fetched.bounds.start.sequence > missing.after ||
          fetched.bounds.end.sequence < missing.after;
        if (isLost) return this.#end(incarnation.id);
        buffer.fetched(fetched, missing.after);
      } catch (error) {
        // The next poll retries, or ends the buffer when the database stays unreachable.
        this.#logger("warn", "reading what other nodes appended failed; retrying", {
          code: failureFrom(error).code,
        });
        return;
      }
    }
  }

  async #pollRepeatedly(): Promise<void> {
    this.#isPolling = true;
    const { clock } = this.#database;
    let answeredMs = clock.nowMs();
    let advancedMs = answeredMs;
    while (this.#followed.size > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => clock.after(pollMs, resolve));
      const isAnswered = await this.#poll();
      const nowMs = clock.nowMs();
      if (isAnswered) answeredMs = nowMs;
      // Missing answers must not look like an idle topic: wakes all readers, so that they query again.
      else if (nowMs - answeredMs >= deadlineMs) {
        for (const id of [...this.#followed.keys()]) this.#end(id);
      }
      if (nowMs - advancedMs < advanceKeysMs) continue;
      advancedMs = nowMs;
      for (const { buffer } of this.#followed.values()) buffer.advanceKeys();
    }
    this.#isPolling = false;
  }

  /** Queries the newest sequence of every followed topic; false without an answer. */
  async #poll(): Promise<boolean> {
    if (this.#followed.size === 0) return true;
    const polled = [...this.#followed.values()].map(({ buffer }) => ({
      buffer,
      known: buffer.known,
    }));
    const { sql } = this.#database;
    try {
      const ids = `{${polled.map(({ buffer }) => buffer.incarnation.id).join(",")}}`;
      const rows = await this.#database.run(sql<{ id: string; last_seq: string }[]>`
        SELECT id, last_seq FROM log_topics WHERE id = ANY(${ids}::bigint[]) AND removed_ms IS NULL`);
      const lasts = new Map(rows.map((row) => [row.id, Number(row.last_seq)]));
      for (const { buffer, known } of polled) {
        const last = lasts.get(buffer.incarnation.id);
        // Removed, or restored to an earlier state: positions past the end are gone.
        if (last === undefined || last < known) this.#end(buffer.incarnation.id);
        else this.#advance(buffer.incarnation.id, last);
      }
      return true;
    } catch (error) {
      this.#logger("debug", "polling for new records failed; retrying", {
        code: failureFrom(error).code,
      });
      return false;
    }
  }
}
