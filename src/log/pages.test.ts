import { describe, expect, test } from "bun:test";
import { checkPage, drawQuery } from "../../test/support/page-oracle.ts";
import { type Random, seededRandom } from "../../test/support/random.ts";
import { Turns } from "../core/budget/turn.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { endType, jsonType, type LogRecord, type StoredRecord } from "../core/record.ts";
import { defaultTopicSettings, type Layout } from "../core/topic.ts";
import { createMemoryLog, type MemoryLog } from "./memory/memory-log.ts";
import { defaultPageOptions, type PageOptions, Pages } from "./pages.ts";

const topic = "t";
const keys = ["a", "b", "rare", ""];
let count = 0;

function record(random: Random): LogRecord {
  const draw = random.int(40);
  const key = draw === 0 ? "rare" : (keys[draw % 2] ?? "");
  const contentType = draw === 39 ? endType : jsonType;
  const value = new TextEncoder().encode(String(++count));
  return { value, key, contentType, schemaId: 0, timeNs: 0n };
}

async function filledLog(random: Random, layout: Layout): Promise<MemoryLog> {
  const log = createMemoryLog({ clock: systemClock });
  const retentionBytes = random.chance(0.5) ? 30_000 : 0;
  await log.create(topic, { ...defaultTopicSettings, layout, retentionBytes });
  for (let appends = random.int(120); appends > 0; appends--) {
    await log.append(
      topic,
      Array.from({ length: 1 + random.int(9) }, () => record(random)),
    );
    if (random.chance(0.1)) await log.sweep();
  }
  return log;
}

function pagesOf(log: MemoryLog, options: Partial<PageOptions> = {}, clock: Clock = systemClock) {
  return new Pages({
    log,
    clock,
    turns: new Turns(),
    options: { ...defaultPageOptions, ...options },
  });
}

async function allOf(log: MemoryLog, key: string | undefined): Promise<StoredRecord[]> {
  const { start, end } = await log.bounds(topic);
  const all: StoredRecord[] = [];
  for await (const { records } of log.read(topic, { after: start, until: end })) {
    all.push(...records.filter(({ record }) => key === undefined || record.key === key));
  }
  return all.filter(({ record }) => record.contentType !== endType);
}

describe.each(["records", "frames"] as const)("pages of a topic in %s", (layout) => {
  test("are what brute force finds, and join, whatever is asked", async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed);
      const log = await filledLog(random, layout);
      const { start, end } = await log.bounds(topic);
      const bytesMax = random.chance(0.5) ? 1000 : Number.MAX_SAFE_INTEGER;
      const pages = pagesOf(log, { bytesMax });
      for (const key of [undefined, "a", "rare", "nobody"]) {
        const events = await allOf(log, key);
        const positions = (await allOf(log, undefined)).map((stored) => stored.position);
        positions.push(end);
        for (let i = 0; i < 8; i++) {
          const query = drawQuery(random, positions);
          const page = await pages.read(topic, key, query);
          try {
            checkPage(events, query, page, bytesMax);
          } catch (error) {
            throw new Error(`seed ${seed}, key ${key}, ${JSON.stringify(query)}`, { cause: error });
          }
        }
        const n = random.int(30);
        const from = await pages.tailStart(topic, key, n);
        const tail = events.filter((e) => comparePositions(e.position, from) > 0);
        expect(tail).toEqual(n === 0 ? [] : events.slice(-n));
      }
      expect(start.epoch).toBe(end.epoch);
    }
  });
});

test("a position whose neighbours are gone is said to be gone, with where to start", async () => {
  const log = createMemoryLog({ clock: systemClock });
  await log.create(topic, { ...defaultTopicSettings, retentionBytes: 500 });
  const random = seededRandom(1);
  const appended = await log.append(
    topic,
    Array.from({ length: 50 }, () => record(random)),
  );
  await log.sweep();
  const gone: Position[] = [
    appended.first,
    { ...appended.last, epoch: 1 },
    { ...appended.last, epoch: appended.last.epoch + 1 },
  ];
  for (const position of gone) {
    for (const query of [
      { after: position, limit: 5 },
      { before: position, limit: 5 },
    ]) {
      const failed = pagesOf(log).read(topic, undefined, query);
      await expect(failed).rejects.toMatchObject({ code: "position_gone" });
    }
  }
  const beyond = { ...appended.last, sequence: appended.last.sequence + 1 };
  const failed = pagesOf(log).read(topic, undefined, { after: beyond, limit: 5 });
  await expect(failed).rejects.toMatchObject({ code: "position_gone" });
  // Before what does not exist yet: the newest.
  const page = await pagesOf(log).read(topic, undefined, { before: beyond, limit: 5 });
  expect(page.events.at(-1)?.position).toEqual(appended.last);
});

/** Each call that reads the log takes a millisecond. */
function slowClock(log: MemoryLog): Clock {
  let ms = 0;
  const read = log.read.bind(log);
  log.read = async function* (...args) {
    for await (const batch of read(...args)) {
      ms++;
      yield batch;
    }
  };
  return { ...systemClock, nowMs: () => ms };
}

describe.each(["records", "frames"] as const)("a search that ends early in %s", (layout) => {
  test("comes nearer with each page, and in the end has found all, in both directions", async () => {
    let early = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const log = await filledLog(random, layout);
      const { start, end } = await log.bounds(topic);
      const searchMs = 1 + random.int(4);
      const pages = pagesOf(log, { searchMs, bytesMax: 500 }, slowClock(log));
      for (const key of [undefined, "rare", "nobody"]) {
        const events = (await allOf(log, key)).map(({ position }) => position);
        const limit = 1 + random.int(3);
        const later: Position[] = [];
        let after: Position | null = start;
        for (let steps = 0; after !== null; steps++) {
          const page = await pages.read(topic, key, { after, limit });
          later.push(...page.events.map(({ position }) => position));
          if (page.next !== null) {
            expect(comparePositions(page.next, after)).toBeGreaterThan(0);
            if (page.events.length === 0) early++;
          }
          after = page.next;
          expect(steps).toBeLessThan(2000);
        }
        expect(later, `seed ${seed}, key ${key}`).toEqual(events);

        const earlier: Position[] = [];
        let page = await pages.read(topic, key, { limit });
        for (let steps = 0; ; steps++) {
          earlier.unshift(...page.events.map(({ position }) => position));
          const { prev } = page;
          if (prev === null) break;
          page = await pages.read(topic, key, { before: prev, limit });
          if (page.prev !== null) expect(comparePositions(page.prev, prev)).toBeLessThan(0);
          expect(steps).toBeLessThan(2000);
        }
        expect(earlier, `seed ${seed}, key ${key}, back`).toEqual(events);

        const from = await pages.tailStart(topic, key, 2);
        expect(comparePositions(from, start)).toBeGreaterThanOrEqual(0);
        expect(comparePositions(from, end)).toBeLessThanOrEqual(0);
      }
    }
    expect(early).toBeGreaterThan(100);
  }, 60_000);
});

test("a search stops when its caller has left", async () => {
  const log = await filledLog(seededRandom(3), "records");
  const left = new AbortController();
  left.abort();
  const read = pagesOf(log).read(topic, "nobody", { limit: 1 }, { signal: left.signal });
  await expect(read).rejects.toMatchObject({ code: "cancelled" });
});
