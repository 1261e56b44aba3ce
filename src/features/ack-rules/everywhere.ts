/** What is overdue over all rules and all applications that a caller may read, the oldest first. */

import type { Caller } from "../../core/access/caller.ts";
import type { Turns } from "../../core/budget/turn.ts";
import type { LifecycleQueries } from "../lifecycle/lifecycle-queries.ts";
import type { AckRules } from "./ack-rules.ts";
import { type Feed, LifecycleFeed, type OverdueItem, RuleFeed } from "./overdue-feeds.ts";
import type { AckQueryStore } from "./queries.ts";
import { placeNames } from "./rule.ts";

export interface EverywhereDeps {
  readonly ackRules: Pick<AckRules, "all" | "mayRead">;
  readonly queries: Pick<AckQueryStore, "ids">;
  readonly lifecycles: Pick<LifecycleQueries, "list" | "app">;
  readonly turns: Turns;
}

export interface OverdueFilter {
  readonly app?: string | undefined;
  readonly rule?: string | undefined;
  /** A topic or event that they miss. */
  readonly missing?: string | undefined;
  /** Of ids whose first occurrence was at this time or later. */
  readonly sinceNs?: bigint | undefined;
}

/** Where a list goes on: after this item. */
export type OverdueCursor = Pick<OverdueItem, "firstNs" | "source" | "id" | "app">;

export const groupings = ["missing", "app", "rule"] as const;
export type Grouping = (typeof groupings)[number];

export interface OverdueGroup {
  readonly missing: readonly string[] | undefined;
  readonly rule: string | undefined;
  readonly app: string | undefined;
  readonly count: number;
  readonly oldest: OverdueItem;
}

export interface OverdueGroups {
  readonly counted: number;
  /** There are more than `counted`, which were the oldest. */
  readonly more: boolean;
  /** Those with the oldest item first. */
  readonly groups: readonly OverdueGroup[];
}

/** Items that are counted by group: some 200 ms, in pages of the store. */
const countedMax = 10_000;
const groupsMax = 1000;

/** The items after `after`, the oldest first, however many. */
export async function* overdueEverywhere(
  deps: EverywhereDeps,
  filter: OverdueFilter,
  after: OverdueCursor | undefined,
  by: Caller,
): AsyncGenerator<OverdueItem> {
  const feeds = await feedsOf(deps, filter, after, by);
  for (;;) {
    let first: { readonly feed: Feed; readonly item: OverdueItem } | undefined;
    for (const feed of feeds) {
      const item = await feed.peek();
      if (item === undefined) continue;
      if (first === undefined || isBefore(item, first.item)) first = { feed, item };
    }
    if (first === undefined) return;
    first.feed.drop();
    yield first.item;
  }
}

export async function groupOverdue(
  deps: EverywhereDeps,
  filter: OverdueFilter,
  grouping: Grouping,
  by: Caller,
  signal?: AbortSignal,
): Promise<OverdueGroups> {
  const turn = deps.turns.open(signal);
  const groups = new Map<string, { count: number; readonly oldest: OverdueItem }>();
  let counted = 0;
  for await (const item of overdueEverywhere(deps, filter, undefined, by)) {
    if (turn.isOver) await turn.next();
    if (counted === countedMax) return { counted, more: true, groups: listed() };
    counted++;
    const key = keyOf(grouping, item);
    const group = groups.get(key);
    if (group !== undefined) group.count++;
    else groups.set(key, { count: 1, oldest: item });
  }
  return { counted, more: false, groups: listed() };

  function listed(): readonly OverdueGroup[] {
    return [...groups.values()].slice(0, groupsMax).map(({ count, oldest }) => ({
      count,
      oldest,
      missing: grouping === "missing" ? oldest.missing : undefined,
      rule: grouping === "missing" ? undefined : oldest.rule,
      app: grouping === "missing" ? undefined : oldest.app,
    }));
  }
}

function keyOf(grouping: Grouping, { missing, rule, app }: OverdueItem): string {
  if (grouping === "missing") return JSON.stringify(missing.toSorted(byName));
  // Lifecycles have no rule; most rules are of no application.
  const [name, other] = grouping === "app" ? [app, rule] : [rule, app];
  return JSON.stringify(name === undefined ? [null, other] : [name]);
}

function byName(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

async function feedsOf(
  deps: EverywhereDeps,
  { app, rule: name, missing, sinceNs }: OverdueFilter,
  after: OverdueCursor | undefined,
  by: Caller,
): Promise<readonly Feed[]> {
  const start = { after, sinceNs, missing };
  const rules = (await deps.ackRules.all()).filter((rule) => {
    if (rule.deadlineMs === undefined || !deps.ackRules.mayRead(rule, by)) return false;
    if (name !== undefined && rule.name !== name) return false;
    if (missing !== undefined && !placeNames(rule).includes(missing)) return false;
    return app === undefined || ("events" in rule.places && rule.places.appId === app);
  });
  const feeds: Feed[] = rules.map((rule) => new RuleFeed(deps.queries, rule, start));
  const mayReadApps = app === undefined || by.may("read", "app", app);
  if (name === undefined && mayReadApps) {
    feeds.push(new LifecycleFeed(deps.lifecycles, by, { ...start, app }));
  }
  return feeds;
}

/** By the millisecond of the first occurrence, then by source, then as the source has them. */
function isBefore(a: OverdueItem, b: OverdueItem): boolean {
  const [aMs, bMs] = [a.firstNs / 1_000_000n, b.firstNs / 1_000_000n];
  return aMs === bMs ? a.source < b.source : aMs < bMs;
}
