import { describe, expect, test } from "bun:test";
import { checkPage, drawQuery } from "../../../test/support/page-oracle.ts";
import { type Random, seededRandom } from "../../../test/support/random.ts";
import { type StoreRig, withStore } from "../../../test/support/store-rig.ts";
import { Turns } from "../../core/budget/turn.ts";
import { systemClock } from "../../core/clock.ts";
import { emittersTopic as topic } from "../../core/emitters.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { endType, jsonType, type LogRecord, type StoredRecord } from "../../core/record.ts";
import { defaultTopicSettings } from "../../core/topic.ts";
import { createMemoryLog, type MemoryLog } from "../../log/memory/memory-log.ts";
import { defaultPageOptions, type PageOptions, Pages } from "../../log/pages.ts";
import { emitterTailStart, readEmitterPage } from "./page.ts";
import { trimEmitterRows } from "./store/retention.ts";

const ids = ["a", "b", "quiet"];
const ten = { limit: 10, bytesMax: Number.MAX_SAFE_INTEGER };
let count = 0;

function searchesOf(log: MemoryLog, options: Partial<PageOptions> = {}): Pages {
  const given = { ...defaultPageOptions, ...options };
  return new Pages({ log, clock: systemClock, turns: new Turns(), options: given });
}

function record(random: Random): LogRecord {
  const draw = random.int(60);
  const key = draw === 0 ? "quiet" : ["a", "b", "stranger"][draw % 3];
  const value = new TextEncoder().encode(`{"text":"\\"é\\u0000{},${++count}"}`);
  const base = { value, key: key ?? "", contentType: jsonType, schemaId: 0, timeNs: BigInt(count) };
  if (draw === 59) return { ...base, contentType: endType };
  return draw === 58
    ? { ...base, schemaId: 4_000_000_000, headers: { h: Uint8Array.of(0, 255) } }
    : base;
}

/** What is kept, by a second and simpler account of it. */
class Model {
  /** What the rows of each emitter show. */
  readonly rows = new Map<string, StoredRecord[]>(ids.map((id) => [id, []]));
  at: Position | undefined;

  commit(records: readonly StoredRecord[], to: Position): void {
    for (const stored of records) {
      if (stored.record.contentType !== endType) this.rows.get(stored.record.key)?.push(stored);
    }
    this.at = to;
  }

  skip(to: Position): void {
    for (const id of ids) this.rows.set(id, []);
    this.at = to;
  }

  trim(countMax: number): void {
    for (const id of ids) this.rows.set(id, (this.rows.get(id) ?? []).slice(-countMax));
  }
}

async function recordsAfter(log: MemoryLog, after: Position): Promise<StoredRecord[]> {
  const { end } = await log.bounds(topic);
  const all: StoredRecord[] = [];
  if (comparePositions(after, end) >= 0) return all;
  for await (const { records } of log.read(topic, { after, until: end })) all.push(...records);
  return all;
}

async function visible(log: MemoryLog, model: Model, id: string): Promise<StoredRecord[]> {
  const { start, epoch } = await log.bounds(topic);
  const joins = model.at?.epoch === epoch && comparePositions(model.at, start) >= 0;
  const from = joins && model.at !== undefined ? model.at : start;
  const rest = (await recordsAfter(log, from)).filter(
    ({ record }) => record.key === id && record.contentType !== endType,
  );
  return joins ? [...(model.rows.get(id) ?? []), ...rest] : rest;
}

/** The projection, at a random point behind the log; sometimes skipping what is gone. */
async function project(rig: StoreRig, log: MemoryLog, model: Model, random: Random): Promise<void> {
  const { start, epoch } = await log.bounds(topic);
  const { at } = model;
  if (at === undefined || at.epoch !== epoch || comparePositions(at, start) < 0) {
    await rig.target.skip(at, start);
    return model.skip(start);
  }
  const records = (await recordsAfter(log, at)).slice(0, random.int(40));
  const to = records.at(-1)?.position;
  if (to === undefined) return;
  await rig.target.commit(records, at, to);
  model.commit(records, to);
}

async function step(rig: StoreRig, log: MemoryLog, model: Model, random: Random): Promise<void> {
  const draw = random.int(20);
  if (draw < 8) {
    const records = Array.from({ length: 1 + random.int(20) }, () => record(random));
    await log.append(topic, records);
  } else if (draw < 16) await project(rig, log, model, random);
  else if (draw < 18) {
    const countMax = 1 + random.int(25);
    await trimEmitterRows(rig.database, { ageMs: 0, countMax }, systemClock.nowNs());
    model.trim(countMax);
  } else if (draw < 19) await log.sweep();
  else if (random.chance(0.2)) {
    await log.remove(topic);
    await log.create(topic, settings);
  }
}

const settings = { ...defaultTopicSettings, retentionBytes: 15_000 };

describe("pages of an emitter", () => {
  test("match a brute-force search, however far the projection lags", async () => {
    await withStore(async (rig) => {
      for (const id of ids) await rig.store.create({ id, source: "external", rate: 0 }, undefined);
      for (let seed = 1; seed <= 25; seed++) {
        await rig.database.sql`truncate emitter_events, projections`;
        await rig.database.sql`update emitters set trimmed_epoch = null, trimmed_sequence = null,
          trimmed_idx = null, trimmed_ordinal = null, ended_at = null, end_epoch = null`;
        const random = seededRandom(seed);
        const log = createMemoryLog({ clock: systemClock });
        await log.create(topic, settings);
        const model = new Model();
        for (let steps = 0; steps < 40; steps++) {
          await step(rig, log, model, random);
          if (random.chance(0.5)) await compare(rig, log, model, random, seed);
        }
      }
    });
  }, 60_000);
});

async function compare(
  rig: StoreRig,
  log: MemoryLog,
  model: Model,
  random: Random,
  seed: number,
): Promise<void> {
  const bytesMax = random.chance(0.5) ? 1000 : Number.MAX_SAFE_INTEGER;
  const sources = { log, pages: rig.pages, searches: searchesOf(log, { bytesMax }) };
  const id = ids[random.int(ids.length)] ?? "a";
  const events = await visible(log, model, id);
  // Positions of other keys lie between this one's events.
  const others = await visible(log, model, "a");
  const positions = [...events, ...others].map((stored) => stored.position);
  const floor = events[0]?.position;
  const query = drawQuery(
    random,
    positions.filter((p) => floor !== undefined && comparePositions(p, floor) >= 0),
  );
  try {
    checkPage(events, query, await readEmitterPage(sources, id, query), bytesMax);
    const n = random.int(12);
    const { start, end } = await log.bounds(topic);
    const from = await emitterTailStart(sources, id, n);
    if (from === "earliest") throw new Error("the topic is there");
    expect(comparePositions(from, start)).toBeGreaterThanOrEqual(0);
    const tail = (await recordsAfter(log, from)).filter(
      ({ record }) => record.key === id && record.contentType !== endType,
    );
    const inLog = events.filter((e) => comparePositions(e.position, start) > 0);
    expect(tail.map((e) => e.position)).toEqual(
      n === 0 ? [] : inLog.slice(-n).map((e) => e.position),
    );
    if (n === 0) expect(from).toEqual(end);
  } catch (error) {
    throw new Error(`seed ${seed}, ${id}, ${JSON.stringify(query)}`, { cause: error });
  }
}

describe("events that are far from being rows", () => {
  const total = 20_000;
  const numbered = (n: number): LogRecord => ({
    value: new TextEncoder().encode(String(n)),
    key: n % 5000 === 0 ? "quiet" : "a",
    ...{ contentType: jsonType, schemaId: 0, timeNs: 0n },
  });
  const numberOf = ({ record }: StoredRecord) => Number(new TextDecoder().decode(record.value));

  /** Its projection has not begun; `read` counts the records that the log has returned. */
  async function farBehind(rig: StoreRig) {
    const log = createMemoryLog({ clock: systemClock });
    await log.create(topic, { ...defaultTopicSettings, retentionBytes: 0 });
    const all: Position[] = [];
    for (let n = 0; n < total; n += 1000) {
      const records = Array.from({ length: 1000 }, (_, i) => numbered(n + i));
      const appended = await log.append(topic, records);
      all.push(...records.map((_, i) => appended.at(i)));
    }
    const { start } = await log.bounds(topic);
    await rig.target.skip(undefined, start);
    const counted = { records: 0 };
    const read = log.read.bind(log);
    log.read = async function* (...args) {
      for await (const batch of read(...args)) {
        counted.records += batch.records.length;
        yield batch;
      }
    };
    return { log, counted, at: (n: number) => all[n] ?? start };
  }

  test("are found without reading what lies between, from every side", async () => {
    await withStore(async (rig) => {
      const { log, counted, at } = await farBehind(rig);
      const sources = { log, pages: rig.pages, searches: searchesOf(log) };
      const newest = await readEmitterPage(sources, "a", { limit: 10 });
      expect(newest.events.map(numberOf)).toEqual(
        Array.from({ length: 10 }, (_, i) => total - 10 + i),
      );
      const later = await readEmitterPage(sources, "a", { after: at(total - 4), limit: 10 });
      expect(later.events.map(numberOf)).toEqual([total - 3, total - 2, total - 1]);
      expect([later.prev, later.next]).toEqual([at(total - 3), null]);
      const earlier = await readEmitterPage(sources, "a", { before: at(total - 4), limit: 3 });
      expect(earlier.events.map(numberOf)).toEqual([total - 7, total - 6, total - 5]);
      expect(earlier.next).toEqual(at(total - 5));
      expect(await emitterTailStart(sources, "a", 5)).toEqual(at(total - 6));
      expect(counted.records).toBeLessThan(total / 2);
    });
  });

  test("are found by going on, where the time of a page ends before it has looked at all", async () => {
    await withStore(async (rig) => {
      const { log } = await farBehind(rig);
      const sources = { log, pages: rig.pages, searches: searchesOf(log, { searchMs: 0 }) };
      const found: number[] = [];
      let pages = 0;
      for (let before: Position | undefined; ; pages++) {
        const query = { limit: 2, ...(before === undefined ? {} : { before }) };
        const page = await readEmitterPage(sources, "quiet", query);
        found.unshift(...page.events.map(numberOf));
        if (page.prev === null) break;
        before = page.prev;
      }
      expect(found).toEqual([0, 5000, 10_000, 15_000]);
      expect(pages).toBeGreaterThan(4);
    });
  });
});

test("records are read from rows unchanged", async () => {
  await withStore(async (rig) => {
    await rig.store.create({ id: "a", source: "external", rate: 0 }, undefined);
    const log = createMemoryLog({ clock: systemClock });
    await log.create(topic, defaultTopicSettings);
    const record: LogRecord = {
      value: Uint8Array.from({ length: 256 }, (_, i) => i),
      key: "a",
      contentType: 'text/plain; charset="utf-8"',
      schemaId: 0xffffffff,
      timeNs: -1n,
      headers: { "x-é": Uint8Array.of(0, 92, 34), empty: new Uint8Array() },
    };
    await log.append(topic, [record, { ...record, value: new Uint8Array(), headers: {} }]);
    const { start, end } = await log.bounds(topic);
    const stored = await recordsAfter(log, start);
    await rig.target.skip(undefined, start);
    await rig.target.commit(stored, start, end);
    const { events } = await rig.pages.after("a", "earliest", ten);
    expect(
      events.map((e) => ({ ...e, record: { ...e.record, value: [...e.record.value] } })),
    ).toEqual(stored.map((e) => ({ ...e, record: { ...e.record, value: [...e.record.value] } })));
  });
});

test("texts that PostgreSQL cannot store do not stop the projection", async () => {
  await withStore(async (rig) => {
    await rig.store.create({ id: "a", source: "external", rate: 0 }, undefined);
    const start = { epoch: 1, sequence: 0, index: 0 };
    const to = { epoch: 1, sequence: 2, index: 0 };
    await rig.target.skip(undefined, start);
    const record = {
      value: new Uint8Array(3),
      key: "a",
      contentType: "text/\0plain",
      schemaId: 0,
      timeNs: 0n,
      headers: { "a\0\ud800": new Uint8Array(1) },
    };
    const stranger = { ...record, key: "a\0" };
    const records = [record, stranger].map((record, i) => ({
      record,
      position: { epoch: 1, sequence: i + 1, index: 0 },
      receivedNs: 0n,
    }));
    await rig.target.commit(records, start, to);
    const { events } = await rig.pages.after("a", "earliest", ten);
    expect(events.length).toBe(1);
    expect(Object.keys(events[0]?.record.headers ?? {})).toEqual(["a\ufffd\ufffd"]);
  });
});
