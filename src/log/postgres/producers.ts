/**
 * Idempotent producers in PostgreSQL. The state of each is a row, which changes in the statement that
 * stores its records. The row contains the state that it replaced, so of two nodes that append for one
 * producer only one succeeds, and the other reads the state again.
 */

import { BoundedMap } from "../../core/budget/bounded-map.ts";
import type { ProducerRun } from "../../core/log.ts";
import { lossyTextFromUtf8 } from "../../core/utf8.ts";
import { arrayOfUtf8 } from "../../postgres/arrays.ts";
import type { ProducerState } from "../producers.ts";
import type { Database } from "./database.ts";
import type { TopicIncarnation } from "./topics.ts";

export interface StoredProducer extends ProducerState {
  /** The topic's sequence of its record stored last. */
  readonly last: number;
}

/** Producers that are remembered; beyond it the least recent are read again. */
const knownMax = 100_000;

export class Producers {
  readonly #database: Database;
  /** The states that this node stored or read last; a commit reports one that is out of date. */
  readonly #known = new BoundedMap<string, StoredProducer>(knownMax);

  constructor(database: Database) {
    this.#database = database;
  }

  /** The states of the runs' producers, by id; those that the log does not know are left out. */
  async states(
    incarnation: TopicIncarnation,
    runs: readonly ProducerRun[],
    withinMs: number,
  ): Promise<ReadonlyMap<string, StoredProducer>> {
    const states = new Map<string, StoredProducer>();
    const unknown: string[] = [];
    for (const { id } of runs) {
      const known = this.#known.get(keyOf(incarnation, id));
      if (known === undefined) unknown.push(id);
      else states.set(id, known);
    }
    if (unknown.length > 0) {
      const read = await this.#read(incarnation, unknown, withinMs);
      for (const [id, state] of read) states.set(id, state);
    }
    return states;
  }

  remember(incarnation: TopicIncarnation, id: string, state: StoredProducer): void {
    this.#known.set(keyOf(incarnation, id), state);
  }

  /** False when there was nothing to forget: the state was just read. */
  forget(incarnation: TopicIncarnation, id: string): boolean {
    return this.#known.delete(keyOf(incarnation, id));
  }

  async #read(
    incarnation: TopicIncarnation,
    ids: readonly string[],
    withinMs: number,
  ): Promise<readonly (readonly [string, StoredProducer])[]> {
    const { sql } = this.#database;
    const rows = await this.#database.run(
      sql<ProducerRow[]>`
        SELECT id, epoch, sequence, last_seq FROM log_producers
        WHERE topic_id = ${incarnation.id} AND id = ANY(${arrayOfUtf8(ids)}::bytea[])`,
      withinMs,
    );
    return rows.map(({ id, epoch, sequence, last_seq }) => {
      const state = { epoch: Number(epoch), sequence: Number(sequence), last: Number(last_seq) };
      return [lossyTextFromUtf8(id), state] as const;
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
