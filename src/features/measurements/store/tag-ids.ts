/** The numbers of tags: rows hold four bytes instead of up to 64. Most are in memory. */
import type { Database } from "../../../postgres/database.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";

/** Ten times the tags of a large installation: some 20 MB. */
const keptMax = 100_000;

export class TagIds {
  readonly #database: Database;
  readonly #ids = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The ids of all these tags; new ones get one. Ids are given outside of the caller's transaction:
   * one that is not used in the end does no harm, and what is in memory is always in the table.
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
    // Twice: between looking and inserting another node may have inserted it.
    for (const [tag, id] of await this.#ask(unknown)) found.set(tag, id);
    const missing = unknown.filter((tag) => !found.has(tag));
    if (missing.length > 0) {
      await this.#insert(missing.toSorted());
      for (const [tag, id] of await this.#ask(missing)) found.set(tag, id);
    }
    return found;
  }

  async #ask(tags: readonly string[]): Promise<readonly (readonly [string, number])[]> {
    const { sql, run } = this.#database;
    const rows = await run(
      () => sql<{ tag: string; id: number }[]>`
        select t.tag, t.id from unnest(${arrayOfTexts(tags)}::text[]) as asked (tag)
        join series_tags t on t.tag = asked.tag collate "C"`,
    );
    for (const { tag, id } of rows) this.#keep(tag, id);
    return rows.map(({ tag, id }) => [tag, id] as const);
  }

  async #insert(tags: readonly string[]): Promise<void> {
    const { sql, run } = this.#database;
    await run(
      () => sql`
        insert into series_tags (tag) select unnest(${arrayOfTexts(tags)}::text[])
        on conflict do nothing`,
    );
  }

  #keep(tag: string, id: number): void {
    if (this.#ids.size >= keptMax) {
      // The oldest tenth: to look it up again costs a query for all of them.
      for (const old of [...this.#ids.keys()].slice(0, keptMax / 10)) this.#ids.delete(old);
    }
    this.#ids.set(tag, id);
  }
}
