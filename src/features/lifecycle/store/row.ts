/** A row of `lifecycles` as what it stands for. */
import type { Sql } from "postgres";
import type { Lifecycle } from "../lifecycle.ts";

/** The columns that `lifecycleFromRow` takes, of the table under the name `l`. */
export function lifecycleColumns(sql: Sql) {
  // Arrays as JSON: the connection knows no array types.
  return sql`l.message_id, l.app_id, to_json(l.events)::text as events,
    to_json(l.firsts::text[])::text as firsts, to_json(l.lasts::text[])::text as lasts,
    to_json(l.counts::text[])::text as counts, l.total, l.first_ns, l.last_ns, l.external_id,
    l.seen_ns, l.touched_ns`;
}

/** int8 comes as text, arrays as the JSON of one of texts. */
export interface LifecycleRow {
  readonly message_id: string;
  readonly app_id: string;
  readonly events: string;
  readonly firsts: string;
  readonly lasts: string;
  readonly counts: string;
  readonly total: string;
  readonly first_ns: string;
  readonly last_ns: string;
  readonly external_id: string | null;
  readonly seen_ns: string;
  readonly touched_ns: string;
}

export function lifecycleFromRow(row: LifecycleRow): Lifecycle {
  const firsts = textsFromJson(row.firsts);
  const lasts = textsFromJson(row.lasts);
  const counts = textsFromJson(row.counts);
  return {
    appId: row.app_id,
    messageId: row.message_id,
    events: textsFromJson(row.events).map((event, i) => ({
      event,
      firstNs: BigInt(firsts[i] ?? 0),
      lastNs: BigInt(lasts[i] ?? 0),
      count: Number(counts[i]),
    })),
    total: Number(row.total),
    firstNs: BigInt(row.first_ns),
    lastNs: BigInt(row.last_ns),
    externalId: row.external_id ?? undefined,
    seenNs: BigInt(row.seen_ns),
    touchedNs: BigInt(row.touched_ns),
  };
}

export function textsFromJson(json: string): readonly string[] {
  const texts: unknown = JSON.parse(json);
  return Array.isArray(texts) ? texts.map(String) : [];
}
