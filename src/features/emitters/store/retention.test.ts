import { expect, test } from "bun:test";
import { type StoreRig, withStore } from "../../../../test/support/store-rig.ts";
import { allNames } from "../../../core/access/grant.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { silent as logger } from "../../../core/logger.ts";
import { dropEndedEmitters, runEmitterRetention, trimEmitterRows } from "./retention.ts";

async function rows(rig: StoreRig): Promise<Record<string, number>> {
  const counts = await rig.database.sql<{ emitter: string; n: number }[]>`
    select emitter, count(*)::int as n from emitter_events group by emitter order by emitter`;
  return Object.fromEntries(counts.map(({ emitter, n }) => [emitter, n]));
}

/** `count` rows an emitter, one a second, the newest now. */
async function fill(rig: StoreRig, emitters: number, count: number): Promise<void> {
  await rig.database.sql`insert into emitters (id, source, rate)
    select 'e' || i, 'external', 0 from generate_series(1, ${emitters}) i`;
  await rig.database.sql`insert into emitter_events (emitter, epoch, sequence, idx, ordinal,
      received_ns, time_ns, content_type, schema_id, data)
    select 'e' || i, 1, n * 1000 + i, 0, n,
      (extract(epoch from now())::bigint - ${count} + n) * 1000000000, 0, 'text/plain', 0, ''
    from generate_series(1, ${emitters}) i, generate_series(1, ${count}::int) n`;
  await rig.target.skip(undefined, { epoch: 1, sequence: 0, index: 0 });
}

test("rows past the count go, oldest first, and what is left says where it begins", async () => {
  await withStore(async (rig) => {
    await fill(rig, 120, 700);
    const dropped = await trimEmitterRows(rig.database, { ageMs: 0, countMax: 50 }, clock.nowNs());
    expect(dropped).toBe(120 * 650);
    expect(new Set(Object.values(await rows(rig)))).toEqual(new Set([50]));
    const kept = await rig.pages.after("e7", "earliest", { limit: 3, bytesMax: 1000 });
    expect(kept.floor).toEqual({ epoch: 1, sequence: 650_007, index: 0 });
    expect(kept.events[0]?.position.sequence).toBe(651_007);
    expect((await rig.store.stats("e7")).events).toBe(700);
    expect(await trimEmitterRows(rig.database, { ageMs: 0, countMax: 50 }, clock.nowNs())).toBe(0);
  });
});

test("rows past the age go; an emitter without rows still counts what it had", async () => {
  await withStore(async (rig) => {
    await fill(rig, 3, 100);
    const keepAll = { ageMs: 0, countMax: 0 };
    expect(await trimEmitterRows(rig.database, keepAll, clock.nowNs())).toBe(0);
    await trimEmitterRows(rig.database, { ageMs: 20_000, countMax: 0 }, clock.nowNs());
    for (const n of Object.values(await rows(rig))) expect(n).toBeWithin(18, 22);
    await rig.database.sql`update emitter_events set received_ns = 0 where emitter = 'e2'`;
    await trimEmitterRows(rig.database, { ageMs: 60_000, countMax: 0 }, clock.nowNs());
    expect(Object.keys(await rows(rig))).toEqual(["e1", "e3"]);
    expect((await rig.store.stats("e2")).events).toBe(100);
    // The next event of it is the 101st.
    const at = { epoch: 1, sequence: 0, index: 0 };
    const position = { epoch: 1, sequence: 500_000, index: 0 };
    const record = { value: new Uint8Array(), key: "e2", contentType: "", schemaId: 0, timeNs: 0n };
    await rig.target.commit([{ record, position, receivedNs: 5n }], at, position);
    expect((await rig.store.stats("e2")).events).toBe(101);
  });
});

test("one node at a time does it, until its signal ends it", async () => {
  await withStore(async (rig) => {
    await fill(rig, 3, 100);
    const stop = new AbortController();
    const runs = [1, 2].map(() =>
      runEmitterRetention({
        database: rig.database,
        retention: { ageMs: 0, countMax: 10 },
        ownership: rig.ownership(),
        clock,
        databaseClock: { sweepNs: async () => clock.nowNs() },
        logger,
        signal: stop.signal,
        everyMs: 50,
      }),
    );
    for (let i = 0; i < 200 && (await rows(rig))["e1"] !== 10; i++) await Bun.sleep(20);
    expect(await rows(rig)).toEqual({ e1: 10, e2: 10, e3: 10 });
    stop.abort();
    await Promise.all(runs);
  });
});

test("emitters that ended longer ago than all records are dropped, and their ids are free", async () => {
  await withStore(async (rig) => {
    const { sql } = rig.database;
    await sql`insert into emitters (id, source, rate, ended_at, end_epoch, end_sequence, end_idx)
      select 'old' || i, 'external', 0, now() - interval '3 hours', 1, i, 0
      from generate_series(1, 2500) i`;
    await sql`insert into emitters (id, source, rate, ended_at, end_epoch) values
      ('recent', 'external', 0, now() - interval '90 minutes', 1),
      ('unfinished', 'external', 0, now() - interval '3 hours', null)`;
    await fill(rig, 1, 3);
    await sql`update emitters set ended_at = now() - interval '3 hours', end_epoch = 1 where id = 'e1'`;
    await sql`insert into emitters (id, source, rate) values ('open', 'external', 0)`;
    const ageMs = 3_600_000;
    expect(await dropEndedEmitters(rig.database, { ageMs: 0 })).toBe(0);
    expect(await dropEndedEmitters(rig.database, { ageMs })).toBe(2500);
    const left = await rig.store.list({ limit: 10, ended: true, names: allNames });
    expect(left.map(({ id }) => id)).toEqual(["e1", "open", "recent", "unfinished"]);
    expect(await rig.store.count()).toBe(4);
    const again = await rig.store.create({ id: "old7", source: "external", rate: 0 }, undefined);
    expect(again.created).toBe(true);
  });
});
