/** Overdue ids of one rule, and overdue lifecycles, as lists that are read page by page. */

import type { Caller } from "../../core/access/caller.ts";
import type { LifecycleQueries } from "../lifecycle/lifecycle-queries.ts";
import type { LifecycleCursor, ShownLifecycle } from "../lifecycle/lifecycle.ts";
import type { AckQueryStore, IdCursor } from "./queries.ts";
import { type AckId, type AckRule, placeNames } from "./rule.ts";

export interface OverdueItem {
  /** The rule's name; empty for lifecycles, which come first among those of one millisecond. */
  readonly source: string;
  readonly rule: string | undefined;
  readonly app: string | undefined;
  readonly id: string;
  /** Its first occurrence; of a rule's id, to the millisecond. */
  readonly firstNs: bigint;
  readonly overdueMs: number;
  readonly missing: readonly string[];
  readonly seen: readonly (readonly [place: string, ns: bigint])[];
}

export interface FeedStart {
  readonly after: Pick<OverdueItem, "firstNs" | "source" | "id" | "app"> | undefined;
  readonly sinceNs: bigint | undefined;
  readonly missing: string | undefined;
}

export interface Feed {
  /** The next item; undefined at the end. */
  peek(): Promise<OverdueItem | undefined>;
  /** Goes past it. */
  drop(): void;
}

const pageSize = 200;

abstract class PagedFeed implements Feed {
  #items: OverdueItem[] = [];
  #at = 0;
  #isOver = false;

  async peek(): Promise<OverdueItem | undefined> {
    while (this.#at === this.#items.length && !this.#isOver) {
      const { items, isLast } = await this.read();
      this.#items = items;
      this.#at = 0;
      this.#isOver = isLast;
    }
    return this.#items[this.#at];
  }

  drop(): void {
    this.#at++;
  }

  protected abstract read(): Promise<{ readonly items: OverdueItem[]; readonly isLast: boolean }>;
}

export class RuleFeed extends PagedFeed {
  readonly #queries: Pick<AckQueryStore, "ids">;
  readonly #rule: AckRule;
  readonly #missing: string | undefined;
  #after: IdCursor | undefined;

  constructor(queries: Pick<AckQueryStore, "ids">, rule: AckRule, start: FeedStart) {
    super();
    this.#queries = queries;
    this.#rule = rule;
    this.#missing = start.missing;
    const deadlineMs = rule.deadlineMs ?? 0;
    const { after } = start;
    if (after?.source === rule.name) {
      this.#after = { ms: msFrom(after.firstNs) + deadlineMs, id: after.id };
    } else {
      const fromMs = firstMsFrom(start, rule.name);
      if (fromMs !== undefined) this.#after = { ms: fromMs + deadlineMs, id: "" };
    }
  }

  protected async read() {
    const query = { state: "overdue" as const, missing: this.#missing, after: this.#after };
    const found = await this.#queries.ids(this.#rule, { ...query, limit: pageSize });
    const last = found.at(-1);
    if (last !== undefined) this.#after = { ms: last.overdueMs ?? 0, id: last.id };
    const items = found.map((one) => itemFromId(this.#rule, one));
    return { items, isLast: found.length < pageSize };
  }
}

interface LifecycleFeedStart extends FeedStart {
  readonly app: string | undefined;
}

export class LifecycleFeed extends PagedFeed {
  readonly #lifecycles: Pick<LifecycleQueries, "list" | "app">;
  readonly #by: Caller;
  readonly #start: LifecycleFeedStart;
  readonly #deadlines = new Map<string, number>();
  #after: LifecycleCursor | undefined;

  constructor(
    lifecycles: Pick<LifecycleQueries, "list" | "app">,
    by: Caller,
    start: LifecycleFeedStart,
  ) {
    super();
    this.#lifecycles = lifecycles;
    this.#by = by;
    this.#start = start;
    const { after } = start;
    const fromMs = firstMsFrom({ after }, "");
    if (after?.source === "") {
      this.#after = { firstNs: after.firstNs, messageId: after.id, appId: after.app ?? "" };
    } else if (fromMs !== undefined) {
      this.#after = { firstNs: BigInt(fromMs) * 1_000_000n, messageId: "", appId: "" };
    }
  }

  protected async read() {
    const { app, missing, sinceNs } = this.#start;
    const { lifecycles, next } = await this.#lifecycles.list(
      {
        appId: app,
        state: "overdue",
        missing,
        event: undefined,
        externalId: undefined,
        idPrefix: undefined,
        sinceNs,
        untilNs: undefined,
        after: this.#after,
        limit: pageSize,
      },
      this.#by,
    );
    this.#after = next;
    const items: OverdueItem[] = [];
    for (const one of lifecycles) items.push(itemFrom(one, await this.#deadlineOf(one.appId)));
    return { items, isLast: next === undefined };
  }

  async #deadlineOf(appId: string): Promise<number> {
    const known = this.#deadlines.get(appId);
    if (known !== undefined) return known;
    const { deadlineMs = 0 } = await this.#lifecycles.app(appId);
    this.#deadlines.set(appId, deadlineMs);
    return deadlineMs;
  }
}

function itemFromId(rule: AckRule, { id, seen, overdueMs = 0 }: AckId): OverdueItem {
  const places = placeNames(rule);
  const firstMs = overdueMs - (rule.deadlineMs ?? 0);
  return {
    source: rule.name,
    rule: rule.name,
    app: "events" in rule.places ? rule.places.appId : undefined,
    id,
    firstNs: BigInt(firstMs) * 1_000_000n,
    overdueMs,
    missing: places.filter((_, place) => seen[place] === undefined),
    seen: places.flatMap((place, i) => {
      const ns = seen[i];
      return ns === undefined ? [] : [[place, ns] as const];
    }),
  };
}

function itemFrom(
  { appId, messageId, firstNs, missing, events }: ShownLifecycle,
  deadlineMs: number,
): OverdueItem {
  return {
    source: "",
    rule: undefined,
    app: appId,
    id: messageId,
    firstNs,
    overdueMs: msFrom(firstNs) + deadlineMs,
    missing,
    seen: events.map((event) => [event.event, event.firstNs] as const),
  };
}

/** Where a source begins that does not have the cursor's item; undefined: at its beginning. */
function firstMsFrom(
  { after, sinceNs }: Pick<FeedStart, "after"> & Partial<FeedStart>,
  source: string,
): number | undefined {
  const sinceMs = sinceNs === undefined ? undefined : msFrom(sinceNs + 999_999n);
  if (after === undefined) return sinceMs;
  // Of the cursor's millisecond, those of earlier sources were listed before it.
  const afterMs = msFrom(after.firstNs) + (source < after.source ? 1 : 0);
  return sinceMs === undefined ? afterMs : Math.max(sinceMs, afterMs);
}

function msFrom(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
