/** The emitters' events as rows, in the log's order. */

import { and, eq, sql } from "drizzle-orm";
import { emittersTopic } from "../../../core/emitters.ts";
import type { Position } from "../../../core/position.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import { endType, type StoredRecord } from "../../../core/record.ts";
import { arrayOfBytes, arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { headersToJson } from "../../../postgres/headers.ts";
import {
  movedByAnother,
  positionOf,
  projectionMove,
  skipProjection,
} from "../../../postgres/projection-row.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import { emitterEvents } from "./tables.ts";

export const emitterProjection = "emitter-pages";

/** Records whose key is not an emitter's id are passed over: nobody could ask for them. */
export function createEmitterProjection(database: Database): ProjectionTarget {
  const { db, run } = database;
  return {
    name: emitterProjection,
    topic: emittersTopic,
    position: () => run(() => positionOf(db, emitterProjection)),

    async commit(records, from, to) {
      const [row] = await run(() => commit(db, records, from, to));
      if (row?.moved !== true) throw movedByAnother(emitterProjection);
    },

    skip: (from, to) =>
      skipProjection(database, emitterProjection, from, to, async (tx) => {
        await tx
          .delete(emitterEvents)
          .where(
            and(
              eq(emitterEvents.epoch, to.epoch),
              sql`(${emitterEvents.sequence}, ${emitterEvents.idx}) > (${to.sequence}, ${to.index})`,
            ),
          );
      }),
  };
}

function commit(
  db: Queries,
  records: readonly StoredRecord[],
  from: Position | undefined,
  to: Position,
) {
  const events = records.filter((stored) => stored.record.contentType !== endType);
  const ends = records.filter((stored) => stored.record.contentType === endType);
  // By hand: a batch is one statement and one round trip. The position moves first: its row lock
  // orders rivals, and nothing is written without it.
  return statement<{ moved: boolean }>(
    db,
    sql`
      with moved as ${projectionMove(db, emitterProjection, from, to)},
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
}
