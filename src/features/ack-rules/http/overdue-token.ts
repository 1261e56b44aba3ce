/** The token of a page of overdue ids: `<ms>.<id>` of its last one. */

import { invalidField, quoted } from "../../../core/failure.ts";
import type { AckId } from "../rule.ts";

export interface OverdueCursor {
  readonly overdueMs: number;
  readonly id: string;
}

export function overdueToken({ overdueMs, id }: AckId): string {
  return `${overdueMs ?? 0}.${id}`;
}

/** Throws `invalid`, naming the field. */
export function parseOverdueToken(text: string, field: string): OverdueCursor {
  const [, ms = "", id = ""] = /^(\d{1,15})\.(.+)$/s.exec(text) ?? [];
  // No id has a NUL or half of a surrogate pair, and the store could not even compare with one.
  if (id !== "" && !id.includes("\0") && id.isWellFormed()) return { overdueMs: Number(ms), id };
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(text)}: expected the next of an earlier answer`,
  );
}
