/** How much is overdue over all ack rules and apps, and the id that is longest so. */

import { groupOverdue, type OverdueItem } from "../rules/api.ts";

export interface OverdueFound {
  readonly counted: number;
  /** There are more than were counted. */
  readonly more: boolean;
  /** Undefined: nothing is overdue. */
  readonly oldest: OverdueItem | undefined;
}

export async function findOverdue(): Promise<OverdueFound> {
  const { counted, more, groups } = await groupOverdue({ by: "missing" });
  const oldest = groups
    .map((group) => group.oldest)
    .reduce<OverdueItem | undefined>(
      (first, one) =>
        first === undefined || Date.parse(one.overdue_since) < Date.parse(first.overdue_since)
          ? one
          : first,
      undefined,
    );
  return { counted, more, oldest };
}
