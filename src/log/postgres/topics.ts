/** Topics and their incarnations, as rows of `log_topics`. */

import type { Bounds, TopicInfo, TopicPage } from "../../core/log.ts";
import {
  differingSettings,
  type Layout,
  parseName,
  type SchemaRule,
  type TopicChange,
  type TopicSettings,
} from "../../core/topic.ts";
import { topicConflict, topicNotFound } from "../answers.ts";
import type { Database } from "./database.ts";

/** What a node may cache of a topic: none of it changes within an incarnation. */
export interface TopicIncarnation {
  readonly id: string;
  readonly epoch: number;
  readonly layout: Layout;
}

interface TopicRow {
  readonly id: string;
  readonly name: string;
  readonly epoch: string;
  readonly layout: Layout;
  readonly retention_ms: string;
  readonly retention_bytes: string;
  readonly schema_rule: SchemaRule;
  readonly last_seq: string;
  readonly trimmed_seq: string;
  readonly bytes: string;
}

export class Topics {
  readonly #database: Database;
  readonly #incarnations = new Map<string, TopicIncarnation>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The topic's incarnation as far as this node knows; it may have ended since. Throws `not_found`. */
  async incarnation(name: string): Promise<TopicIncarnation> {
    return this.#incarnations.get(name) ?? incarnationOf(await this.#existing(name));
  }

  /** To be called when an incarnation has ended. */
  forget(name: string, incarnation: TopicIncarnation): void {
    if (this.#incarnations.get(name)?.id === incarnation.id) this.#incarnations.delete(name);
  }

  async bounds(name: string): Promise<Bounds> {
    return boundsOf(await this.#existing(name));
  }

  async create(topic: string, settings: TopicSettings): Promise<TopicInfo> {
    const name = parseName(topic, "topic");
    const { sql, clock } = this.#database;
    const { layout, retentionMs, retentionBytes, schema } = settings;
    await this.#database.run(sql`
      INSERT INTO log_topics (name, epoch, layout, retention_ms, retention_bytes, schema_rule)
      SELECT ${name}, greatest(${clock.nowMs()}::bigint, 1 + max(epoch)), ${layout},
        ${retentionMs}, ${retentionBytes}, ${schema}
      FROM log_topics WHERE name = ${name}
      ON CONFLICT DO NOTHING`);
    const info = infoOf(await this.#existing(name));
    if (differingSettings(info.settings, settings).length > 0) {
      throw topicConflict(name, info.settings, settings);
    }
    return info;
  }

  async describe(name: string): Promise<TopicInfo | undefined> {
    const row = await this.#find(name);
    return row === undefined ? undefined : infoOf(row);
  }

  async list({ after = "", limit }: TopicPage = {}): Promise<readonly TopicInfo[]> {
    const { sql } = this.#database;
    const rows = await this.#database.run(sql<TopicRow[]>`
      SELECT * FROM log_topics WHERE removed_ms IS NULL AND name COLLATE "C" > ${after}
      ORDER BY name COLLATE "C" LIMIT ${limit ?? null}`);
    return rows.map(infoOf);
  }

  async count(): Promise<number> {
    const { sql } = this.#database;
    const [row] = await this.#database.run(sql<{ topics: number }[]>`
      SELECT count(*)::int AS topics FROM log_topics WHERE removed_ms IS NULL`);
    return row?.topics ?? 0;
  }

  async change(name: string, change: TopicChange): Promise<TopicInfo> {
    const { sql } = this.#database;
    const { retentionMs = null, retentionBytes = null, schema = null } = change;
    const [row] = await this.#database.run(sql<TopicRow[]>`
      UPDATE log_topics SET retention_ms = coalesce(${retentionMs}::bigint, retention_ms),
        retention_bytes = coalesce(${retentionBytes}::bigint, retention_bytes),
        schema_rule = coalesce(${schema}::text, schema_rule)
      WHERE name = ${name} AND removed_ms IS NULL RETURNING *`);
    if (row === undefined) throw topicNotFound(name);
    return infoOf(row);
  }

  /** Ends the incarnation; retention deletes its entries. */
  async remove(name: string): Promise<TopicIncarnation> {
    const { sql, clock } = this.#database;
    const [row] = await this.#database.run(sql<TopicRow[]>`
      UPDATE log_topics SET removed_ms = ${clock.nowMs()}
      WHERE name = ${name} AND removed_ms IS NULL RETURNING *`);
    this.#incarnations.delete(name);
    if (row === undefined) throw topicNotFound(name);
    return incarnationOf(row);
  }

  async #existing(name: string): Promise<TopicRow> {
    const row = await this.#find(name);
    if (row === undefined) throw topicNotFound(name);
    return row;
  }

  async #find(name: string): Promise<TopicRow | undefined> {
    const { sql } = this.#database;
    const [row] = await this.#database.run(sql<TopicRow[]>`
      SELECT * FROM log_topics WHERE name = ${name} AND removed_ms IS NULL`);
    if (row === undefined) this.#incarnations.delete(name);
    else this.#incarnations.set(name, incarnationOf(row));
    return row;
  }
}

export function boundsOf(row: {
  readonly epoch: string;
  readonly trimmed_seq: string;
  readonly last_seq: string;
}): Bounds {
  const epoch = Number(row.epoch);
  return {
    epoch,
    start: { epoch, sequence: Number(row.trimmed_seq), index: 0 },
    end: { epoch, sequence: Number(row.last_seq), index: 0 },
  };
}

function incarnationOf(row: TopicRow): TopicIncarnation {
  return { id: row.id, epoch: Number(row.epoch), layout: row.layout };
}

function infoOf(row: TopicRow): TopicInfo {
  const settings = {
    layout: row.layout,
    retentionMs: Number(row.retention_ms),
    retentionBytes: Number(row.retention_bytes),
    schema: row.schema_rule,
  };
  return { name: row.name, settings, bounds: boundsOf(row), bytes: Number(row.bytes) };
}
