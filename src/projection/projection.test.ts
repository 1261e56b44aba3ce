import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../test/support/random.ts";
import { type StoreRig, withStore } from "../../test/support/store-rig.ts";
import { systemClock as clock } from "../core/clock.ts";
import { emittersTopic as topic } from "../core/emitters.ts";
import { Failure } from "../core/failure.ts";
import { silent as logger } from "../core/logger.ts";
import type { Position } from "../core/position.ts";
import type { Owned, Ownership, ProjectionTarget } from "../core/projection.ts";
import { jsonType, type LogRecord, type StoredRecord } from "../core/record.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { createMemoryLog, type MemoryLog } from "../log/memory/memory-log.ts";
import { runProjection } from "./projection.ts";

function records(from: number, count: number): LogRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    value: new TextEncoder().encode(String(from + i)),
    key: `e${(from + i) % 7}`,
    contentType: jsonType,
    schemaId: 0,
    timeNs: BigInt(from + i),
  }));
}

/** Every node owns everything: only the position keeps rivals apart. */
const careless: Ownership = {
  acquire: async (): Promise<Owned> => ({
    lost: new AbortController().signal,
    release: async () => {},
  }),
};

async function emitters(rig: StoreRig): Promise<void> {
  for (let i = 0; i < 7; i++) {
    await rig.store.create({ id: `e${i}`, source: "external", rate: 0 }, undefined);
  }
}

async function expectRows(rig: StoreRig, count: number): Promise<void> {
  const [row] = await rig.database.sql`
    select count(*)::int as rows, count(distinct sequence)::int as distinct,
      min(sequence)::int as first, max(sequence)::int as last,
      bool_and(convert_from(data, 'utf8')::bigint = sequence - 1) as right
    from emitter_events`;
  expect(row).toMatchObject({ rows: count, distinct: count, first: 1, last: count, right: true });
  const [ordinals] = await rig.database.sql`
    select bool_and(ordinal = n) as right from (
      select ordinal, row_number() over (partition by emitter order by epoch, sequence, idx) as n
      from emitter_events
    ) e`;
  expect(ordinals).toEqual({ right: true });
}

describe("exactly once", () => {
  test("100,000 records, two runners without a lock between them, both ended at random", async () => {
    await withStore(async (rig) => {
      await emitters(rig);
      const random = seededRandom(42);
      const log = createMemoryLog({ clock });
      await log.create(topic, defaultTopicSettings);
      const total = 100_000;
      const appending = (async () => {
        for (let at = 0; at < total; at += 500) {
          await log.append(topic, records(at, 500));
          if (at % 10_000 === 0) await Bun.sleep(10);
        }
      })();
      let runs = 0;
      let committed = 0;
      const runner = async () => {
        while (committed < total) {
          const stop = new AbortController();
          const limits = { records: 1 + random.int(4000), ms: random.int(20) };
          const options = { log, target: rig.target, ownership: careless, clock, logger, limits };
          const projection = runProjection({ ...options, signal: stop.signal });
          await Bun.sleep(random.int(120));
          stop.abort();
          await projection.done;
          committed = (await rig.target.position())?.sequence ?? 0;
          runs++;
        }
      };
      await Promise.all([appending, runner(), runner()]);
      expect(runs).toBeGreaterThan(2);
      await expectRows(rig, total);
    });
  }, 60_000);

  test("20,000 records, three nodes with the real lock, whose sessions are cut at random", async () => {
    await withStore(async (rig) => {
      await emitters(rig);
      const random = seededRandom(7);
      const log = createMemoryLog({ clock });
      await log.create(topic, defaultTopicSettings);
      const stop = new AbortController();
      const runs = [1, 2, 3].map(() =>
        runProjection({
          log,
          target: rig.target,
          ownership: rig.ownership(),
          clock,
          logger,
          signal: stop.signal,
          limits: { records: 100 },
        }),
      );
      const total = 20_000;
      for (let at = 0; at < total; at += 200) {
        await log.append(topic, records(at, 200));
        await Bun.sleep(30);
        if (random.chance(0.06)) {
          await rig.database.sql`select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'sluice-ownership' and datname = current_database()`;
        }
      }
      await until(async () => (await rig.target.position())?.sequence === total);
      expect(runs.filter((run) => run.status().owned).length).toBeLessThanOrEqual(1);
      stop.abort();
      await Promise.all(runs.map((run) => run.done));
      await expectRows(rig, total);
    });
  }, 30_000);

  test("the store is killed and comes back", async () => {
    await withStore(async (rig) => {
      await emitters(rig);
      const log = createMemoryLog({ clock });
      await log.create(topic, defaultTopicSettings);
      const stop = new AbortController();
      const options = { log, target: rig.target, ownership: rig.ownership(), clock, logger };
      const projection = runProjection({ ...options, signal: stop.signal });
      await log.append(topic, records(0, 500));
      await until(async () => projection.status().records === 500);
      await rig.server.kill9();
      await log.append(topic, records(500, 500));
      await Bun.sleep(200);
      await rig.server.start();
      await until(async () => projection.status().position === (await tokenOfEnd(log)));
      expect(projection.status()).toMatchObject({ owned: true, skipped: 0 });
      stop.abort();
      await projection.done;
      await expectRows(rig, 1000);
    });
  }, 30_000);
});

/** Rows in memory, and failures on demand. */
class MemoryTarget implements ProjectionTarget {
  readonly name = "memory";
  readonly topic = topic;
  at: Position | undefined;
  rows: StoredRecord[] = [];
  skips = 0;
  failures: Failure[] = [];

  async position(): Promise<Position | undefined> {
    return this.at;
  }
  async commit(
    records: readonly StoredRecord[],
    _from: Position | undefined,
    to: Position,
  ): Promise<void> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.rows.push(...records);
    this.at = to;
  }
  async skip(_from: Position | undefined, to: Position): Promise<void> {
    this.skips++;
    this.at = to;
  }
}

function started(
  log: MemoryLog,
  target: ProjectionTarget,
  shouldYield: () => boolean = () => false,
) {
  const stop = new AbortController();
  const projection = runProjection({
    log,
    target,
    ownership: careless,
    clock,
    logger,
    signal: stop.signal,
    shouldYield,
  });
  return {
    projection,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await projection.done;
    },
  };
}

test("a topic that is not there yet is waited for, without a failure", async () => {
  const log = createMemoryLog({ clock });
  const target = new MemoryTarget();
  await using run = started(log, target);
  await Bun.sleep(50);
  await log.create(topic, defaultTopicSettings);
  await log.append(topic, records(0, 3));
  await until(async () => target.rows.length === 3);
  expect(run.projection.status()).toMatchObject({ failures: 0, records: 3, owned: true });
});

test("failures of the store are retried; a conflict starts again from the rows' position", async () => {
  const log = createMemoryLog({ clock });
  await log.create(topic, defaultTopicSettings);
  const target = new MemoryTarget();
  target.failures = [
    new Failure("unavailable", "away"),
    new Failure("internal", "broken"),
    new Failure("conflict", "moved"),
  ];
  await using run = started(log, target);
  await log.append(topic, records(0, 10));
  await until(async () => target.rows.length === 10);
  expect(run.projection.status()).toMatchObject({ failures: 3, lastFailure: "moved", records: 10 });
});

test("while others come first a batch waits, for some seconds at most", async () => {
  const log = createMemoryLog({ clock });
  await log.create(topic, defaultTopicSettings);
  const target = new MemoryTarget();
  let busy = true;
  await using _ = started(log, target, () => busy);
  await until(async () => target.at !== undefined);
  await log.append(topic, records(0, 10));
  await Bun.sleep(4_000);
  expect(target.rows.length).toBe(0);
  await until(async () => target.rows.length === 10);
  await log.append(topic, records(10, 10));
  await Bun.sleep(300);
  expect(target.rows.length).toBe(10);
  busy = false;
  const freeMs = performance.now();
  await until(async () => target.rows.length === 20);
  expect(performance.now() - freeMs).toBeLessThan(2500);
}, 20_000);

test("what the log no longer has is skipped, counted and logged", async () => {
  const log = createMemoryLog({ clock });
  await log.create(topic, { ...defaultTopicSettings, retentionBytes: 1500 });
  const first = await log.append(topic, records(0, 10));
  await log.append(topic, records(10, 90));
  await log.sweep();
  const { start } = await log.bounds(topic);
  const target = new MemoryTarget();
  target.at = first.last;
  await using run = started(log, target);
  await until(async () => target.at?.sequence === 100);
  expect(target.skips).toBe(1);
  expect(run.projection.status().skipped).toBe(start.sequence - first.last.sequence);
  expect(target.rows.length).toBe(100 - start.sequence);
  // A new incarnation of the topic: all of it is read.
  await log.remove(topic);
  await log.create(topic, defaultTopicSettings);
  await log.append(topic, records(0, 5));
  await until(async () => target.at?.sequence === 5);
  expect(target.skips).toBe(2);
});

async function tokenOfEnd(log: MemoryLog): Promise<string> {
  const { renderPosition } = await import("../core/position.ts");
  return renderPosition((await log.bounds(topic)).end);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    // Each call may fail for a moment, as the test decides.
    if (await condition().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error(`Not within 20 s: ${condition.toString()}`);
    await Bun.sleep(20);
  }
}
