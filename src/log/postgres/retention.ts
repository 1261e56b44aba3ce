/**
 * Drops records beyond their topic's age or size, and those of removed topics: in small chunks, oldest
 * first. Each chunk is one transaction, which also moves the topic's first position.
 */

import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { Database } from "./database.ts";
import { entryOverheadBytes } from "./entry.ts";

export interface RetentionOptions {
  readonly sweepMs: number;
  /** How long a dedup id is remembered at least. */
  readonly dedupMs: number;
  /** Number of idempotent producers that are remembered. */
  readonly producersMax: number;
  readonly logger: Logger;
  readonly beforeSweep: (() => Promise<unknown>) | undefined;
}

/** Entries of one transaction: a few milliseconds of work. */
const chunkRows = 1_000;

/** How long an idempotent producer may be silent and still be remembered: a device may lie in a drawer for a week. */
const producerMs = 7 * 24 * 60 * 60 * 1000;

/** SQL of the lock that is taken for each chunk: one node sweeps at a time, and a dead one delays nobody. */
const lockKey = "hashtextextended(current_schema() || ':log-retention', 0)";

export class Retention {
  readonly #database: Database;
  readonly #options: RetentionOptions;
  #cancel: () => void = () => {};
  #isClosed = false;
  #sweeping: Promise<void> | undefined;

  constructor(database: Database, options: RetentionOptions) {
    this.#database = database;
    this.#options = options;
    this.#schedule();
  }

  /** Applies retention to every topic now; a call during a sweep waits for that one, then sweeps. */
  async sweep(): Promise<void> {
    await this.#sweeping?.catch(() => {
      // The caller of that one handles it.
    });
    this.#sweeping = this.#sweep();
    await this.#sweeping;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#sweeping?.catch(() => {
      // Its caller handles it.
    });
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#database.clock.after(this.#options.sweepMs, () => {
      this.sweep()
        .catch((error: unknown) => {
          // Nothing is lost by keeping records longer: the next sweep drops them.
          const { code, message: reason } = failureFrom(error);
          const fields = { code, reason };
          this.#options.logger("warn", "applying retention failed; retrying", fields);
        })
        .finally(() => this.#schedule());
    });
  }

  async #sweep(): Promise<void> {
    await this.#options.beforeSweep?.();
    for (const id of await this.#topicsToTrim()) {
      while (!this.#isClosed && (await this.#trimChunk(id)) >= chunkRows);
    }
    for (const id of await this.#topicsToPurge()) {
      while (!this.#isClosed && (await this.#purgeChunk(id)) >= chunkRows);
    }
    await this.#forgetDedupIds();
    await this.#forgetProducers();
    await this.#boundProducers();
  }

  /** Looks just after what was dropped last: before it the index is full of dead entries. */
  async #topicsToTrim(): Promise<readonly string[]> {
    const { sql, clock } = this.#database;
    const rows = await this.#database.run(sql<{ id: string }[]>`
      SELECT t.id FROM log_topics t
      LEFT JOIN LATERAL (
        SELECT e.received_ns FROM log_entries e
        WHERE e.topic_id = t.id AND e.last_seq > t.trimmed_seq ORDER BY e.last_seq LIMIT 1
      ) oldest ON true
      WHERE t.removed_ms IS NULL AND (
        (t.retention_bytes > 0 AND t.bytes > t.retention_bytes) OR
        (t.retention_ms > 0 AND oldest.received_ns < ${String(clock.nowNs())}::bigint - t.retention_ms * 1000000)
      )`);
    return rows.map(({ id }) => id);
  }

  /**
   * The UPDATE reads what was deleted before it touches the topic's row, so that appends wait for
   * the end of this statement only. It counts what this statement deleted: another node may have
   * swept between this one's snapshot and its lock. Returns the number of entries that it deleted.
   */
  async #trimChunk(id: string): Promise<number> {
    const { sql, clock } = this.#database;
    const [row] = await this.#database.run(sql<{ readonly count: string }[]>`
      WITH topic AS (
        SELECT id, trimmed_seq, bytes, retention_bytes,
          CASE WHEN retention_ms > 0 THEN ${String(clock.nowNs())}::bigint - retention_ms * 1000000 ELSE 0 END
            AS cutoff_ns
        FROM log_topics
        WHERE id = ${id} AND removed_ms IS NULL AND pg_try_advisory_xact_lock(${sql.unsafe(lockKey)})
      ), oldest AS (
        SELECT e.last_seq, e.received_ns, octet_length(e.frame) + ${entryOverheadBytes} AS size
        FROM topic, LATERAL (
          SELECT * FROM log_entries
          WHERE topic_id = topic.id AND last_seq > topic.trimmed_seq
          ORDER BY last_seq LIMIT ${chunkRows}
        ) e
      ), marked AS (
        SELECT last_seq,
          bool_and(received_ns < cutoff_ns) OVER before AS is_aged,
          retention_bytes > 0 AND bytes - (sum(size) OVER before - size) > retention_bytes AS is_too_much
        FROM oldest, topic
        WINDOW before AS (ORDER BY last_seq ROWS UNBOUNDED PRECEDING)
      ), cut AS (
        SELECT max(last_seq) AS seq FROM marked WHERE is_aged OR is_too_much
      ), gone AS (
        DELETE FROM log_entries e USING topic, cut
        WHERE e.topic_id = topic.id AND e.last_seq > topic.trimmed_seq AND e.last_seq <= cut.seq
        RETURNING octet_length(e.frame) + ${entryOverheadBytes} AS size
      ), deleted AS (
        SELECT count(*) AS count, sum(size) AS bytes FROM gone
      )
      UPDATE log_topics t
      SET trimmed_seq = greatest(t.trimmed_seq, cut.seq), bytes = t.bytes - deleted.bytes
      FROM cut, deleted WHERE t.id = ${id} AND deleted.count > 0
      RETURNING deleted.count`);
    return Number(row?.count ?? 0);
  }

  /** Removed incarnations that have entries, or that a newer incarnation made needless. */
  async #topicsToPurge(): Promise<readonly string[]> {
    const { sql } = this.#database;
    const rows = await this.#database.run(sql<{ id: string }[]>`
      SELECT t.id FROM log_topics t WHERE t.removed_ms IS NOT NULL AND (
        EXISTS (SELECT FROM log_entries e WHERE e.topic_id = t.id) OR
        EXISTS (SELECT FROM log_topics n WHERE n.name = t.name AND n.epoch > t.epoch)
      )`);
    return rows.map(({ id }) => id);
  }

  async #purgeChunk(id: string): Promise<number> {
    const { sql } = this.#database;
    const { count } = await this.#database.run(sql`
      DELETE FROM log_entries WHERE topic_id = ${id} AND last_seq IN (
        SELECT last_seq FROM log_entries
        WHERE topic_id = ${id} AND pg_try_advisory_xact_lock(${sql.unsafe(lockKey)})
        ORDER BY last_seq LIMIT ${chunkRows})`);
    if (count < chunkRows) {
      await this.#database.run(sql`
        DELETE FROM log_topics t WHERE t.id = ${id}
          AND NOT EXISTS (SELECT FROM log_entries e WHERE e.topic_id = t.id)
          AND EXISTS (SELECT FROM log_topics n WHERE n.name = t.name AND n.epoch > t.epoch)`);
    }
    return count;
  }

  async #forgetDedupIds(): Promise<void> {
    const { sql, clock } = this.#database;
    const before = clock.nowMs() - this.#options.dedupMs;
    for (;;) {
      const { count } = await this.#database.run(sql`
        DELETE FROM log_dedup WHERE (topic_id, id) IN (
          SELECT topic_id, id FROM log_dedup WHERE at_ms < ${before} LIMIT ${chunkRows})`);
      if (count < chunkRows || this.#isClosed) return;
    }
  }

  async #forgetProducers(): Promise<void> {
    const { sql, clock } = this.#database;
    const before = clock.nowMs() - producerMs;
    for (;;) {
      const { count } = await this.#database.run(sql`
        DELETE FROM log_producers WHERE (topic_id, id) IN (
          SELECT topic_id, id FROM log_producers WHERE at_ms < ${before} LIMIT ${chunkRows})`);
      if (count < chunkRows || this.#isClosed) return;
    }
  }

  /** Past their number, those that were silent for longest are forgotten. They are counted only where the estimate is past it. */
  async #boundProducers(): Promise<void> {
    const { sql } = this.#database;
    const { producersMax } = this.#options;
    const [estimated] = await this.#database.run(sql<{ producers: string }[]>`
      SELECT greatest(c.reltuples, pg_stat_get_live_tuples(c.oid))::bigint AS producers
      FROM pg_class c WHERE c.oid = 'log_producers'::regclass`);
    if (Number(estimated?.producers ?? 0) <= producersMax) return;
    const [newest] = await this.#database.run(sql<{ at_ms: string }[]>`
      SELECT at_ms FROM log_producers ORDER BY at_ms DESC OFFSET ${producersMax} LIMIT 1`);
    if (newest === undefined) return;
    for (;;) {
      const { count } = await this.#database.run(sql`
        DELETE FROM log_producers WHERE (topic_id, id) IN (
          SELECT topic_id, id FROM log_producers WHERE at_ms <= ${newest.at_ms} LIMIT ${chunkRows})`);
      if (count < chunkRows || this.#isClosed) return;
    }
  }
}
