/** What a change of a topic's settings would mean, before it is made: found in its newest records. */

import type { Issue } from "../../core/failure.ts";
import type { Position } from "../../core/position.ts";
import type { RecordChecks } from "../../core/schemas.ts";
import type { SchemaRule } from "../../core/topic.ts";
import type { Pages } from "../../log/pages.ts";

export interface RulePreview {
  /** Records that were checked: the newest ones. */
  readonly checked: number;
  /** Those of them that the rule would refuse if they came now. */
  readonly refused: number;
  /** The newest of those. */
  readonly newest: { readonly position: Position; readonly issue: Issue } | undefined;
}

/** Enough to show which producers do not follow the rule, and a few milliseconds' work. */
const checkedMax = 100;

/** The topic's newest records under a rule. Throws what reading them throws, and `unavailable`. */
export async function previewRule(
  { pages, checks }: { readonly pages: Pick<Pages, "read">; readonly checks: RecordChecks },
  topic: string,
  rule: SchemaRule,
  signal: AbortSignal,
): Promise<RulePreview> {
  if (rule === "none") return { checked: 0, refused: 0, newest: undefined };
  const { events } = await pages.read(topic, undefined, { limit: checkedMax }, { signal });
  const issues = await checks.check(
    rule,
    events.map(({ record }) => record),
  );
  const refused = events.flatMap(({ position }, i) => {
    const issue = issues[i];
    return issue === undefined ? [] : [{ position, issue }];
  });
  return { checked: events.length, refused: refused.length, newest: refused.at(-1) };
}
