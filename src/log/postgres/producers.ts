/**
 * Idempotent producers in PostgreSQL. How far each has come is a row that changes in the statement
 * that stores its records; the row names the state that it was made from, so of two nodes that
 * append for one producer only one succeeds, and the other reads again.
 */
import { BoundedMap } from "../../core/bounded-map.ts";
import type { ProducerRun } from "../../core/log.ts";
import { arrayOfUtf8 } from "../../postgres/arrays.ts";
import type { ProducerState } from "../producers.ts";
import type { Database } from "./database.ts";
import type { TopicIncarnation } from "./topics.ts";

export interface StoredProducer extends ProducerState {
  /** The topic's sequence of its record stored last. */
  readonly last: number;
}

/** Those heard of longest ago are read again. */
const knownMax = 100_000;

export class Producers {
  readonly #database: Database;
  /** What this node stored or read last; a commit tells when it is no longer so. */
  readonly #known = new BoundedMap<string, StoredProducer>(knownMax);

  constructor(database: Database) {
    this.#database = database;
  }

  /** The runs' producers by id, as far as the log has any. */
  async states(
    life: TopicIncarnation,
    runs: readonly ProducerRun[],
    withinMs: number,
  ): Promise<ReadonlyMap<string, StoredProducer>> {
    const states = new Map<string, StoredProducer>();
    const unknown: string[] = [];
    for (const { id } of runs) {
      const known = this.#known.get(keyOf(life, id));
      if (known === undefined) unknown.push(id);
      else states.set(id, known);
    }
    if (unknown.length > 0) {
      for (const [id, state] of await this.#read(life, unknown, withinMs)) states.set(id, state);
    }
    return states;
  }

  remember(life: TopicIncarnation, id: string, state: StoredProducer): void {
    this.#known.set(keyOf(life, id), state);
  }

  /** False when there was nothing to forget: what was told of it has just been read. */
  forget(life: TopicIncarnation, id: string): boolean {
    return this.#known.delete(keyOf(life, id));
  }

  async #read(
    life: TopicIncarnation,
    ids: readonly string[],
    withinMs: number,
  ): Promise<readonly (readonly [string, StoredProducer])[]> {
    const { sql } = this.#database;
    const rows = await this.#database.run(
      sql<ProducerRow[]>`
        SELECT id, epoch, sequence, last_seq FROM log_producers
        WHERE topic_id = ${life.id} AND id = ANY(${arrayOfUtf8(ids)}::bytea[])`,
      withinMs,
    );
    const text = new TextDecoder();
    return rows.map(({ id, epoch, sequence, last_seq }) => {
      const state = { epoch: Number(epoch), sequence: Number(sequence), last: Number(last_seq) };
      return [text.decode(id), state] as const;
    });
  }
}

interface ProducerRow {
  readonly id: Uint8Array;
  readonly epoch: string;
  readonly sequence: string;
  readonly last_seq: string;
}

function keyOf({ id: topicId }: TopicIncarnation, id: string): string {
  return `${topicId} ${id}`;
}
