/** The token of a page of ids: `<ms>.<id>` of its last one. */

import { invalidField, quoted } from "../../../core/failure.ts";
import { cursorOf, type IdCursor } from "../queries.ts";
import type { AckId } from "../rule.ts";

export function idToken(one: AckId): string {
  const { ms, id } = cursorOf(one);
  return `${ms}.${id}`;
}

/** Throws `invalid`, naming the field. */
export function parseIdToken(text: string, field: string): IdCursor {
  const [, ms = "", id = ""] = /^(\d{1,15})\.(.+)$/s.exec(text) ?? [];
  // No id has a NUL or half of a surrogate pair, and the store could not even compare with one.
  if (id !== "" && !id.includes("\0") && id.isWellFormed()) return { ms: Number(ms), id };
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(text)}: expected the next of an earlier answer`,
  );
}
