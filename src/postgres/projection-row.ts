/**
 * A projection's row in `projections`: its position, and the floor below which its rows may lack
 * something. It moves in the transaction that writes the rows, and only from the position that the
 * writer expects: that fences an owner that was replaced without noticing it.
 */

import { and, eq, sql } from "drizzle-orm";
import { Failure } from "../core/failure.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { Database } from "./database.ts";
import type { Queries } from "./statement.ts";
import { projections } from "./tables.ts";

/** A position as columns; tables have it under these names. */
export type PositionRow = Pick<typeof projections.$inferSelect, "epoch" | "sequence" | "idx">;

/** The columns of a projection's position. */
export const positionColumns = {
  epoch: projections.epoch,
  sequence: projections.sequence,
  idx: projections.idx,
};

/** The projection's position; undefined before its first commit or skip. */
export async function positionOf(db: Queries, name: string): Promise<Position | undefined> {
  const [row] = await db
    .select(positionColumns)
    .from(projections)
    .where(eq(projections.name, name));
  return row && positionFromRow(row);
}

/** The statement that moves the position, if it is `from`; it returns a row where it did. */
export function projectionMove(
  db: Queries,
  name: string,
  from: Position | undefined,
  to: Position,
) {
  return db
    .update(projections)
    .set({ ...positionToRow(to), updatedAt: sql`now()` })
    .where(isAt(name, from))
    .returning({ name: projections.name });
}

/**
 * Moves the position; throws `conflict` when it is not `from`. It must run before the rows are
 * written, because its row lock orders rivals.
 */
export async function moveProjection(
  tx: Queries,
  name: string,
  from: Position | undefined,
  to: Position,
): Promise<void> {
  const moved = await projectionMove(tx, name, from, to);
  if (moved.length === 0) throw movedByAnother(name);
}

/**
 * Moves the position over records that the log no longer has, and the floor with it; creates the row
 * where `from` is undefined. A move back (the log has lost its end) leaves the floor and calls
 * `undo`, because the log will assign the positions after `to` again. Throws as above.
 */
export async function skipProjection(
  { db, run }: Database,
  name: string,
  from: Position | undefined,
  to: Position,
  undo?: (tx: Queries) => Promise<void>,
): Promise<void> {
  await run(() =>
    db.transaction(async (tx) => {
      if (from === undefined) return await createProjection(tx, name, to);
      const isBack = comparePositions(to, from) < 0;
      const moved = await tx
        .update(projections)
        .set({
          ...positionToRow(to),
          ...(isBack ? {} : floorToRow(to)),
          updatedAt: sql`now()`,
        })
        .where(isAt(name, from))
        .returning({ name: projections.name });
      if (moved.length === 0) throw movedByAnother(name);
      if (isBack) await undo?.(tx);
    }),
  );
}

async function createProjection(tx: Queries, name: string, at: Position): Promise<void> {
  const created = await tx
    .insert(projections)
    .values({ name, ...positionToRow(at), ...floorToRow(at) })
    .onConflictDoNothing()
    .returning({ name: projections.name });
  if (created.length === 0) throw movedByAnother(name);
}

export function positionFromRow({ epoch, sequence, idx }: PositionRow): Position {
  return { epoch, sequence, index: idx };
}

/** Undefined where the columns are null. */
export function positionFromColumns(
  epoch: number | null,
  sequence: number | null,
  index: number | null,
): Position | undefined {
  if (epoch === null || sequence === null || index === null) return undefined;
  return { epoch, sequence, index };
}

export function positionToRow({ epoch, sequence, index }: Position): PositionRow {
  return { epoch, sequence, idx: index };
}

function floorToRow({ epoch, sequence, index }: Position) {
  return { floorEpoch: epoch, floorSequence: sequence, floorIdx: index };
}

function isAt(name: string, at: Position | undefined) {
  const { epoch, sequence, index } = at ?? { epoch: -1, sequence: -1, index: -1 };
  return and(
    eq(projections.name, name),
    eq(projections.epoch, epoch),
    eq(projections.sequence, sequence),
    eq(projections.idx, index),
  );
}

/** The failure of a commit that did not find the position at `from`. */
export function movedByAnother(name: string): Failure {
  return new Failure("conflict", `Projection "${name}" was moved by another owner`);
}
