/** Keys and sessions as rows. */

import { and, asc, eq, gt, isNull, lt, or, type SQL, sql } from "drizzle-orm";
import { parseGrant, renderGrant } from "../../../core/access/grant.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import type { Queries } from "../../../postgres/statement.ts";
import type {
  Changes,
  Created,
  CreateRules,
  CredentialStore,
  NewCredential,
  Revoked,
  StoredCredential,
} from "../credential.ts";
import { accessCredentials, accessState } from "./tables.ts";

/** Changes of one statement: a node that starts reads all of them in steps. */
const changesMax = 1000;
/** A node that has not read a change for a shorter time than this has dropped what it knew. */
const keptMinutes = 60;

/**
 * All on the connections that pages and projections do not use: a revocation must not wait for them.
 * Each change locks the row of the state first, so that changes are read in the order of commits, and
 * what a change depends on cannot change meanwhile.
 */
export function createCredentialStore({ leases: db, run }: Database): CredentialStore {
  return {
    create: (credential, rules) => run(() => db.transaction((tx) => insert(tx, credential, rules))),

    async key(idOrName) {
      const rows = await run(() => db.select().from(accessCredentials).where(isKey(idOrName)));
      return rows.map(credentialFromRow).toSorted(byId(idOrName))[0];
    },

    async keys({ limit, after, text = "" }) {
      const { kind, id, name, revokedAt } = accessCredentials;
      const later = after === undefined ? undefined : gt(name, after);
      const part = sql`lower(${text})`;
      const isFound = sql`(strpos(lower(${name}), ${part}) > 0 or strpos(lower(${id}), ${part}) > 0)`;
      const sought = text === "" ? undefined : isFound;
      const rows = await run(() =>
        db
          .select()
          .from(accessCredentials)
          .where(and(eq(kind, "key"), isNull(revokedAt), later, sought))
          .orderBy(asc(name))
          .limit(limit),
      );
      return rows.map(credentialFromRow);
    },

    revokeKey: (idOrName, needsKeeper) =>
      run(() => db.transaction((tx) => revokeKey(tx, idOrName, needsKeeper))),

    async revokeSession(id) {
      await run(() =>
        db.transaction(async (tx) => {
          const { kind } = accessCredentials;
          await revoke(tx, and(eq(kind, "session"), eq(accessCredentials.id, id)));
        }),
      );
    },

    async revision() {
      const [row] = await run(() => db.select().from(accessState));
      return row?.revision ?? 0;
    },

    changes: (after) => run(() => changesAfter(db, after)),

    async recordUse(times) {
      const ids = arrayOfTexts([...times.keys()]);
      const used = arrayOfNumbers([...times.values()]);
      // By hand: rows that are passed as arrays.
      await run(() =>
        db.execute(sql`
          update access_credentials c
          set used_at = greatest(c.used_at, to_timestamp(u.ms / 1000.0))
          from unnest(${ids}::text[], ${used}::bigint[]) as u (id, ms)
          where c.id = u.id`),
      );
    },

    async purge() {
      const { revokedAt, expiresAt, kind } = accessCredentials;
      const before = sql`now() - ${`${keptMinutes} minutes`}::interval`;
      await run(() =>
        db
          .delete(accessCredentials)
          .where(or(lt(revokedAt, before), and(eq(kind, "session"), lt(expiresAt, before)))),
      );
    },
  };
}

async function insert(
  tx: Queries,
  credential: NewCredential,
  { max, needsKeeper }: CreateRules,
): Promise<Created> {
  const revision = await nextRevision(tx);
  const { kind, name, revokedAt } = accessCredentials;
  const same = and(eq(kind, credential.kind), isNull(revokedAt));
  const [counts] = await tx
    .select({
      all: sql`count(*)`.mapWith(Number),
      named: sql`count(*) filter (where ${name} = ${credential.name})`.mapWith(Number),
      keepers: sql`count(*) filter (where keeper)`.mapWith(Number),
    })
    .from(accessCredentials)
    .where(same);
  const { all = 0, named = 0, keepers = 0 } = counts ?? {};
  if (credential.kind === "key" && named > 0) return "taken";
  if (all >= max) return "full";
  if (needsKeeper && keepers === 0 && !credential.isKeeper) return "no_keeper";
  await tx.insert(accessCredentials).values({
    id: credential.id,
    kind: credential.kind,
    parent: credential.parent ?? null,
    name: credential.name,
    grants: credential.grants.map(renderGrant),
    hash: credential.hash,
    keeper: credential.isKeeper,
    createdBy: credential.createdBy,
    expiresAt: credential.expiresMs === undefined ? null : new Date(credential.expiresMs),
    revision,
  });
  return "created";
}

async function revokeKey(tx: Queries, idOrName: string, needsKeeper: boolean): Promise<Revoked> {
  const revision = await nextRevision(tx);
  const rows = await tx.select().from(accessCredentials).where(isKey(idOrName));
  const found = rows.toSorted(byId(idOrName))[0];
  if (found === undefined) return "missing";
  if (needsKeeper && found.keeper) {
    const { kind, keeper, revokedAt } = accessCredentials;
    const keepers = await tx.$count(
      accessCredentials,
      and(eq(kind, "key"), eq(keeper, true), isNull(revokedAt)),
    );
    if (keepers === 1) return "last_keeper";
  }
  const { id, parent } = accessCredentials;
  await markRevoked(tx, or(eq(id, found.id), eq(parent, found.id)), revision);
  return { id: found.id };
}

async function revoke(tx: Queries, which: SQL | undefined): Promise<void> {
  await markRevoked(tx, which, await nextRevision(tx));
}

async function markRevoked(tx: Queries, which: SQL | undefined, revision: number): Promise<void> {
  await tx
    .update(accessCredentials)
    .set({ revokedAt: sql`now()`, revision })
    .where(and(which, isNull(accessCredentials.revokedAt)));
}

/** Waits for the change that is under way. */
async function nextRevision(tx: Queries): Promise<number> {
  const { revision } = accessState;
  const [row] = await tx
    .update(accessState)
    .set({ revision: sql`${revision} + 1` })
    .returning({ revision });
  return row?.revision ?? 0;
}

async function changesAfter(db: Queries, after: number): Promise<Changes> {
  const { revision, id } = accessCredentials;
  const rows = await db
    .select()
    .from(accessCredentials)
    .where(gt(revision, after))
    .orderBy(asc(revision), asc(id))
    .limit(changesMax);
  const last = rows.at(-1)?.revision ?? after;
  const isLast = rows.length < changesMax;
  // The rest of what one change revoked may be in the next page: it is read again with it.
  const whole = isLast ? rows : rows.filter((row) => row.revision < last);
  return {
    credentials: whole.map(credentialFromRow),
    revision: whole.at(-1)?.revision ?? after,
    isLast,
  };
}

function isKey(idOrName: string): SQL | undefined {
  const { kind, id, name, revokedAt } = accessCredentials;
  return and(eq(kind, "key"), isNull(revokedAt), or(eq(id, idOrName), eq(name, idOrName)));
}

/** The key with this id comes first: a name may look like the id of another key. */
function byId(id: string): (a: { readonly id: string }, b: { readonly id: string }) => number {
  return (a, b) => Number(b.id === id) - Number(a.id === id);
}

function credentialFromRow(row: typeof accessCredentials.$inferSelect): StoredCredential {
  return {
    id: row.id,
    kind: row.kind,
    parent: row.parent ?? undefined,
    name: row.name,
    grants: row.grants.map((text) => parseGrant(text)),
    hash: row.hash,
    createdMs: row.createdAt.getTime(),
    createdBy: row.createdBy,
    expiresMs: row.expiresAt?.getTime(),
    usedMs: row.usedAt?.getTime(),
    isRevoked: row.revokedAt !== null,
  };
}
