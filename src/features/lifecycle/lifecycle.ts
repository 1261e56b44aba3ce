/**
 * Lifecycles: everything known of one `(app_id, message_id)`. Merging is commutative, so that
 * neither order nor place matters. Only a duplicate event is visible, in a count.
 */

import type { GrantedNames } from "../../core/access/grant.ts";
import type { Position } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { LifecycleEvent } from "./event.ts";

/** One event name of a lifecycle. Times are nanoseconds since the Unix epoch. */
export interface SeenEvent {
  readonly event: string;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /**
   * When the gateway received the first and the last of them, by its clock. Undefined where one was
   * merged by a version that did not keep it.
   */
  readonly receivedFirstNs: bigint | undefined;
  readonly receivedLastNs: bigint | undefined;
  readonly count: number;
}

export interface Lifecycle {
  readonly appId: string;
  readonly messageId: string;
  /** By name (`compareTexts`); at most `eventNamesMax`. */
  readonly events: readonly SeenEvent[];
  /** Number of all events, including those whose names are not kept. */
  readonly total: number;
  /** Times of the earliest and the latest event. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** The least external id of its events. */
  readonly externalId: string | undefined;
  /** When the gateway received the first and the last of its records. */
  readonly seenNs: bigint;
  readonly touchedNs: bigint;
}

/**
 * Number of event names kept per lifecycle; past it, the least by `compareTexts`. A kept name was
 * never dropped before, and a dropped one never comes back. So merging stays commutative, and the
 * counts of the kept names are exact.
 */
export const eventNamesMax = 100;

/** What an app expects of its messages. */
export interface AppSettings {
  readonly appId: string;
  /** The events that make a lifecycle complete; empty: no lifecycle is ever complete or overdue. */
  readonly expected: readonly string[];
  /** Counted from the first event; undefined: no deadline. */
  readonly deadlineMs: number | undefined;
  /** How long a lifecycle is kept after its last event; 0: forever; undefined: the gateway's setting. */
  readonly retentionMs: number | undefined;
}

export const lifecycleStates = ["complete", "open", "overdue"] as const;
export type LifecycleState = (typeof lifecycleStates)[number];

export interface ShownLifecycle extends Lifecycle {
  readonly state: LifecycleState;
  /** The expected events that were not seen, in the app's order. */
  readonly missing: readonly string[];
}

export interface LifecycleQuery {
  readonly appId: string | undefined;
  readonly state: LifecycleState | undefined;
  /** An expected event that was not seen. */
  readonly missing: string | undefined;
  /** An event that was seen. */
  readonly event: string | undefined;
  readonly externalId: string | undefined;
  /** The beginning of the message id. With it lifecycles are listed by message id and app. */
  readonly idPrefix: string | undefined;
  /** The latest first; ignored with an `idPrefix`. */
  readonly isNewestFirst?: true | undefined;
  /** Bounds of the first event's time: at or after, and before. */
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly after: LifecycleCursor | undefined;
  readonly limit: number;
}

export interface StoredQuery extends LifecycleQuery {
  /** Only of these apps; undefined: of all. */
  readonly names?: GrantedNames | undefined;
}

/** Lifecycles are listed in this order; those with an `idPrefix` by the two ids alone. */
export interface LifecycleCursor {
  readonly firstNs: bigint;
  readonly messageId: string;
  readonly appId: string;
}

export interface FunnelQuery {
  readonly appId: string;
  readonly stages: readonly string[];
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  /** Lifecycles that are looked at: the newest ones. */
  readonly max: number;
}

/** Looked at for one funnel: a second's work for the database, and enough for any percentile. */
export const funnelMax = 100_000;

export interface Funnel {
  /** Number of lifecycles that were looked at. */
  readonly lifecycles: number;
  /** There are older ones in the query. */
  readonly more: boolean;
  readonly stages: readonly FunnelStage[];
}

export interface FunnelStage {
  readonly event: string;
  readonly reached: number;
  /** Occurrences beyond the first of each lifecycle. */
  readonly repeats: number;
  /** From the first event of the previous stage to that of this one; undefined where no id has both. */
  readonly delayMs:
    { readonly p50: number; readonly p90: number; readonly p99: number } | undefined;
}

/** A span of first events' times: at or after `fromNs`, before `toNs`. */
export interface TimeSpan {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** The lifecycles whose first event is of one minute. */
export interface MinuteCounts {
  readonly minuteNs: bigint;
  readonly lifecycles: number;
  /** How many of them lack each stage, in the order of the stages. */
  readonly missing: readonly number[];
}

export interface SomeLifecycles {
  readonly lifecycles: readonly Lifecycle[];
  /** Where to go on; undefined at the end. */
  readonly next: LifecycleCursor | undefined;
}

/** Numbers of an app's lifecycles in each state, none above `statesCountedMax`. */
export type StateCounts = Readonly<Record<LifecycleState, number>>;

/** Counted up to here: some 50 ms a state. */
export const statesCountedMax = 100_000;

/** The rows of one message, from one snapshot. */
export interface KeptLifecycles {
  readonly lifecycles: readonly Lifecycle[];
  /** They include every event up to here; undefined: nothing was projected yet. */
  readonly through: Position | undefined;
}

export interface AppPage {
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface NamedApps extends AppPage {
  /** Only these; undefined: all. */
  readonly names?: GrantedNames | undefined;
}

/** The store of lifecycles. Every method may throw `unavailable`. */
export interface LifecycleStore {
  ofMessage(messageId: string): Promise<KeptLifecycles>;
  /** One lifecycle more than `limit` where there are more. */
  list(query: StoredQuery, nowNs: bigint): Promise<readonly Lifecycle[]>;
  /**
   * By message id and app. It looks at a bounded number of rows (with `names` of rows of these apps),
   * so that there may be fewer than `limit` and a `next`.
   */
  listByPrefix(query: StoredQuery & { idPrefix: string }, nowNs: bigint): Promise<SomeLifecycles>;
  states(appId: string, nowNs: bigint): Promise<StateCounts>;
  /** By minute, latest first; minutes without lifecycles are left out. */
  missingByMinute(
    appId: string,
    stages: readonly string[],
    span: TimeSpan,
  ): Promise<readonly MinuteCounts[]>;
  funnel(query: FunnelQuery): Promise<Funnel>;
  /** By app id; apps without settings are missing. */
  apps(appIds: readonly string[]): Promise<ReadonlyMap<string, AppSettings>>;
  setApp(settings: AppSettings): Promise<void>;
  /** Ids of apps with settings or lifecycles, in order, those after `after`. */
  appIds(page: NamedApps): Promise<readonly string[]>;
  /** Whether the app has a lifecycle. */
  hasLifecycles(appId: string): Promise<boolean>;
  /** The projection's position, and the number of records that were not events. */
  progress(): Promise<{ readonly through: Position | undefined; readonly undecodable: number }>;
}

/** A lifecycle of one event. */
export function lifecycleFrom(event: LifecycleEvent, { receivedNs }: StoredRecord): Lifecycle {
  const { appId, messageId, atNs, externalId } = event;
  return {
    appId,
    messageId,
    events: [
      {
        event: event.event,
        firstNs: atNs,
        lastNs: atNs,
        receivedFirstNs: receivedNs,
        receivedLastNs: receivedNs,
        count: 1,
      },
    ],
    total: 1,
    firstNs: atNs,
    lastNs: atNs,
    externalId,
    seenNs: receivedNs,
    touchedNs: receivedNs,
  };
}

/** Merges two lifecycles of the same id. Commutative and associative. */
export function mergeLifecycles(a: Lifecycle, b: Lifecycle): Lifecycle {
  return {
    appId: a.appId,
    messageId: a.messageId,
    events: mergeEvents(a.events, b.events),
    total: a.total + b.total,
    firstNs: least(a.firstNs, b.firstNs),
    lastNs: greatest(a.lastNs, b.lastNs),
    externalId: leastText(a.externalId, b.externalId),
    seenNs: least(a.seenNs, b.seenNs),
    touchedNs: greatest(a.touchedNs, b.touchedNs),
  };
}

function mergeEvents(a: readonly SeenEvent[], b: readonly SeenEvent[]): SeenEvent[] {
  const merged: SeenEvent[] = [];
  let i = 0;
  let j = 0;
  while (merged.length < eventNamesMax) {
    const left = a[i];
    const right = b[j];
    if (left === undefined || right === undefined) {
      const rest = left === undefined ? b.slice(j) : a.slice(i);
      return [...merged, ...rest.slice(0, eventNamesMax - merged.length)];
    }
    const order = compareTexts(left.event, right.event);
    if (order < 0) merged.push(left);
    else merged.push(order > 0 ? right : mergeEvent(left, right));
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return merged;
}

function mergeEvent(a: SeenEvent, b: SeenEvent): SeenEvent {
  return {
    event: a.event,
    firstNs: least(a.firstNs, b.firstNs),
    lastNs: greatest(a.lastNs, b.lastNs),
    receivedFirstNs: bothKnown(a.receivedFirstNs, b.receivedFirstNs, least),
    receivedLastNs: bothKnown(a.receivedLastNs, b.receivedLastNs, greatest),
    count: a.count + b.count,
  };
}

/** State and missing events at `nowNs`, for an app's settings. */
export function showLifecycle(
  lifecycle: Lifecycle,
  app: AppSettings | undefined,
  nowNs: bigint,
): ShownLifecycle {
  const seen = new Set(lifecycle.events.map(({ event }) => event));
  const expected = app?.expected ?? [];
  const missing = expected.filter((event) => !seen.has(event));
  return { ...lifecycle, missing, state: stateOf() };

  function stateOf(): LifecycleState {
    if (expected.length === 0) return "open";
    if (missing.length === 0) return "complete";
    const deadlineMs = app?.deadlineMs;
    if (deadlineMs === undefined) return "open";
    return lifecycle.firstNs + BigInt(deadlineMs) * 1_000_000n <= nowNs ? "overdue" : "open";
  }
}

/** By code points, like the store. UTF-16 units order some texts differently. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A surrogate belongs to a code point above all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Undefined where either is: the times of what an older version merged are not known. */
function bothKnown(
  a: bigint | undefined,
  b: bigint | undefined,
  of: (a: bigint, b: bigint) => bigint,
): bigint | undefined {
  return a === undefined || b === undefined ? undefined : of(a, b);
}

function leastText(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareTexts(a, b) <= 0 ? a : b;
}
