/**
 * Activity of topics as rows: one a topic, to which all nodes add. A row has its last two spans, because
 * nodes write a span some time after its end: the span before it is complete.
 */

import { eq, lt, type SQL, sql } from "drizzle-orm";
import type { TopicActivity } from "../../../core/metrics/topic-figures.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { isAnyOf, statement } from "../../../postgres/statement.ts";
import type { ActivityStore } from "../activity.ts";
import { everyMs } from "../node.ts";
import { slowRate } from "../slow-rate.ts";
import { topicActivity } from "./tables.ts";

const spansKept = (30 * 24 * 60 * 60 * 1000) / everyMs;
/** Rows of a query over all topics. */
const rowsMax = 200_000;

export function createActivityStore({ db, run }: Database): ActivityStore {
  async function select(span: number, where?: SQL): Promise<ReadonlyMap<string, TopicActivity>> {
    const rows = await run(() => db.select().from(topicActivity).where(where).limit(rowsMax));
    return new Map(rows.map((row) => [row.topic, activityAt(row, span)]));
  }
  return {
    async add(span, topics) {
      if (topics.length === 0) return;
      await run(() =>
        statement(
          db,
          // By hand: all topics go as arrays. In the order of their names, so that nodes do not wait for
          // each other in a circle.
          sql`
            insert into topic_activity as a (
              topic, span, records, bytes, refused, records_before, bytes_before, refused_before, last_ms
            )
            select topic, ${span}::bigint, records, bytes, refused, 0, 0, 0, last_ms from unnest(
              ${arrayOfTexts(topics.map(({ topic }) => topic))}::text[],
              ${arrayOfNumbers(topics.map(({ records }) => records))}::float8[],
              ${arrayOfNumbers(topics.map(({ bytes }) => bytes))}::float8[],
              ${arrayOfNumbers(topics.map(({ refused }) => refused))}::float8[],
              ${arrayOfNumbers(topics.map(({ lastMs }) => lastMs))}::bigint[]
            ) as p (topic, records, bytes, refused, last_ms)
            order by topic collate "C"
            on conflict (topic) do update set
              span = greatest(a.span, excluded.span),
              records = ${spanAfter("records")},
              bytes = ${spanAfter("bytes")},
              refused = ${spanAfter("refused")},
              records_before = ${spanBefore("records")},
              bytes_before = ${spanBefore("bytes")},
              refused_before = ${spanBefore("refused")},
              last_ms = greatest(a.last_ms, excluded.last_ms),
              last_before_ms = case when a.span < excluded.span and excluded.last_ms > a.last_ms
                then a.last_ms else a.last_before_ms end`,
        ),
      );
    },
    of: (span, topics) => select(span, isAnyOf(topicActivity.topic, topics)),
    all: (span) => select(span),
    async forget(topic) {
      await run(() => db.delete(topicActivity).where(eq(topicActivity.topic, topic)));
    },
    async prune(span) {
      await run(() => db.delete(topicActivity).where(lt(topicActivity.span, span - spansKept)));
    },
  };
}

/** A node that is late adds to the span before, or is too late. */
function spanAfter(column: string): SQL {
  const [old, given] = [sql.raw(`a.${column}`), sql.raw(`excluded.${column}`)];
  return sql`case when a.span = excluded.span then ${old} + ${given}
    when a.span < excluded.span then ${given} else ${old} end`;
}

function spanBefore(column: string): SQL {
  const old = sql.raw(`a.${column}`);
  const before = sql.raw(`a.${column}_before`);
  const given = sql.raw(`excluded.${column}`);
  return sql`case when a.span = excluded.span then ${before}
    when a.span = excluded.span - 1 then ${old}
    when a.span < excluded.span then 0
    when a.span = excluded.span + 1 then ${before} + ${given} else ${before} end`;
}

function activityAt(row: typeof topicActivity.$inferSelect, span: number): TopicActivity {
  const seconds = everyMs / 1000;
  const perS = (records: number, bytes: number, refused: number): TopicActivity => ({
    recordsPerS: slowRate({ ...row, inSpan: records }, span) ?? records / seconds,
    bytesPerS: bytes / seconds,
    refusedPerS: refused / seconds,
    lastMs: row.lastMs ?? undefined,
  });
  if (row.span === span) return perS(row.records, row.bytes, row.refused);
  if (row.span === span + 1) return perS(row.recordsBefore, row.bytesBefore, row.refusedBefore);
  return perS(0, 0, 0);
}
