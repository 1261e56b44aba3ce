/** Emitters as rows. */

import { and, asc, desc, eq, gt, isNull, lte, type Placeholder, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { grantedValues, isGranted } from "../../../postgres/granted.ts";
import { positionFromColumns } from "../../../postgres/projection-row.ts";
import { preparedRead } from "../../../postgres/read.ts";
import { fixedLimit } from "../../../postgres/statement.ts";
import type { Emitter, EmitterStats, EmitterStore } from "../emitters-port.ts";
import { emitterEvents, emitters, nodes } from "./tables.ts";

export function createEmitterStore(database: Database): EmitterStore {
  const { db, run } = database;
  const byId = preparedRead(
    database.sql,
    db
      .select()
      .from(emitters)
      .where(eq(emitters.id, sql.placeholder("id"))),
  );
  // Queried several times a second, on each node.
  const endedWithin = preparedRead(
    database.sql,
    db
      .select({ id: emitters.id })
      .from(emitters)
      .where(gt(emitters.endedAt, ago(sql.placeholder("withinMs")))),
  );
  const stats = statsRead(database);
  return {
    ...counts(database),
    ...lists(database),

    async create(emitter, node) {
      const { id, source, rate } = emitter;
      const created = await run(() =>
        db
          .insert(emitters)
          .values({ id, source, rate, owner: node === undefined ? null : leaseOf(node) })
          .onConflictDoNothing()
          .returning(),
      );
      const row = created[0];
      if (row !== undefined) return { created: true, emitter: emitterFromRow(row) };
      const existing = await this.get(id);
      // The one that conflicted a moment ago may have been removed since.
      return existing === undefined
        ? await this.create(emitter, node)
        : { created: false, emitter: existing };
    },

    async get(id) {
      const [row] = await run(() => byId({ id }));
      return row && emitterFromRow(row);
    },

    async stats(id) {
      const [row] = await run(() => stats({ id }));
      return statsFromRow(row);
    },

    async end(id) {
      const ended = await run(() =>
        db
          .update(emitters)
          .set({ endedAt: sql`now()`, owner: null })
          .where(and(eq(emitters.id, id), isNull(emitters.endedAt)))
          .returning(),
      );
      return ended[0] === undefined ? await this.get(id) : emitterFromRow(ended[0]);
    },

    async setEnd(id, { epoch, sequence, index }) {
      await run(() =>
        db
          .update(emitters)
          .set({ endEpoch: epoch, endSequence: sequence, endIdx: index })
          .where(and(eq(emitters.id, id), isNull(emitters.endEpoch))),
      );
    },

    async endedWithin(withinMs) {
      const rows = await run(() => endedWithin({ withinMs }));
      return rows.map((row) => row.id);
    },

    async unfinishedEnds(olderThanMs, limit) {
      const rows = await run(() =>
        db
          .select({ id: emitters.id })
          .from(emitters)
          .where(and(lte(emitters.endedAt, ago(olderThanMs)), isNull(emitters.endEpoch)))
          .limit(limit),
      );
      return rows.map((row) => row.id);
    },
  };

  /** Null where the node's lease has ended: then the guest is free, and a node will claim it. */
  function leaseOf(node: string): SQL {
    return sql`${db.select({ id: nodes.id }).from(nodes).where(eq(nodes.id, node)).for("key share")}`;
  }
}

function lists(database: Database): Pick<EmitterStore, "list"> {
  const open = listRead(database, isNull(emitters.endedAt));
  const all = listRead(database);
  return {
    async list({ after = "", limit, ended, q = "", names }) {
      // No id has a character that the database could not store.
      const part = q.replaceAll(/[^\w.-]/g, "?").toLowerCase();
      const values = { after, limit, part, ...grantedValues(names) };
      const rows = await database.run(() => (ended ? all : open)(values));
      return rows.map(emitterFromRow);
    },
  };
}

function counts({ db, run }: Database): Pick<EmitterStore, "count" | "guestRate"> {
  return {
    count: () => run(() => db.$count(emitters)),

    async guestRate() {
      const rate = sql<number>`coalesce(sum(${emitters.rate}), 0)`.mapWith(Number);
      const isGuest = and(eq(emitters.source, "guest"), isNull(emitters.endedAt));
      const [row] = await run(() => db.select({ rate }).from(emitters).where(isGuest));
      return row?.rate ?? 0;
    },
  };
}

/** By id, after `after`, at most `limit`; "" is before every id, and a part of each. */
function listRead({ db, sql: driver }: Database, condition?: SQL) {
  const isAfter = gt(emitters.id, sql.placeholder("after"));
  const isNamedSo = sql`strpos(lower(${emitters.id}), ${sql.placeholder("part")}) > 0`;
  return preparedRead(
    driver,
    db
      .select()
      .from(emitters)
      .where(and(isAfter, isNamedSo, isGranted(emitters.id), condition))
      .orderBy(asc(emitters.id))
      .limit(sql.placeholder("limit")),
  );
}

function statsRead({ db, sql: driver }: Database) {
  const { ordinal, epoch, sequence, idx, timeNs } = emitterEvents;
  const last = db
    .select({ ordinal, epoch, sequence, idx, timeNs })
    .from(emitterEvents)
    .where(eq(emitterEvents.emitter, emitters.id))
    .orderBy(desc(epoch), desc(sequence), desc(idx))
    .limit(fixedLimit(1))
    .as("last");
  return preparedRead(
    driver,
    db
      .select({
        owner: emitters.owner,
        trimmedOrdinal: emitters.trimmedOrdinal,
        ordinal: last.ordinal,
        epoch: last.epoch,
        sequence: last.sequence,
        idx: last.idx,
        timeNs: last.timeNs,
      })
      .from(emitters)
      .leftJoinLateral(last, sql`true`)
      .where(eq(emitters.id, sql.placeholder("id"))),
  );
}

type StatsRow = Awaited<ReturnType<ReturnType<typeof statsRead>>>[number];

function statsFromRow(row: StatsRow | undefined): EmitterStats {
  const position = row && positionFromColumns(row.epoch, row.sequence, row.idx);
  const timeOfLast = row?.timeNs ?? undefined;
  return {
    // A node's lease is named by the node and a suffix.
    node: row?.owner?.replace(/\.[^.]*$/, ""),
    events: row?.ordinal ?? row?.trimmedOrdinal ?? 0,
    last:
      position === undefined || timeOfLast === undefined
        ? undefined
        : { position, timeNs: timeOfLast },
  };
}

function ago(ms: number | Placeholder): SQL {
  return sql`now() - ${ms} * interval '1 ms'`;
}

export function emitterFromRow(row: typeof emitters.$inferSelect): Emitter {
  return {
    id: row.id,
    source: row.source,
    rate: row.rate,
    createdMs: row.createdAt.getTime(),
    endedMs: row.endedAt?.getTime(),
    end: positionFromColumns(row.endEpoch, row.endSequence, row.endIdx),
  };
}
