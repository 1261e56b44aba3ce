/** Rows of which a caller may read the name, so that a page of a list is full of what they may read. */

import { type SQL, sql, type SQLWrapper } from "drizzle-orm";
import type { GrantedNames } from "../core/access/grant.ts";
import { arrayOfTexts } from "./arrays.ts";

/** Whether the name in `column` is granted; `grantedValues` fills its placeholders. */
export function isGranted(column: SQLWrapper): SQL {
  return sql`(${column} = any(${sql.placeholder("exactNames")}::text[])
    or ${column} ^@ any(${sql.placeholder("nameStarts")}::text[]))`;
}

export function grantedValues({ exact, starts }: GrantedNames) {
  return { exactNames: arrayOfTexts(exact), nameStarts: arrayOfTexts(starts) };
}
