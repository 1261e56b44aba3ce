/**
 * A projection's row in `projections`: where its rows stand, and the floor below which they may
 * lack something. It is moved in the transaction that writes the rows, and only from where the
 * writer believes it to be: that fences an owner that was replaced without knowing it.
 */
import type { Sql, TransactionSql } from "postgres";
import { Failure } from "../core/failure.ts";
import { comparePositions, type Position } from "../core/position.ts";

export interface PositionRow {
  readonly epoch: string;
  readonly sequence: string;
  readonly idx: number;
}

/** Where the projection stands; undefined before its first commit or skip. */
export async function positionOf(
  sql: Sql | TransactionSql,
  name: string,
): Promise<Position | undefined> {
  const [row] = await sql<PositionRow[]>`
    select epoch, sequence, idx from projections where name = ${name}`;
  return row && positionFromRow(row);
}

/**
 * Moves the position; false when it is not `from`: nothing may be written then. To be said before
 * the rows are written: its row lock orders rivals.
 */
export async function moveProjection(
  tx: TransactionSql,
  name: string,
  from: Position | undefined,
  to: Position,
): Promise<boolean> {
  const moved = await tx`
    update projections
    set epoch = ${to.epoch}, sequence = ${to.sequence}, idx = ${to.index}, updated_at = now()
    where name = ${name} and (epoch, sequence, idx)
      = (${from?.epoch ?? -1}::bigint, ${from?.sequence ?? -1}::bigint, ${from?.index ?? -1}::int)
    returning 1`;
  return moved.length > 0;
}

/**
 * Moves the position over what the log no longer has, and the floor with it; makes the row where
 * `from` is undefined. A move back (the log has lost its end) leaves the floor. False as above.
 */
export async function skipProjection(
  tx: TransactionSql,
  name: string,
  from: Position | undefined,
  to: Position,
): Promise<boolean> {
  if (from === undefined) {
    const made = await tx`
      insert into projections (name, epoch, sequence, idx, floor_epoch, floor_sequence, floor_idx)
      values (${name}, ${to.epoch}, ${to.sequence}, ${to.index},
        ${to.epoch}, ${to.sequence}, ${to.index})
      on conflict do nothing returning 1`;
    return made.length > 0;
  }
  const back = isBack(from, to);
  const moved = await tx`
    update projections set epoch = ${to.epoch}, sequence = ${to.sequence}, idx = ${to.index},
      floor_epoch = case when ${back} then floor_epoch else ${to.epoch} end,
      floor_sequence = case when ${back} then floor_sequence else ${to.sequence} end,
      floor_idx = case when ${back} then floor_idx else ${to.index} end,
      updated_at = now()
    where name = ${name} and (epoch, sequence, idx) = (${from.epoch}, ${from.sequence}, ${from.index})
    returning 1`;
  return moved.length > 0;
}

/** True where a skip goes back: the log will give the positions after `to` again. */
export function isBack(from: Position, to: Position): boolean {
  return comparePositions(to, from) < 0;
}

export function positionFromRow(row: PositionRow): Position {
  return { epoch: Number(row.epoch), sequence: Number(row.sequence), index: row.idx };
}

/** What a commit throws that was not at `from`. */
export function movedByAnother(name: string): Failure {
  return new Failure("conflict", `Projection "${name}" was moved by another owner`);
}
