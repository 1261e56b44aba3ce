/** Rows of which a caller may read the name, so that a page of a list is full of what they may read. */

import { type SQL, sql, type SQLWrapper } from "drizzle-orm";
import type { GrantedNames } from "../core/access/grant.ts";
import { arrayOfTexts } from "./arrays.ts";

/** Whether the name in `column` is one of them. */
export function isNamed(column: SQLWrapper, names: GrantedNames): SQL {
  const { exactNames, nameStarts } = grantedValues(names);
  return condition(column, sql`${exactNames}`, sql`${nameStarts}`);
}

/** The same in a statement that is prepared once: `grantedValues` fills its placeholders. */
export function isGranted(column: SQLWrapper): SQL {
  return condition(column, sql.placeholder("exactNames"), sql.placeholder("nameStarts"));
}

export function grantedValues({ exact, starts }: GrantedNames) {
  return { exactNames: arrayOfTexts(exact), nameStarts: arrayOfTexts(starts) };
}

type Texts = ReturnType<typeof sql.placeholder> | SQL;

function condition(column: SQLWrapper, exact: Texts, starts: Texts): SQL {
  return sql`(${column} = any(${exact}::text[]) or ${column} ^@ any(${starts}::text[]))`;
}
