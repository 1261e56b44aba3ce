/** Topics and their lives, as rows of `log_topics`. */
import type { Bounds, TopicInfo } from "../../core/log.ts";
import {
  parseName,
  sameSettings,
  type Layout,
  type SchemaRule,
  type TopicSettings,
} from "../../core/topic.ts";
import { topicConflict, topicNotFound } from "../answers.ts";
import type { Database } from "./database.ts";

/** What a node may remember of a topic: none of it changes within a life. */
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
  readonly #lives = new Map<string, TopicIncarnation>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The topic's life as far as this node knows; it may have ended since. Throws `not_found`. */
  async life(name: string): Promise<TopicIncarnation> {
    return this.#lives.get(name) ?? lifeOf(await this.#standing(name));
  }

  /** To be called when a life turned out to have ended. */
  forget(name: string, life: TopicIncarnation): void {
    if (this.#lives.get(name)?.id === life.id) this.#lives.delete(name);
  }

  async bounds(name: string): Promise<Bounds> {
    return boundsOf(await this.#standing(name));
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
    const info = infoOf(await this.#standing(name));
    if (!sameSettings(info.settings, settings)) throw topicConflict(name);
    return info;
  }

  async describe(name: string): Promise<TopicInfo | undefined> {
    const row = await this.#find(name);
    return row === undefined ? undefined : infoOf(row);
  }

  async list(): Promise<readonly TopicInfo[]> {
    const { sql } = this.#database;
    const rows = await this.#database.run(sql<TopicRow[]>`
      SELECT * FROM log_topics WHERE removed_ms IS NULL ORDER BY name`);
    return rows.map(infoOf);
  }

  /** Ends the life; its entries are deleted by retention. */
  async remove(name: string): Promise<TopicIncarnation> {
    const { sql, clock } = this.#database;
    const [row] = await this.#database.run(sql<TopicRow[]>`
      UPDATE log_topics SET removed_ms = ${clock.nowMs()}
      WHERE name = ${name} AND removed_ms IS NULL RETURNING *`);
    this.#lives.delete(name);
    if (row === undefined) throw topicNotFound(name);
    return lifeOf(row);
  }

  async #standing(name: string): Promise<TopicRow> {
    const row = await this.#find(name);
    if (row === undefined) throw topicNotFound(name);
    return row;
  }

  async #find(name: string): Promise<TopicRow | undefined> {
    const { sql } = this.#database;
    const [row] = await this.#database.run(sql<TopicRow[]>`
      SELECT * FROM log_topics WHERE name = ${name} AND removed_ms IS NULL`);
    if (row === undefined) this.#lives.delete(name);
    else this.#lives.set(name, lifeOf(row));
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

function lifeOf(row: TopicRow): TopicIncarnation {
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
