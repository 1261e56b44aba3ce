/** Rows of which a caller may read the name, so that a page of a list is full of what they may read. */

import { type SQL, sql, type SQLWrapper } from "drizzle-orm";
import type { GrantedNames } from "../core/access/grant.ts";
import { arrayOfTexts } from "./arrays.ts";

/** Whether the name in `column` is one of them. */
export function isNamed(column: SQLWrapper, names: GrantedNames): SQL {
  const { exact, starts } = grantedArrays(names);
  return condition(column, exact, starts);
}

/** The same in a statement that is prepared once: `grantedValues` fills its placeholders. */
export function isGranted(column: SQLWrapper): SQL {
  return condition(
    column,
    sql`${sql.placeholder("exactNames")}::text[]`,
    sql`${sql.placeholder("nameStarts")}::text[]`,
  );
}

export function grantedValues({ exact, starts }: GrantedNames) {
  return { exactNames: arrayOfTexts(exact), nameStarts: arrayOfTexts(starts) };
}

/** The names as arrays of a statement. */
export function grantedArrays(names: GrantedNames): { readonly exact: SQL; readonly starts: SQL } {
  const { exactNames, nameStarts } = grantedValues(names);
  return { exact: sql`${exactNames}::text[]`, starts: sql`${nameStarts}::text[]` };
}

function condition(column: SQLWrapper, exact: SQL, starts: SQL): SQL {
  return sql`(${column} = any(${exact}) or ${column} ^@ any(${starts}))`;
}
