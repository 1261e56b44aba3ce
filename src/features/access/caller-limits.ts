/** What the callers of a node may use of it, by the ids of their principals. */

import type { Allowances } from "../../core/access/allowance.ts";
import type { Caller } from "../../core/access/caller.ts";
import type { Portions } from "../../core/access/portion.ts";

export interface CallerLimits {
  /** Undefined: callers are not limited. */
  readonly allowances: Allowances | undefined;
  readonly portions: Portions;
}

/** Gives the caller what belongs to its principal, unless it has that already; returns the same caller. */
export function limited(caller: Caller, { allowances, portions }: CallerLimits): Caller {
  const { id } = caller.principal;
  caller.allowance ??= allowances?.of(id);
  caller.portion ??= portions.of(id);
  return caller;
}
