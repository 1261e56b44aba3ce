/**
 * Topics in another order than that of their names, and those that match a text: from a list of all
 * topics that is two seconds old at most and that all callers share.
 */

import type { Turn } from "../../core/budget/turn.ts";
import type { Clock } from "../../core/clock.ts";
import { invalidField, quoted } from "../../core/failure.ts";
import type { LogDriver, TopicInfo } from "../../core/log.ts";
import type { TopicFigures } from "../../core/metrics/topic-figures.ts";
import { parseName } from "../../core/topic.ts";

export const topicSorts = ["name", "rate", "size", "lag", "silent"] as const;
export type TopicSort = (typeof topicSorts)[number];

export interface TopicIndexDeps {
  readonly log: Pick<LogDriver, "list">;
  readonly clock: Clock;
  readonly figures: () => TopicFigures;
}

export interface TopicIndexQuery {
  readonly sort: TopicSort;
  readonly after: string | undefined;
  readonly limit: number;
  readonly turn: Turn;
  readonly isShown: (info: TopicInfo) => boolean;
}

/** A topic's place: by the value first, the smallest first, and by name where values are equal. */
interface Placed {
  readonly value: number;
  readonly info: TopicInfo;
}

type Snapshot = Readonly<Record<TopicSort, () => readonly Placed[]>>;

const freshMs = 2000;

export class TopicIndex {
  readonly #deps: TopicIndexDeps;
  #taken: { readonly atMs: number; readonly snapshot: Promise<Snapshot> } | undefined;

  constructor(deps: TopicIndexDeps) {
    this.#deps = deps;
  }

  /** `next`: as `after`, gives those that follow. Throws `invalid`, `cancelled`, and what the log throws. */
  async page({ sort, after, limit, turn, isShown }: TopicIndexQuery): Promise<{
    readonly items: readonly TopicInfo[];
    readonly next: string | null;
  }> {
    const from = after === undefined ? undefined : placeOf(after, sort);
    const all = (await this.#snapshot())[sort]();
    const found: Placed[] = [];
    for (const placed of all) {
      if (turn.isOver) await turn.next();
      if (from !== undefined && compare(placed, from) <= 0) continue;
      if (isShown(placed.info) && found.push(placed) > limit) break;
    }
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return {
      items: items.map(({ info }) => info),
      next: last === undefined ? null : tokenOf(last, sort),
    };
  }

  #snapshot(): Promise<Snapshot> {
    const nowMs = this.#deps.clock.nowMs();
    if (this.#taken === undefined || nowMs - this.#taken.atMs >= freshMs) {
      const snapshot = this.#take();
      this.#taken = { atMs: nowMs, snapshot };
      snapshot.catch(() => {
        if (this.#taken?.snapshot === snapshot) this.#taken = undefined;
      });
    }
    return this.#taken.snapshot;
  }

  async #take(): Promise<Snapshot> {
    const { log, figures } = this.#deps;
    const [infos, activity, consumers] = await Promise.all([
      log.list(),
      figures().allActivity(),
      figures().consumers(),
    ]);
    const lagMs = new Map<string, number>();
    for (const { topic, kind, lagMs: ms } of consumers) {
      // All callers share the order, and `next` says the value; not all of them may read a rule.
      if (kind === "rule") continue;
      lagMs.set(topic, Math.max(ms, lagMs.get(topic) ?? 0));
    }
    const by = (value: (info: TopicInfo) => number) =>
      once(() => infos.map((info) => ({ value: value(info), info })).toSorted(compare));
    return {
      name: by(() => 0),
      rate: by(({ name }) => -(activity.get(name)?.recordsPerS ?? 0)),
      size: by(({ bytes }) => -bytes),
      // Topics that no projection reads come last.
      lag: by(({ name }) => -(lagMs.get(name) ?? -1)),
      // Those of which no last record is known come last.
      silent: by(({ name }) => activity.get(name)?.lastMs ?? Number.MAX_SAFE_INTEGER),
    };
  }
}

function compare(a: Placed, b: Placed): number {
  if (a.value !== b.value) return a.value - b.value;
  if (a.info.name === b.info.name) return 0;
  return a.info.name < b.info.name ? -1 : 1;
}

function tokenOf({ value, info }: Placed, sort: TopicSort): string {
  return sort === "name" ? info.name : `${value}~${info.name}`;
}

/** Throws `invalid` for what no answer gave. */
function placeOf(after: string, sort: TopicSort): Placed {
  if (sort !== "name") return parseToken(after, sort);
  return { value: 0, info: { name: parseName(after, "after") } as TopicInfo };
}

function parseToken(text: string, sort: TopicSort): Placed {
  const at = text.indexOf("~");
  const value = Number(text.slice(0, at));
  if (at < 1 || Number.isNaN(value)) {
    throw invalidField(
      "after",
      `Cannot list topics by ${sort} after ${quoted(text)}: expected the next of an answer in this order`,
    );
  }
  return { value, info: { name: parseName(text.slice(at + 1), "after") } as TopicInfo };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
