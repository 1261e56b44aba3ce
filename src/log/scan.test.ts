import { describe, expect, test } from "bun:test";
import { type Random, seededRandom } from "../../test/support/random.ts";
import { Turns } from "../core/budget/turn.ts";
import { systemClock } from "../core/clock.ts";
import type { RecordFilter } from "../core/filter/record-filter.ts";
import type { PageQuery } from "../core/page.ts";
import type { Position } from "../core/position.ts";
import { jsonType, type StoredRecord } from "../core/record.ts";
import { defaultTopicSettings, type Layout } from "../core/topic.ts";
import { createMemoryLog, type MemoryLog } from "./memory/memory-log.ts";
import { defaultPageOptions, type PageOptions, Pages } from "./pages.ts";
import type { ScanPage, ScanView } from "./scan.ts";

const topic = "t";
const utf8 = new TextEncoder();
const text = new TextDecoder();

async function filledLog(random: Random, layout: Layout): Promise<MemoryLog> {
  const log = createMemoryLog({ clock: systemClock });
  const retentionBytes = random.chance(0.3) ? 20_000 : 0;
  await log.create(topic, { ...defaultTopicSettings, layout, retentionBytes });
  let count = 0;
  for (let appends = random.int(100); appends > 0; appends--) {
    await log.append(
      topic,
      Array.from({ length: 1 + random.int(9) }, () => ({
        value: utf8.encode(String(++count)),
        key: count % 3 === 0 ? "three" : "",
        contentType: jsonType,
        schemaId: 0,
        timeNs: 0n,
      })),
    );
    if (random.chance(0.1)) await log.sweep();
  }
  return log;
}

function pagesOf(log: MemoryLog, options: Partial<PageOptions> = {}) {
  const given = { ...defaultPageOptions, ...options };
  return new Pages({ log, clock: systemClock, turns: new Turns(), options: given });
}

const numberOf = ({ record }: StoredRecord): number => Number(text.decode(record.value));

/** Multiples of `n` match; those with the remainder 1 cannot be decoded. */
function viewOf(n: number): ScanView {
  const filter: RecordFilter = {
    apply: (records) => ({
      records: records.filter((stored) => numberOf(stored) % n === 0),
      undecodable: records.filter((stored) => numberOf(stored) % n === 1).length,
      failed: 0,
      failure: undefined,
    }),
  };
  return { filter, render: (records) => records.map((stored) => String(numberOf(stored))) };
}

async function allOf(log: MemoryLog, key: string | undefined): Promise<number[]> {
  const { start, end } = await log.bounds(topic);
  const all: number[] = [];
  for await (const { records } of log.read(topic, { after: start, until: end })) {
    all.push(...records.filter((r) => key === undefined || r.record.key === key).map(numberOf));
  }
  return all;
}

interface Walk {
  readonly events: string[];
  readonly pages: readonly ScanPage[];
}

async function walk(
  read: (query: PageQuery) => Promise<ScanPage>,
  direction: "next" | "prev",
  limit: number,
): Promise<Walk> {
  const pages: ScanPage[] = [];
  let query: PageQuery = direction === "next" ? { after: "earliest", limit } : { limit };
  for (;;) {
    const page = await read(query);
    pages.push(page);
    const at: Position | null = page[direction];
    if (at === null) break;
    expect(pages.length).toBeLessThan(2000);
    query = direction === "next" ? { after: at, limit } : { before: at, limit };
  }
  const inOrder = direction === "next" ? pages : pages.toReversed();
  return { events: inOrder.flatMap(({ events }) => events), pages };
}

describe.each(["records", "frames"] as const)("scans of a topic in %s", (layout) => {
  test("find what brute force finds, in both directions, and look at each record once", async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const random = seededRandom(seed);
      const log = await filledLog(random, layout);
      const pages = pagesOf(log, {
        searchMs: random.chance(0.5) ? 0 : 1000,
        bytesMax: random.chance(0.3) ? 20 : 1_000_000,
      });
      const key = random.chance(0.3) ? "three" : undefined;
      const n = [1, 2, 7, 1000][random.int(4)] ?? 1;
      const limit = 1 + random.int(12);
      const all = await allOf(log, key);
      for (const direction of ["next", "prev"] as const) {
        const found = await walk(
          (query) => pages.scan(topic, key, query, viewOf(n)),
          direction,
          limit,
        );
        const context = { seed, direction, n, limit };
        const matching = all.filter((value) => value % n === 0).map(String);
        expect({ ...context, events: found.events }).toEqual({ ...context, events: matching });
        const sum = (of: (page: ScanPage) => number) =>
          found.pages.reduce((total, page) => total + of(page), 0);
        expect({ ...context, scanned: sum(({ scanned }) => scanned) }).toEqual({
          ...context,
          scanned: all.length,
        });
        expect(sum(({ undecodable }) => undecodable)).toBe(
          all.filter((value) => value % n === 1).length,
        );
        for (const { events } of found.pages) expect(events.length).toBeLessThanOrEqual(limit);
      }
    }
  });
});

test("the oldest of a hundred thousand is found by going on, and a page ends in time", async () => {
  const log = createMemoryLog({ clock: systemClock });
  await log.create(topic, { ...defaultTopicSettings, retentionBytes: 0 });
  for (let i = 0; i < 100; i++) {
    await log.append(
      topic,
      Array.from({ length: 1000 }, (_, j) => ({
        value: utf8.encode(String(i * 1000 + j + 1)),
        key: "",
        contentType: jsonType,
        schemaId: 0,
        timeNs: 0n,
      })),
    );
  }
  const view: ScanView = {
    filter: {
      apply: (records) => ({
        records: records.filter((stored) => numberOf(stored) === 1),
        ...{ undecodable: 0, failed: 0, failure: undefined },
      }),
    },
    render: (records) => records.map((stored) => String(numberOf(stored))),
  };
  const pages = pagesOf(log, { searchMs: 2 });
  const { events, pages: read } = await walk(
    (query) => pages.scan(topic, undefined, query, view),
    "prev",
    100,
  );
  expect(events).toEqual(["1"]);
  expect(read.length).toBeGreaterThan(1);
  expect(read.reduce((sum, { scanned }) => sum + scanned, 0)).toBe(100_000);
  expect(read[0]?.kept).toBe(100_000);
});
