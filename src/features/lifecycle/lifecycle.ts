/**
 * Lifecycles: all that is known of one `(app_id, message_id)`. Merging is commutative, so neither
 * order nor place matters; only a duplicate shows, in a count.
 */
import type { LifecycleEvent } from "./event.ts";
import type { Position } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";

/** What is known of one event of a lifecycle. Times are nanoseconds since the Unix epoch. */
export interface SeenEvent {
  readonly event: string;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly count: number;
}

export interface Lifecycle {
  readonly appId: string;
  readonly messageId: string;
  /** By name (`compareTexts`); at most `eventNamesMax`. */
  readonly events: readonly SeenEvent[];
  /** All events ever counted, those whose names found no place included. */
  readonly total: number;
  /** Of the earliest and the latest event. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  /** The least of those that came with an event. */
  readonly externalId: string | undefined;
  /** The gateway's clock when the first and the last of its records were received. */
  readonly seenNs: bigint;
  readonly touchedNs: bigint;
}

/**
 * Names kept of one lifecycle: of more, the least by `compareTexts`. A name that is kept was always
 * among them, and one that is not can never come back, so this is commutative, too, and the counts
 * of those kept are right.
 */
export const eventNamesMax = 100;

/** What an app expects of its messages. */
export interface AppSettings {
  readonly appId: string;
  /** The events that make a lifecycle complete; empty: none is ever complete or overdue. */
  readonly expected: readonly string[];
  /** From the first event on; undefined: there is none. */
  readonly deadlineMs: number | undefined;
  /** After its last event a lifecycle is kept this long; 0 keeps it; undefined: as the gateway's setting says. */
  readonly retentionMs: number | undefined;
}

export const lifecycleStates = ["complete", "open", "overdue"] as const;
export type LifecycleState = (typeof lifecycleStates)[number];

export interface ShownLifecycle extends Lifecycle {
  readonly state: LifecycleState;
  /** Of the expected events those not seen, in the app's order. */
  readonly missing: readonly string[];
}

export interface LifecycleQuery {
  readonly appId: string | undefined;
  readonly state: LifecycleState | undefined;
  /** An expected event that was not seen. */
  readonly missing: string | undefined;
  /** An event that was seen. */
  readonly event: string | undefined;
  /** Bounds of the first event's time: at or after, and before. */
  readonly sinceNs: bigint | undefined;
  readonly untilNs: bigint | undefined;
  readonly after: LifecycleCursor | undefined;
  readonly limit: number;
}

/** Lifecycles are listed in this order. */
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
}

export interface Funnel {
  /** Lifecycles that were looked at. */
  readonly lifecycles: number;
  readonly stages: readonly FunnelStage[];
}

export interface FunnelStage {
  readonly event: string;
  readonly reached: number;
  /** From the first sighting of the stage before to that of this one; undefined where no id has both. */
  readonly delayMs:
    { readonly p50: number; readonly p90: number; readonly p99: number } | undefined;
}

/** Where the rows of one message stand, in one snapshot. */
export interface KeptLifecycles {
  readonly lifecycles: readonly Lifecycle[];
  /** Everything up to here is in them; undefined: nothing is. */
  readonly through: Position | undefined;
}

/** What the store gives to lifecycles; each call throws `unavailable` when it is away. */
export interface LifecycleStore {
  ofMessage(messageId: string): Promise<KeptLifecycles>;
  /** One lifecycle more than `limit` tells that there are more. */
  list(query: LifecycleQuery, nowNs: bigint): Promise<readonly Lifecycle[]>;
  funnel(query: FunnelQuery): Promise<Funnel>;
  /** Of those apps that were set, by id. */
  apps(appIds: readonly string[]): Promise<ReadonlyMap<string, AppSettings>>;
  setApp(settings: AppSettings): Promise<void>;
  /** Where the projection stands, and how many of its records were no events. */
  progress(): Promise<{ readonly through: Position | undefined; readonly undecodable: number }>;
}

/** One event as a lifecycle of its own. */
export function lifecycleFrom(event: LifecycleEvent, { receivedNs }: StoredRecord): Lifecycle {
  const { appId, messageId, atNs, externalId } = event;
  return {
    appId,
    messageId,
    events: [{ event: event.event, firstNs: atNs, lastNs: atNs, count: 1 }],
    total: 1,
    firstNs: atNs,
    lastNs: atNs,
    externalId,
    seenNs: receivedNs,
    touchedNs: receivedNs,
  };
}

/** Both are of one id. Commutative and associative. */
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

/** By code points, as the store orders texts: UTF-16 units order some of them otherwise. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A surrogate stands for a code point beyond all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function leastText(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareTexts(a, b) <= 0 ? a : b;
}
