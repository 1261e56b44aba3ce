/** Retention drops records while a page is read: before its first read, or in the middle of it. */

import { describe, expect, test } from "bun:test";
import { type Random, seededRandom } from "../../test/support/random.ts";
import { Turns } from "../core/budget/turn.ts";
import { systemClock } from "../core/clock.ts";
import type { PageQuery } from "../core/page.ts";
import type { Position } from "../core/position.ts";
import { jsonType, type StoredRecord } from "../core/record.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { createMemoryLog, type MemoryLog } from "./memory/memory-log.ts";
import { defaultPageOptions, Pages } from "./pages.ts";
import type { ScanView } from "./scan.ts";

const topic = "t";
const total = 50;
const utf8 = new TextEncoder();
const numberOf = ({ record }: StoredRecord): number =>
  Number(new TextDecoder().decode(record.value));

const view: ScanView = {
  filter: undefined,
  render: (records) => records.map((one) => String(numberOf(one))),
};

/** Its next look at the bounds is followed at once by what `then` does to the topic. */
async function logThat(then: (log: MemoryLog) => Promise<unknown>): Promise<{
  readonly log: MemoryLog;
  readonly first: Position;
  readonly last: Position;
}> {
  const log = createMemoryLog({ clock: systemClock });
  await log.create(topic, { ...defaultTopicSettings, retentionBytes: 0 });
  const { first, last } = await log.append(topic, numbers());
  const bounds = log.bounds.bind(log);
  log.bounds = async (name) => {
    const before = await bounds(name);
    log.bounds = bounds;
    await then(log);
    return before;
  };
  return { log, first, last };
}

function numbers() {
  return Array.from({ length: total }, (_, i) => ({
    value: utf8.encode(String(i + 1)),
    ...{ key: "", contentType: jsonType, schemaId: 0, timeNs: 0n },
  }));
}

const dropMost = async (log: MemoryLog) => {
  await log.change(topic, { retentionBytes: 200 });
  await log.sweep();
};
const dropAll = async (log: MemoryLog) => {
  await log.change(topic, { retentionMs: 1, retentionBytes: 0 });
  await Bun.sleep(5);
  await log.sweep();
};
const recreate = async (log: MemoryLog) => {
  await log.remove(topic);
  await log.create(topic, defaultTopicSettings);
};

const ways = {
  async read(log: MemoryLog, query: PageQuery): Promise<readonly number[]> {
    const { events } = await pagesOf(log).read(topic, undefined, query);
    return events.map(numberOf);
  },
  async scan(log: MemoryLog, query: PageQuery): Promise<readonly number[]> {
    const { events } = await pagesOf(log).scan(topic, undefined, query, view);
    return events.map(Number);
  },
};

function pagesOf(log: MemoryLog): Pages {
  return new Pages({ log, clock: systemClock, turns: new Turns(), options: defaultPageOptions });
}

describe.each(["read", "scan"] as const)("a page by %s while records are dropped", (way) => {
  const page = ways[way];

  test.each([
    ["the oldest", { after: "earliest" }],
    ["the newest", {}],
  ] as const)("of %s contains what is kept", async (_, ends) => {
    const { log } = await logThat(dropMost);
    const numbersRead = await page(log, { ...ends, limit: 100 });
    const { start } = await log.bounds(topic);
    expect(start.sequence).toBeGreaterThan(0);
    expect(numbersRead).toEqual(
      Array.from({ length: total - start.sequence }, (_, i) => start.sequence + i + 1),
    );
  });

  test.each([
    ["all was dropped", dropAll],
    ["the topic was recreated", recreate],
  ] as const)("is empty where %s", async (_, then) => {
    for (const query of [{ after: "earliest", limit: 100 }, { limit: 100 }] as const) {
      const { log } = await logThat(then);
      expect(await page(log, query)).toEqual([]);
    }
  });

  test("of what precedes a position contains what is kept of it", async () => {
    const { log, last } = await logThat(dropMost);
    const numbersRead = await page(log, { before: last, limit: 100 });
    expect(numbersRead.at(-1)).toBe(total - 1);
    expect(numbersRead.length).toBeLessThan(total - 1);
  });

  test("of what follows a position is refused where a part of that is gone, and only there", async () => {
    const dropped = await logThat(dropMost);
    const refused = page(dropped.log, { after: dropped.first, limit: 100 });
    await expect(refused).rejects.toMatchObject({ code: "position_gone" });
    const kept = await logThat(dropMost);
    const after = { ...kept.last, sequence: kept.last.sequence - 1 };
    expect(await page(kept.log, { after, limit: 100 })).toEqual([total]);
  });
});

describe.each(["read", "scan"] as const)("a page by %s has no gap", (way) => {
  const count = 6000;
  const every = 50;

  /** Of its records one in fifty has the key; in the middle of a page most of them are dropped. */
  async function logThatDrops(random: Random): Promise<MemoryLog> {
    const log = createMemoryLog({ clock: systemClock });
    await log.create(topic, { ...defaultTopicSettings, retentionBytes: 0 });
    for (let n = 0; n < count; n += 500) {
      const records = Array.from({ length: 500 }, (_, i) => recordOf(n + i + 1));
      await log.append(topic, records);
    }
    const read = log.read.bind(log);
    let batches = random.int(9);
    log.read = async function* (...args) {
      for await (const batch of read(...args)) {
        yield batch;
        if (batches-- === 0) await dropPart(log, random.int(100) / 100);
      }
    };
    return log;
  }

  const recordOf = (n: number) => ({
    value: utf8.encode(String(n)),
    key: n % every === 0 ? "rare" : "other",
    ...{ contentType: jsonType, schemaId: 0, timeNs: 0n },
  });

  async function dropPart(log: MemoryLog, share: number): Promise<void> {
    const info = await log.describe(topic);
    await log.change(topic, { retentionBytes: 1 + Math.floor((info?.bytes ?? 0) * share) });
    await log.sweep();
  }

  test("whenever records are dropped while it is read", async () => {
    let dropped = 0;
    for (let seed = 1; seed <= 80; seed++) {
      const random = seededRandom(seed);
      const log = await logThatDrops(random);
      const isForward = random.chance(0.5);
      const query = {
        ...(isForward ? { after: "earliest" as const } : {}),
        limit: 1 + random.int(150),
      };
      const page = await pageOf(log, query);
      const numbersRead = page.numbers;
      const gaps = numbersRead.filter((n, i) => i > 0 && n - (numbersRead[i - 1] ?? 0) !== every);
      expect([seed, gaps]).toEqual([seed, []]);
      const { start } = await log.bounds(topic);
      const isKept = (n: number) => n > start.sequence;
      // The newest page ends with the newest record, and one without more has all that is kept on its side.
      const isLast = numbersRead.length > 0 && (!isForward || page.next === null);
      if (isLast) expect([seed, numbersRead.at(-1)]).toEqual([seed, count]);
      if (!isForward && page.prev === null) {
        const kept = Math.floor(count / every) - Math.floor(start.sequence / every);
        expect([seed, numbersRead.filter(isKept).length]).toEqual([seed, kept]);
      }
      if (start.sequence > 0) dropped++;
    }
    expect(dropped).toBeGreaterThan(20);
  }, 30_000);

  async function pageOf(log: MemoryLog, query: PageQuery) {
    const pages = pagesOf(log);
    if (way === "read") {
      const { events, next, prev } = await pages.read(topic, "rare", query);
      return { numbers: events.map(numberOf), next, prev };
    }
    const { events, next, prev } = await pages.scan(topic, "rare", query, view);
    return { numbers: events.map(Number), next, prev };
  }
});

test("a tail starts where the records that are kept do", async () => {
  const { log } = await logThat(dropMost);
  const from = await pagesOf(log).tailStart(topic, undefined, 100);
  const rest: number[] = [];
  const { start, end } = await log.bounds(topic);
  for await (const { records } of log.read(topic, { after: from, until: end })) {
    rest.push(...records.map(numberOf));
  }
  expect(rest).toHaveLength(total - start.sequence);
});
