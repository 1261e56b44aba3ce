/** The ids of tags: rows contain four bytes instead of up to 512. Most are in memory. */

import { sql } from "drizzle-orm";
import { arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { isAnyOf, statement } from "../../../postgres/statement.ts";
import { seriesTags } from "./tables.ts";

/** Ten times the tags of a large installation: some 20 MB. */
const keptMax = 100_000;

export class TagIds {
  readonly #database: Database;
  readonly #ids = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The ids of all these tags; new tags get one. Ids are assigned outside of the caller's transaction:
   * an unused one does no harm, and every id in memory is in the table.
   */
  async of(tags: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    const unknown: string[] = [];
    for (const tag of tags) {
      const id = this.#ids.get(tag);
      if (id === undefined) unknown.push(tag);
      else found.set(tag, id);
    }
    if (unknown.length === 0) return found;
    // Twice: another node may have inserted a tag after the first query.
    for (const [tag, id] of await this.#find(unknown)) found.set(tag, id);
    const missing = unknown.filter((tag) => !found.has(tag));
    if (missing.length > 0) {
      await this.#insert(missing.toSorted());
      for (const [tag, id] of await this.#find(missing)) found.set(tag, id);
    }
    return found;
  }

  async #find(tags: readonly string[]): Promise<readonly (readonly [string, number])[]> {
    const { db, run } = this.#database;
    const { tag, id } = seriesTags;
    const rows = await run(() => db.select({ tag, id }).from(seriesTags).where(isAnyOf(tag, tags)));
    for (const row of rows) this.#keep(row.tag, row.id);
    return rows.map((row) => [row.tag, row.id] as const);
  }

  async #insert(tags: readonly string[]): Promise<void> {
    const { db, run } = this.#database;
    // By hand: the tags are passed as one array, however many there are.
    await run(() =>
      statement(
        db,
        sql`
          insert into series_tags (tag) select unnest(${arrayOfTexts(tags)}::text[])
          on conflict do nothing`,
      ),
    );
  }

  #keep(tag: string, id: number): void {
    if (this.#ids.size >= keptMax) {
      // The oldest tenth: one query finds all of them again.
      for (const old of [...this.#ids.keys()].slice(0, keptMax / 10)) this.#ids.delete(old);
    }
    this.#ids.set(tag, id);
  }
}
