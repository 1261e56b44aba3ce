/**
 * The emitters' events as rows: written by the projection, read as pages. Each reading is one
 * statement, hence one snapshot: rows, the projection's position and what was dropped agree.
 */
import type { EmitterPages, KeptEvents } from "../../../core/emitters.ts";
import { emittersTopic } from "../../../core/emitters.ts";
import type { Position } from "../../../core/position.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import { endType, type StoredRecord } from "../../../core/record.ts";
import type { Database } from "../../../postgres/database.ts";
import {
  isBack,
  movedByAnother,
  positionFromRow,
  positionOf,
  skipProjection,
} from "../../../postgres/projection-row.ts";
import { arrayOfBytes, arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import { headersFromJson, headersToJson } from "../../../postgres/headers.ts";

const projection = "emitter-pages";

/** Records of keys that are no emitter's are passed over: nobody could ask for them. */
export function createEmitterProjection({ sql, run }: Database): ProjectionTarget {
  return {
    name: projection,
    topic: emittersTopic,

    async position() {
      return await run(() => positionOf(sql, projection));
    },

    async commit(records, from, to) {
      const events = records.filter((stored) => stored.record.contentType !== endType);
      const ends = records.filter((stored) => stored.record.contentType === endType);
      // The position moves first: its row lock orders rivals, and nothing is written without it.
      const [row] = await run(
        () => sql<{ moved: boolean }[]>`
          with moved as (
            update projections
            set epoch = ${to.epoch}, sequence = ${to.sequence}, idx = ${to.index}, updated_at = now()
            where name = ${projection} and (epoch, sequence, idx)
              = (${from?.epoch ?? -1}::bigint, ${from?.sequence ?? -1}::bigint, ${from?.index ?? -1}::int)
            returning 1
          ),
          fresh as (
            select * from unnest(
              ${arrayOfTexts(events.map((e) => e.record.key))}::text[],
              ${arrayOfNumbers(events.map((e) => e.position.epoch))}::bigint[],
              ${arrayOfNumbers(events.map((e) => e.position.sequence))}::bigint[],
              ${arrayOfNumbers(events.map((e) => e.position.index))}::int[],
              ${arrayOfNumbers(events.map((e) => e.receivedNs))}::bigint[],
              ${arrayOfNumbers(events.map((e) => e.record.timeNs))}::bigint[],
              ${arrayOfTexts(events.map((e) => e.record.contentType))}::text[],
              ${arrayOfNumbers(events.map((e) => e.record.schemaId))}::bigint[],
              ${arrayOfTexts(events.map((e) => headersToJson(e.record.headers)))}::text[],
              ${arrayOfBytes(events.map((e) => e.record.value))}::bytea[]
            ) with ordinality as f (emitter, epoch, sequence, idx, received_ns, time_ns,
              content_type, schema_id, headers, data, n)
          ),
          counted as (
            select e.id, coalesce(last.ordinal, e.trimmed_ordinal, 0) as ordinal
            from (select distinct emitter from fresh) f join emitters e on e.id = f.emitter
            left join lateral (
              select ordinal from emitter_events where emitter = e.id
              order by epoch desc, sequence desc, idx desc limit 1
            ) last on true
          ),
          inserted as (
            insert into emitter_events (emitter, epoch, sequence, idx, ordinal, received_ns,
              time_ns, content_type, schema_id, headers, data)
            select f.emitter, f.epoch, f.sequence, f.idx,
              c.ordinal + row_number() over (partition by f.emitter order by f.n),
              f.received_ns, f.time_ns, f.content_type, f.schema_id, f.headers::jsonb, f.data
            from fresh f join counted c on c.id = f.emitter
            where exists (select from moved)
          ),
          ended as (
            update emitters e
            set ended_at = coalesce(e.ended_at, to_timestamp(f.received_ns / 1e9)),
              end_epoch = f.epoch, end_sequence = f.sequence, end_idx = f.idx, owner = null
            from (
              select distinct on (emitter) * from unnest(
                ${arrayOfTexts(ends.map((e) => e.record.key))}::text[],
                ${arrayOfNumbers(ends.map((e) => e.position.epoch))}::bigint[],
                ${arrayOfNumbers(ends.map((e) => e.position.sequence))}::bigint[],
                ${arrayOfNumbers(ends.map((e) => e.position.index))}::int[],
                ${arrayOfNumbers(ends.map((e) => e.receivedNs))}::bigint[]
              ) as u (emitter, epoch, sequence, idx, received_ns)
              order by emitter, epoch, sequence, idx
            ) f
            where e.id = f.emitter and e.end_epoch is null and exists (select from moved)
          )
          select exists (select from moved) as moved`,
      );
      if (row?.moved !== true) throw movedByAnother(projection);
    },

    async skip(from, to) {
      await run(() =>
        sql.begin(async (tx) => {
          if (from !== undefined && isBack(from, to)) {
            await tx`delete from emitter_events
              where epoch = ${to.epoch} and (sequence, idx) > (${to.sequence}, ${to.index})`;
          }
          const moved = await skipProjection(tx, projection, from, to);
          if (!moved) throw movedByAnother(projection);
        }),
      );
    },
  };
}

export function createEmitterPages({ sql, run }: Database): EmitterPages {
  return {
    async after(id, position, limit) {
      // One lower bound only, the higher: PostgreSQL would begin its index scan at either. What
      // lies before the floor is refused by whoever asked.
      const rows = await run(
        () => sql<KeptRow[]>`
          ${edges(id)}
          select edge.*, other.beyond, r.*
          from edge
          cross join lateral (
            ${
              position === "earliest"
                ? sql`select false`
                : sql`select exists (
              select from emitter_events x where x.emitter = ${id}
                and (x.epoch, x.sequence, x.idx) <= ${point(position)} and ${aboveFloor()}
            )`
            } as beyond
          ) other
          left join lateral (
            select * from emitter_events x where x.emitter = ${id}
              and ${position === "earliest" ? aboveFloor() : sql`(x.epoch, x.sequence, x.idx) > ${point(position)}`}
            order by x.epoch, x.sequence, x.idx limit ${limit}
          ) r on true`,
      );
      return keptFromRows(rows);
    },

    async before(id, position, limit) {
      const rows = await run(
        () => sql<KeptRow[]>`
          ${edges(id)}
          select edge.*, other.beyond, r.*
          from edge
          cross join lateral (
            ${
              position === "latest"
                ? sql`select false`
                : sql`select exists (
              select from emitter_events x where x.emitter = ${id}
                and (x.epoch, x.sequence, x.idx) >= ${point(position)}
            )`
            } as beyond
          ) other
          left join lateral (
            select * from emitter_events x where x.emitter = ${id} and ${aboveFloor()}
              ${position === "latest" ? sql`` : sql`and (x.epoch, x.sequence, x.idx) < ${point(position)}`}
            order by x.epoch desc, x.sequence desc, x.idx desc limit ${limit}
          ) r on true`,
      );
      const kept = keptFromRows(rows);
      return { ...kept, events: kept.events.toReversed() };
    },

    async newestOf(ids, limit) {
      const rows = await run(
        () => sql<KeptRow[]>`
          select p.epoch as at_epoch, p.sequence as at_sequence, p.idx as at_idx, r.*
          from projections p left join (
            unnest(${arrayOfTexts(ids)}::text[]) as i (id) cross join lateral (
              select * from emitter_events x where x.emitter = i.id
              order by x.epoch desc, x.sequence desc, x.idx desc limit ${limit}
            ) r
          ) on true
          where p.name = ${projection}`,
      );
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

  function point({ epoch, sequence, index }: Position) {
    return sql`(${epoch}::bigint, ${sequence}::bigint, ${index}::int)`;
  }

  function aboveFloor() {
    return sql`(x.epoch, x.sequence, x.idx)
      > (edge.floor_epoch, edge.floor_sequence, edge.floor_idx)`;
  }

  /** `edge`: the projection's position, and the higher of its floor and the emitter's own. */
  function edges(id: string) {
    return sql`
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
        where p.name = ${projection}
      )`;
  }
}

/** int8 comes as text. Without a row of the projection there is no answer row at all. */
interface KeptRow {
  readonly at_epoch: string;
  readonly at_sequence: string;
  readonly at_idx: number;
  readonly floor_epoch: string;
  readonly floor_sequence: string;
  readonly floor_idx: number;
  readonly beyond: boolean;
  readonly emitter: string | null;
  readonly epoch: string;
  readonly sequence: string;
  readonly idx: number;
  readonly received_ns: string;
  readonly time_ns: string;
  readonly content_type: string;
  readonly schema_id: string;
  readonly headers: unknown;
  readonly data: Uint8Array;
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

function throughFromRow(row: KeptRow | undefined): Position | undefined {
  if (row === undefined) return undefined;
  return {
    epoch: Number(row.at_epoch),
    sequence: Number(row.at_sequence),
    index: row.at_idx,
  };
}

function storedFromRow(row: KeptRow): StoredRecord | undefined {
  if (row.emitter === null) return undefined;
  const record = {
    value: row.data,
    key: row.emitter,
    contentType: row.content_type,
    schemaId: Number(row.schema_id),
    timeNs: BigInt(row.time_ns),
  };
  const headers = headersFromJson(row.headers);
  return {
    record: headers === undefined ? record : { ...record, headers },
    position: positionFromRow(row),
    receivedNs: BigInt(row.received_ns),
  };
}
