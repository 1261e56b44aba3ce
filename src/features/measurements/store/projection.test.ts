import { expect, test } from "bun:test";
import { type StoreRig, withStore } from "../../../../test/support/store-rig.ts";
import { systemClock } from "../../../core/clock.ts";
import { encodeFrame } from "../../../core/frame.ts";
import { type Logger, silent } from "../../../core/logger.ts";
import type { Position } from "../../../core/position.ts";
import { jsonType, type StoredRecord } from "../../../core/record.ts";
import { dirtyBucketNs, valuesFromNumbers, valuesToNumbers } from "../measurement.ts";
import {
  dropPartitions,
  hourNs,
  hourOf,
  makeNextPartitions,
  makePartitions,
  runMeasurementPartitions,
} from "./partitions.ts";
import { createMeasurementProjection } from "./projection.ts";
import { TagIds } from "./tag-ids.ts";

const utf8 = new TextEncoder();
const nowNs = systemClock.nowNs();
const dayMs = 86_400_000;
const start = { epoch: 1, sequence: 0, index: 0 };
const at = (sequence: number): Position => ({ epoch: 1, sequence, index: 0 });

function stored(json: string, sequence: number, receivedNs = nowNs): StoredRecord {
  const record = {
    value: utf8.encode(json),
    key: "",
    contentType: jsonType,
    schemaId: 0,
    timeNs: nowNs,
  };
  return { record, position: at(sequence), receivedNs };
}

function measured(tag: string, timeNs: bigint, values: readonly number[], sequence = 1) {
  return stored(JSON.stringify({ time: String(timeNs), tag, values }), sequence);
}

function projectionOf({ database }: StoreRig, logger: Logger = silent) {
  return createMeasurementProjection(database, { clock: systemClock, logger, retentionMs: dayMs });
}

async function rowsOf({ database }: StoreRig) {
  const rows = await database.sql<{ tag: string; time: string; vals: Uint8Array }[]>`
    select t.tag, m.time, m.vals from measurements m join series_tags t on t.id = m.tag
    order by t.tag, m.time`;
  return rows.map(({ tag, time, vals }) => [tag, BigInt(time), valuesToNumbers({ values: vals })]);
}

test("the last of a tag and time wins, within a batch and over batches, and nothing else changes", async () => {
  await withStore(async (rig) => {
    const projection = projectionOf(rig);
    expect(await projection.position()).toBeUndefined();
    await projection.skip(undefined, start);
    await projection.commit(
      [
        measured("b", nowNs, [1]),
        measured("a", nowNs + 1n, [2, -0.5, 1e300]),
        measured("a", nowNs, [3]),
        measured("b", nowNs, [4]),
      ],
      start,
      at(1),
    );
    const first = [
      ["a", nowNs, [3]],
      ["a", nowNs + 1n, [2, -0.5, 1e300]],
      ["b", nowNs, [4]],
    ];
    expect(await rowsOf(rig)).toEqual(first);
    await projection.commit([measured("a", nowNs, [5, 6])], at(1), at(2));
    expect(await rowsOf(rig)).toEqual([["a", nowNs, [5, 6]], ...first.slice(1)]);
    expect(await projection.position()).toEqual(at(2));
    expect(projection.stats()).toMatchObject({ rows: 4, merged: 1, undecodable: 0, untimely: 0 });
  });
});

test("only from where it stands: an owner that was replaced writes nothing", async () => {
  await withStore(async (rig) => {
    const [ours, theirs] = [projectionOf(rig), projectionOf(rig)];
    await ours.skip(undefined, start);
    await theirs.commit([measured("a", nowNs, [1])], start, at(1));
    const late = ours.commit([measured("a", nowNs, [2])], start, at(2));
    await expect(late).rejects.toMatchObject({ code: "conflict" });
    expect(await rowsOf(rig)).toEqual([["a", nowNs, [1]]]);
    expect(await theirs.position()).toEqual(at(1));
    const again = ours.skip(undefined, start);
    await expect(again).rejects.toMatchObject({ code: "conflict" });
  });
});

test("what is no measurement, too old or far ahead is counted, said and passed over", async () => {
  await withStore(async (rig) => {
    const said: string[] = [];
    const projection = projectionOf(rig, (_, message, fields) => {
      said.push(`${message} ${String(fields?.["records"])} ${String(fields?.["last"])}`);
    });
    await projection.skip(undefined, start);
    const hour = 3_600_000_000_000n;
    await projection.commit(
      [
        stored("{}", 1),
        measured("old", nowNs - 25n * hour, [1]),
        measured("ahead", nowNs + 2n * hour, [1]),
        measured("kept", nowNs - 23n * hour, [1]),
        measured("kept", nowNs + hour - 1_000_000_000n, [2]),
        stored("no json", 7),
      ],
      start,
      at(7),
    );
    expect((await rowsOf(rig)).map(([tag]) => tag)).toEqual(["kept", "kept"]);
    expect(projection.stats()).toMatchObject({ rows: 2, undecodable: 2, untimely: 2 });
    expect(projection.stats().lastUndecodable).toContain("11-17: Cannot parse JSON");
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("are skipped 2 11-17: Cannot parse JSON");
    // Nothing but such records: the position moves all the same.
    await projection.commit([stored("{}", 8)], at(7), at(8));
    expect(await projection.position()).toEqual(at(8));
  });
});

test("the ten seconds that a batch touches are noted, each once", async () => {
  await withStore(async (rig) => {
    const projection = projectionOf(rig);
    await projection.skip(undefined, start);
    const bucket = nowNs / dirtyBucketNs;
    const time = bucket * dirtyBucketNs;
    const batch = [
      measured("a", time, [1]),
      measured("a", time + 1n, [1]),
      measured("a", time - 1n, [1]),
      measured("b", time, [1]),
    ];
    await projection.commit(batch, start, at(1));
    await projection.commit(batch, at(1), at(2));
    const rows = await rig.database.sql<{ tag: string; bucket: string }[]>`
      select t.tag, d.bucket from series_dirty d join series_tags t on t.id = d.tag order by 1, 2`;
    expect(rows.map(({ tag, bucket }) => [tag, BigInt(bucket)])).toEqual([
      ["a", bucket - 1n],
      ["a", bucket],
      ["b", bucket],
    ]);
  });
});

test("records as they come from the log's frames: the values are copied verbatim", async () => {
  await withStore(async (rig) => {
    const projection = projectionOf(rig);
    await projection.skip(undefined, start);
    const values = Array.from({ length: 64 }, (_, i) => Math.sqrt(i) * (i % 2 === 0 ? 1 : -1));
    const time = new Uint8Array(8);
    new DataView(time.buffer).setBigInt64(0, nowNs, true);
    const packed = valuesFromNumbers(values);
    const value = Uint8Array.from([
      ...[0x09, ...time],
      ...[0x12, 2, ...utf8.encode("ü")],
      ...[0x1a, 0x80, 0x04, ...packed],
    ]);
    const record = { value, key: "ü", contentType: "", schemaId: 0, timeNs: nowNs };
    expect(encodeFrame([record]).byteLength).toBeGreaterThan(512);
    await projection.commit([{ record, position: at(1), receivedNs: nowNs }], start, at(1));
    expect(await rowsOf(rig)).toEqual([["ü", nowNs, values]]);
  });
});

test("partitions are made ahead and on demand, and dropped whole hours at a time", async () => {
  await withStore(async ({ database, ownership }) => {
    const names = async () => {
      const rows = await database.sql<{ name: string }[]>`
        select inhrelid::regclass::text as name from pg_inherits
        where inhparent = 'measurements'::regclass order by 1`;
      return rows.map(({ name }) => name);
    };
    const hour = hourOf(nowNs);
    const named = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => `measurements_${hour + BigInt(from + i)}`);
    await makeNextPartitions(database, nowNs);
    expect(await names()).toEqual(named(0, 3));
    const old = Array.from({ length: 4 }, (_, i) => hour - BigInt(i + 1));
    await Promise.all([makePartitions(database, old), makePartitions(database, old)]);
    expect(await names()).toEqual(named(-4, 3));
    // The hour that is over in part stays.
    expect(await dropPartitions(database, (hour - 2n) * hourNs - 1n)).toEqual(named(-4, -4));
    expect(await dropPartitions(database, (hour - 2n) * hourNs)).toEqual(named(-3, -3));
    const stop = new AbortController();
    const kept = runMeasurementPartitions({
      database,
      ownership: ownership(),
      clock: systemClock,
      // The hour may end meanwhile.
      databaseClock: { nowNs: () => nowNs, sweepNs: async () => nowNs },
      logger: silent,
      signal: stop.signal,
      retentionMs: 3_600_000,
      everyMs: 20,
    });
    const wanted = named(-1, 3);
    for (let i = 0; i < 200 && (await names()).length > wanted.length; i++) await Bun.sleep(20);
    expect(await names()).toEqual(wanted);
    stop.abort();
    await kept;
  });
});

test("a reader that stays does not let dropping hold up the writers", async () => {
  await withStore(async (rig) => {
    const { database } = rig;
    const projection = projectionOf(rig);
    await projection.skip(undefined, start);
    await makePartitions(database, [hourOf(nowNs) - 30n]);
    await database.sql.begin(async (reader) => {
      await reader`select count(*) from measurements`;
      const dropped = dropPartitions(database, nowNs - 86_400_000_000_000n);
      await Promise.all([
        expect(dropped).rejects.toMatchObject({ code: "unavailable" }),
        projection.commit([measured("a", nowNs, [1])], start, at(1)),
      ]);
    });
    expect(await dropPartitions(database, nowNs - 86_400_000_000_000n)).toHaveLength(1);
    expect(await rowsOf(rig)).toHaveLength(1);
  });
});

test("hours before 1970 are also whole hours", () => {
  expect([0n, hourNs - 1n, hourNs, -1n, -hourNs, -hourNs - 1n].map(hourOf)).toEqual([
    0n,
    0n,
    1n,
    -1n,
    -1n,
    -2n,
  ]);
});

test("a tag has one id, whichever node asks first, and however odd it is", async () => {
  await withStore(async ({ database }) => {
    const nodes = Array.from({ length: 4 }, () => new TagIds(database));
    const tags = [
      ...Array.from({ length: 500 }, (_, i) => `t${i}`),
      'a"b\\c',
      "{x,y}",
      "NULL",
      "é",
    ];
    const found = await Promise.all(nodes.map((node) => node.of(tags)));
    for (const ids of found) {
      expect(ids.size).toBe(tags.length);
      expect([...ids]).toEqual(expect.arrayContaining([...(found[0] ?? [])]));
    }
    expect(new Set(found[0]?.values()).size).toBe(tags.length);
    const rows = await database.sql`select 1 from series_tags`;
    expect(rows.length).toBe(tags.length);
  });
});
