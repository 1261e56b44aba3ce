/** The changes of the registry, in the order of commits. */

import { asc, getTableColumns, gt, max } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import type { Queries } from "../../../postgres/statement.ts";
import type { RegistryChange } from "../registry-port.ts";
import { notifyOfChanges } from "./notify.ts";
import { registryChanges } from "./tables.ts";

export async function newestRevision(db: Queries): Promise<number> {
  const [newest] = await db
    .select({ revision: max(registryChanges.revision) })
    .from(registryChanges);
  return newest?.revision ?? 0;
}

export async function changesAfter(
  { db, run }: Database,
  revision: number,
  limit: number,
): Promise<readonly RegistryChange[]> {
  const { schema: id, changedAt: _, ...columns } = getTableColumns(registryChanges);
  return await run(() =>
    db
      .select({ ...columns, id })
      .from(registryChanges)
      .where(gt(registryChanges.revision, revision))
      .orderBy(asc(registryChanges.revision))
      .limit(limit),
  );
}

/** In the transaction of the changes: a watcher that is notified of a change finds it. */
export async function recordChanges(
  tx: Queries,
  changes: readonly Omit<RegistryChange, "revision">[],
): Promise<void> {
  if (changes.length === 0) return;
  const first = (await newestRevision(tx)) + 1;
  await tx.insert(registryChanges).values(
    changes.map(({ kind, subject, version, id }, at) => ({
      ...{ revision: first + at, kind, subject, version, schema: id },
    })),
  );
  await notifyOfChanges(tx);
}
