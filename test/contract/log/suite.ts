/** What the parts of the log contract share: nodes, fresh topics, and ways to read and to wait. */

import { type Failure, failureFrom } from "../../../src/core/failure.ts";
import type { Appended, LogDriver, ReadOptions } from "../../../src/core/log.ts";
import { comparePositions, type Position, renderPosition } from "../../../src/core/position.ts";
import { bytesType, type LogRecord, type StoredRecord } from "../../../src/core/record.ts";
import { defaultTopicSettings, type TopicSettings } from "../../../src/core/topic.ts";
import { until } from "../../support/until.ts";
import type { LogHarness } from "./harness.ts";

export interface Suite {
  readonly harness: LogHarness;
  /** The i-th node; opened once and shared by all cases. */
  node(index?: number): Promise<LogDriver>;
  /** Creates a separate topic for a case. */
  topic(settings: Partial<TopicSettings>): Promise<string>;
  closeAll(): Promise<void>;
}

export function createSuite(harness: LogHarness): Suite {
  const nodes: Promise<LogDriver>[] = [];
  const run = Math.random().toString(36).slice(2, 8);
  let topics = 0;
  const node = (index = 0) => (nodes[index] ??= harness.open());
  return {
    harness,
    node,
    async topic(settings) {
      const name = `contract.${run}-${++topics}`;
      const log = await node();
      await log.create(name, { ...defaultTopicSettings, ...settings });
      return name;
    },
    async closeAll() {
      const opened = await Promise.allSettled(nodes);
      for (const each of opened) if (each.status === "fulfilled") await each.value.close();
    },
  };
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

export function record(value: string | Uint8Array, fields: Partial<LogRecord> = {}): LogRecord {
  return {
    value: typeof value === "string" ? utf8.encode(value) : value,
    key: "",
    contentType: bytesType,
    schemaId: 0,
    timeNs: 1_700_000_000_000_000_000n,
    ...fields,
  };
}

/** `count` records of small texts `<prefix>0`, `<prefix>1`, … */
export function numbered(prefix: string, count: number, fields?: Partial<LogRecord>): LogRecord[] {
  return Array.from({ length: count }, (_, i) => record(`${prefix}${i}`, fields));
}

export function textOf(stored: StoredRecord | undefined): string {
  return stored === undefined ? "" : text.decode(stored.record.value);
}

export function textsOf(records: readonly StoredRecord[]): string[] {
  return records.map(textOf);
}

export function tokensOf(records: readonly StoredRecord[]): string[] {
  return records.map((each) => renderPosition(each.position));
}

/** Every position that an append answered, in order. */
export function positionsOf(appended: Appended, count: number): Position[] {
  return Array.from({ length: count }, (_, i) => appended.at(i));
}

/** Index of the first position that is not after the one before it; -1 when all are. */
export function firstDisorder(positions: readonly Position[]): number {
  return positions.findIndex((position, i) => {
    const before = positions[i - 1];
    return before !== undefined && comparePositions(before, position) >= 0;
  });
}

/** Everything after a position up to the topic's present end. */
export async function readAll(
  log: LogDriver,
  topic: string,
  options: Partial<ReadOptions> = {},
): Promise<StoredRecord[]> {
  const { start, end } = await log.bounds(topic);
  if (comparePositions(start, end) === 0) return [];
  const records: StoredRecord[] = [];
  for await (const batch of log.read(topic, { after: "earliest", until: end, ...options })) {
    records.push(...batch.records);
  }
  return records;
}

/** The failure of a promise or of a read; throws when there was none. */
export async function failureOf(what: Promise<unknown> | AsyncIterable<unknown>): Promise<Failure> {
  try {
    if (Symbol.asyncIterator in what) for await (const _ of what);
    else await what;
  } catch (error) {
    return failureFrom(error);
  }
  throw new Error("Expected a failure: there was none");
}

/** A read in the background. */
export interface Follower {
  readonly records: StoredRecord[];
  /** The reader's position; undefined before its first batch. */
  through(): Position | undefined;
  /** Resolves when the read ended, with the failure that ended it, if one did. */
  readonly ended: Promise<Failure | undefined>;
  stop(): Promise<void>;
}

export function follow(log: LogDriver, topic: string, options: ReadOptions): Follower {
  const abort = new AbortController();
  const records: StoredRecord[] = [];
  let through: Position | undefined;
  const run = async () => {
    try {
      for await (const batch of log.read(topic, { ...options, signal: abort.signal })) {
        records.push(...batch.records);
        through = batch.through;
      }
    } catch (error) {
      return failureFrom(error);
    }
    return undefined;
  };
  const ended = run();
  return {
    records,
    through: () => through,
    ended,
    async stop() {
      abort.abort();
      await ended;
    },
  };
}

export function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** For a reader that is woken, and does not poll twice a second. */
export const wokenMsMax = 250;

/** One of many may meet a moment in which the machine was busy. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1] ?? NaN;
}

/** Waits until `holds` is true. Throws with `what` after `timeoutMs`. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  await until(what, timeoutMs, holds);
}
