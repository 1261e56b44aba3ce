/** Topics in which records of a schema were seen. */

import { and, asc, count, desc, eq, gt, inArray, lt, max, min, sql } from "drizzle-orm";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { isNamed } from "../../../postgres/granted.ts";
import type { CatalogStore, VersionName } from "../catalog/catalog-port.ts";
import { schemas, schemaUses, subjectVersions } from "./tables.ts";

type UseQueries = Pick<
  CatalogStore,
  "topicUses" | "schemaUses" | "recordUses" | "forgetTopic" | "purgeUses"
>;

/** Rows of all topics: past it a pair that is not known yet is not noted. */
const usesMax = 100_000;
const keptDays = 30;
/** Versions that are named beside a schema. */
const subjectsMax = 5;

export function createUseQueries({ db, run }: Database): UseQueries {
  const { topic, schema, firstSeen, lastSeen } = schemaUses;
  return {
    async topicUses({ of, after, limit, topics }) {
      const isOne =
        "id" in of
          ? eq(schema, of.id)
          : inArray(
              schema,
              db
                .select({ id: subjectVersions.schema })
                .from(subjectVersions)
                .where(eq(subjectVersions.subject, of.subject)),
            );
      const rows = await run(() =>
        db
          .select({
            topic,
            first: min(firstSeen),
            last: max(lastSeen),
            id: sql<number>`(array_agg(${schema} order by ${lastSeen} desc, ${schema} desc))[1]`,
            schemas: count(),
          })
          .from(schemaUses)
          .where(
            and(
              isOne,
              after === undefined ? undefined : gt(topic, after),
              topics && isNamed(topic, topics),
            ),
          )
          .groupBy(topic)
          .orderBy(asc(topic))
          .limit(limit),
      );
      return rows.map(({ first, last, ...row }) => ({
        ...row,
        firstMs: first?.getTime() ?? 0,
        lastMs: last?.getTime() ?? 0,
      }));
    },

    async schemaUses({ topic: name, before, limit, names }) {
      // By hand: a few rows of another table beside each.
      const isNamedOne = names === undefined ? sql`` : sql`and ${isNamed(sql`v.subject`, names)}`;
      const named = sql<VersionName[]>`(
        select coalesce(json_agg(json_build_object('subject', f.subject, 'version', f.version)), '[]')
        from (
          select v.subject, v.version from ${subjectVersions} v
          where v.schema = ${schemaUses}.schema and v.deleted_at is null ${isNamedOne}
          order by v.subject, v.version desc
          limit ${subjectsMax}
        ) f)`;
      const rows = await run(() =>
        db
          .select({ id: schema, firstSeen, lastSeen, subjects: named })
          .from(schemaUses)
          .where(and(eq(topic, name), before === undefined ? undefined : lt(schema, before)))
          .orderBy(desc(schema))
          .limit(limit),
      );
      return rows.map((row) => ({
        id: row.id,
        firstMs: row.firstSeen.getTime(),
        lastMs: row.lastSeen.getTime(),
        subjects: row.subjects,
      }));
    },

    async recordUses(uses) {
      const topics = arrayOfTexts(uses.map((use) => use.topic));
      const ids = arrayOfNumbers(uses.map((use) => use.id));
      const times = arrayOfNumbers(uses.map((use) => use.ms));
      // By hand: rows that are passed as arrays. A schema may have been purged meanwhile.
      await run(() =>
        db.execute(sql`
          insert into ${schemaUses} (topic, schema, first_seen, last_seen)
          select u.topic, u.id, to_timestamp(min(u.ms) / 1000.0), to_timestamp(max(u.ms) / 1000.0)
          from unnest(${topics}::text[], ${ids}::int[], ${times}::bigint[]) as u (topic, id, ms)
          join ${schemas} s on s.id = u.id
          where (select count(*) from ${schemaUses}) < ${usesMax}
            or exists (select from ${schemaUses} k where k.topic = u.topic and k.schema = u.id)
          group by u.topic, u.id
          order by u.topic, u.id
          on conflict (topic, schema) do update
          set last_seen = greatest(schema_uses.last_seen, excluded.last_seen)`),
      );
    },

    async forgetTopic(name) {
      await run(() => db.delete(schemaUses).where(eq(topic, name)));
    },

    async purgeUses() {
      const before = sql`now() - ${`${keptDays} days`}::interval`;
      await run(() => db.delete(schemaUses).where(lt(lastSeen, before)));
    },
  };
}
