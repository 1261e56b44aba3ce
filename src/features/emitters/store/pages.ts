/**
 * The emitters' events read as pages. Each page is one statement, hence one snapshot: the rows, the
 * projection's position and the floor agree.
 */

import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Sql } from "postgres";
import type { Position } from "../../../core/position.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { headersFromJson } from "../../../postgres/headers.ts";
import { preparedStatement, type Read } from "../../../postgres/read.ts";
import { decoderOf, statement } from "../../../postgres/statement.ts";
import type { EmitterPages, KeptEvents } from "../emitters-port.ts";
import { emitterProjection } from "./projection.ts";
import { emitterEvents } from "./tables.ts";

const eventFromRow = decoderOf(getTableColumns(emitterEvents));

export function createEmitterPages({ sql: driver, db, run }: Database): EmitterPages {
  const rising = sql`x.epoch, x.sequence, x.idx`;
  const falling = sql`x.epoch desc, x.sequence desc, x.idx desc`;
  const first = pageRead(driver, { beyond: undefined, within: aboveFloor, order: rising });
  const later = pageRead(driver, {
    beyond: sql`${point("x")} <= ${at} and ${aboveFloor}`,
    // One lower bound, the higher: PostgreSQL would begin its index scan at either. The caller
    // refuses what is before the floor.
    within: sql`${point("x")} > ${at}`,
    order: rising,
  });
  const last = pageRead(driver, { beyond: undefined, within: aboveFloor, order: falling });
  const tail = pageRead(driver, {
    beyond: undefined,
    within: aboveFloor,
    order: falling,
    columns: withoutData,
  });
  const earlier = pageRead(driver, {
    beyond: sql`${point("x")} >= ${at}`,
    within: sql`${aboveFloor} and ${point("x")} < ${at}`,
    order: falling,
  });
  return {
    async after(id, position, size) {
      const bounds = { id, limit: size.limit + 1, bytes: size.bytesMax };
      const rows = await run(() =>
        position === "earliest" ? first(bounds) : later({ ...bounds, ...position }),
      );
      return keptFromRows(rows);
    },

    async before(id, position, size) {
      const bounds = { id, limit: size.limit + 1, bytes: size.bytesMax };
      const rows = await run(() =>
        position === "latest" ? last(bounds) : earlier({ ...bounds, ...position }),
      );
      const kept = keptFromRows(rows);
      return { ...kept, events: kept.events.toReversed() };
    },

    async tail(id, limit) {
      const rows = await run(() => tail({ id, limit, bytes: Number.MAX_SAFE_INTEGER }));
      const kept = keptFromRows(rows);
      return { ...kept, events: kept.events.toReversed() };
    },

    async newestOf(ids, limit) {
      const rows = await run(() => statement<ThroughRow>(db, newestQuery(ids, limit)));
      const events = new Map<string, StoredRecord[]>();
      for (const row of rows) {
        const stored = storedFromRow(row);
        if (stored === undefined) continue;
        const of = events.get(stored.record.key);
        if (of === undefined) events.set(stored.record.key, [stored]);
        else of.push(stored);
      }
      for (const of of events.values()) of.reverse();
      return { through: throughFromRow(rows[0]), events };
    },
  };
}

interface Side {
  /** Which events lie on the other side of the position; undefined: none. */
  readonly beyond: SQL | undefined;
  /** Which events belong to the page. */
  readonly within: SQL;
  readonly order: SQL;
  /** All by default. */
  readonly columns?: SQL;
}

const withoutData = sql.raw(
  Object.values(getTableColumns(emitterEvents))
    .map(({ name }) => (name === "data" ? "''::bytea as data" : `x.${name}`))
    .join(", "),
);

/** `edge`: the projection's position, and the higher of its floor and the emitter's. */
function pageRead(driver: Sql, { beyond, within, order, columns = sql`x.*` }: Side): Read<KeptRow> {
  const [id, limit] = [sql.placeholder("id"), sql.placeholder("limit")];
  const bytes = sql.placeholder("bytes");
  // By hand: `edge` is read once, before its floor bounds the scan of the index. The database reads
  // the sizes of all rows of the limit, but only the data of those that are returned.
  const page = sql`
    with edge as materialized (
      select p.epoch as at_epoch, p.sequence as at_sequence, p.idx as at_idx,
        case when own then e.trimmed_epoch else p.floor_epoch end as floor_epoch,
        case when own then e.trimmed_sequence else p.floor_sequence end as floor_sequence,
        case when own then e.trimmed_idx else p.floor_idx end as floor_idx
      from projections p
      left join emitters e on e.id = ${id}
      cross join lateral (
        select coalesce((e.trimmed_epoch, e.trimmed_sequence, e.trimmed_idx)
          > (p.floor_epoch, p.floor_sequence, p.floor_idx), false) as own
      ) o
      where p.name = ${emitterProjection}
    )
    select edge.*, other.beyond, r.*
    from edge
    cross join lateral (
      select ${
        beyond === undefined
          ? sql`false`
          : sql`exists (select from emitter_events x where x.emitter = ${id} and ${beyond})`
      } as beyond
    ) other
    left join lateral (
      select * from (
        select ${columns},
          sum(octet_length(x.data)) over w - octet_length(x.data) as bytes_before,
          row_number() over w as nth
        from emitter_events x where x.emitter = ${id} and ${within}
        window w as (order by ${order} rows unbounded preceding)
        order by ${order} limit ${limit}
      ) s where s.nth <= 2 or s.bytes_before <= ${bytes}::bigint
    ) r on true
    order by r.nth`;
  return preparedStatement(driver, page);
}

function newestQuery(ids: readonly string[], limit: number): SQL {
  // By hand: an index scan for each id that is passed in the array.
  return sql`
    select p.epoch as at_epoch, p.sequence as at_sequence, p.idx as at_idx, r.*
    from projections p left join (
      unnest(${arrayOfTexts(ids)}::text[]) as i (id) cross join lateral (
        select * from emitter_events x where x.emitter = i.id
        order by x.epoch desc, x.sequence desc, x.idx desc limit ${limit}
      ) r
    ) on true
    where p.name = ${emitterProjection}`;
}

const aboveFloor = sql`${point("x")} > ${point("edge", "floor_")}`;

function point(table: string, prefix = ""): SQL {
  const columns = ["epoch", "sequence", "idx"].map((name) => `${table}.${prefix}${name}`);
  return sql.raw(`(${columns.join(", ")})`);
}

/** The position that a page begins at. */
const at = sql`(
  ${sql.placeholder("epoch")}::bigint,
  ${sql.placeholder("sequence")}::bigint,
  ${sql.placeholder("index")}::int
)`;

/** The position, and a row of `emitter_events` or nulls. */
interface ThroughRow {
  readonly at_epoch: string;
  readonly at_sequence: string;
  readonly at_idx: number;
  readonly emitter: string | null;
  readonly [column: string]: unknown;
}

/** Without a row of the projection there is no row at all. */
interface KeptRow extends ThroughRow {
  readonly floor_epoch: string;
  readonly floor_sequence: string;
  readonly floor_idx: number;
  readonly beyond: boolean;
}

function keptFromRows(rows: readonly KeptRow[]): KeptEvents {
  const events: StoredRecord[] = [];
  for (const row of rows) {
    const stored = storedFromRow(row);
    if (stored !== undefined) events.push(stored);
  }
  const first = rows[0];
  return {
    events,
    beyond: first?.beyond ?? false,
    floor: first && {
      epoch: Number(first.floor_epoch),
      sequence: Number(first.floor_sequence),
      index: first.floor_idx,
    },
    through: throughFromRow(first),
  };
}

function throughFromRow(row: ThroughRow | undefined): Position | undefined {
  if (row === undefined) return undefined;
  return {
    epoch: Number(row.at_epoch),
    sequence: Number(row.at_sequence),
    index: row.at_idx,
  };
}

function storedFromRow(row: ThroughRow): StoredRecord | undefined {
  if (row.emitter === null) return undefined;
  const event = eventFromRow(row);
  const { data: value, emitter: key, contentType, schemaId, timeNs } = event;
  const record = { value, key, contentType, schemaId, timeNs };
  const headers = headersFromJson(event.headers);
  return {
    record: headers === undefined ? record : { ...record, headers },
    position: { epoch: event.epoch, sequence: event.sequence, index: event.idx },
    receivedNs: event.receivedNs,
  };
}
