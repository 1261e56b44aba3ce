/** What the contract does not reach: bounds, hangs, lost notifications, and what retention leaves. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Sql } from "postgres";
import {
  eventually,
  failureOf,
  follow,
  numbered,
  record,
  sleepMs,
  textsOf,
} from "../../../test/contract/log/suite.ts";
import { type TestDatabase, testPostgres } from "../../../test/support/postgres.ts";
import { Batch } from "../../core/batch.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { silent } from "../../core/logger.ts";
import { defaultTopicSettings, type TopicSettings } from "../../core/topic.ts";
import { connect } from "../../postgres/connect.ts";
import { migrate } from "../../postgres/migrate.ts";
import { commit } from "./commit.ts";
import { Database } from "./database.ts";
import { entryOverheadBytes } from "./entry.ts";
import type { PostgresLogTuning } from "./options.ts";
import { PostgresLog } from "./postgres-log.ts";

let database: TestDatabase;
let sql: Sql;
const logs: PostgresLog[] = [];

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  await migrate(database);
  sql = connect(database, { max: 10, session: { application_name: "test" } });
  // postgres.js never resolves `reserve` on a pool that has not connected yet.
  await sql`SELECT 1`;
}, 30_000);

afterAll(async () => {
  for (const log of logs) await log.close();
  await sql.end();
  await database.drop();
});

test("past its bounds an append is refused, and none that was taken suffers", async () => {
  const log = open({ appendBytesMax: 2_000, topicQueueBytesMax: 5_000, nodeQueueBytesMax: 8_000 });
  const [one, two] = [await topicOf(log), await topicOf(log)];
  const large = record(new Uint8Array(3_000));
  expect((await failureOf(log.append(one, [large]))).code).toBe("too_large");

  const value = new Uint8Array(1_000);
  const taken = [1, 2, 3, 4].map(() => log.append(one, [record(value)]));
  const overloaded = await failureOf(log.append(one, [record(value)]));
  expect(overloaded.code).toBe("overloaded");
  expect(overloaded.retryAfterMs).toBeGreaterThan(0);
  taken.push(...[1, 2, 3].map(() => log.append(two, [record(value)])));
  expect((await failureOf(log.append(two, [record(value)]))).code).toBe("overloaded");
  expect((await Promise.all(taken)).length).toBe(7);
  // What was refused holds no room.
  for (let i = 0; i < 10; i++) await log.append(one, [record(value)]);
});

test("an append to a topic that hangs fails in time, with all that wait behind it; others go on", async () => {
  const log = open({});
  const [stuck, free] = [await topicOf(log), await topicOf(log)];
  await log.append(stuck, [record("before")]);
  const holder = await sql.reserve();
  await holder`BEGIN`;
  await holder`SELECT FROM log_topics WHERE name = ${stuck} FOR UPDATE`;
  const start = performance.now();
  const waiting = ["a", "b", "c"].map((text) => failureOf(log.append(stuck, [record(text)])));
  for (let i = 0; i < 20; i++) await log.append(free, [record(`${i}`)]);
  expect(performance.now() - start).toBeLessThan(2_000);
  const failures = await Promise.all(waiting);
  expect(failures.map((failure) => failure.code)).toEqual([
    "unavailable",
    "unavailable",
    "unavailable",
  ]);
  expect(performance.now() - start).toBeLessThan(10_000);
  await holder`ROLLBACK`;
  holder.release();
  await log.append(stuck, [record("after")]);
}, 30_000);

test("a record without a notification is read by the next poll", async () => {
  const log = open({});
  const topic = await topicOf(log);
  await log.append(topic, [record("known")]);
  const live = follow(log, topic, { after: "earliest" });
  await eventually("the first record", () => live.records.length === 1);
  // A node polls as soon as it listens; that poll is not the one under test.
  await sleepMs(700);
  await commitSilently(topic, "unheard");
  await eventually("the unheard record", () => live.records.length === 2, 3_000);
  // Also before a commit of this node, which reads the gap first.
  await commitSilently(topic, "unheard too");
  await log.append(topic, [record("own")]);
  await eventually("both", () => live.records.length === 4, 3_000);
  expect(textsOf(live.records)).toEqual(["known", "unheard", "unheard too", "own"]);
  await live.stop();
});

test("a database that was restored to an earlier state ends live reads with position_gone", async () => {
  const log = open({});
  const topic = await topicOf(log);
  const { first } = await log.append(topic, numbered("r", 5));
  const live = follow(log, topic, { after: "earliest" });
  await eventually("the records", () => live.records.length === 5);
  await sql`UPDATE log_topics SET last_seq = ${first.sequence} WHERE name = ${topic}`;
  expect((await live.ended)?.code).toBe("position_gone");
});

test("a removed topic's entries are deleted; its epoch is remembered even if the clock goes back", async () => {
  let nowMs = Date.now() + 1_000_000;
  const clock: Clock = { ...systemClock, nowMs: () => nowMs };
  const log = open({}, clock);
  const topic = await topicOf(log);
  await log.append(topic, numbered("r", 3_000, { key: "k" }), { dedupId: "d" });
  for (let i = 0; i < 5; i++) await log.append(topic, [record("x", { key: `${i}` })]);
  const { epoch } = await log.bounds(topic);
  await log.remove(topic);
  await log.sweep();
  const [left] = await sql`
    SELECT count(*)::int AS count FROM log_entries
    WHERE topic_id IN (SELECT id FROM log_topics WHERE name = ${topic})`;
  expect(left?.["count"]).toBe(0);

  nowMs -= 2_000_000;
  const next = await log.create(topic, defaultTopicSettings);
  expect(next.bounds.epoch).toBe(epoch + 1);
  await log.sweep();
  const incarnations = await sql`SELECT epoch FROM log_topics WHERE name = ${topic}`;
  expect(incarnations.map((row) => Number(row["epoch"]))).toEqual([epoch + 1]);
});

test("a dedup id is forgotten after its window", async () => {
  let nowMs = Date.now();
  const clock: Clock = { ...systemClock, nowMs: () => nowMs };
  const log = open({ dedupMs: 60_000 }, clock);
  const topic = await topicOf(log);
  await log.append(topic, [record("x")], { dedupId: "d" });
  nowMs += 50_000;
  await log.sweep();
  expect((await log.append(topic, [record("x")], { dedupId: "d" })).duplicate).toBe(true);
  nowMs += 20_000;
  await log.sweep();
  expect((await log.append(topic, [record("x")], { dedupId: "d" })).duplicate).toBe(false);
});

test("a topic's bytes are those of its entries, however appends and sweeps meet", async () => {
  const log = open({});
  const other = open({});
  const topic = await topicOf(log, { retentionBytes: 100_000 });
  const value = new Uint8Array(500);
  let isDone = false;
  const sweeping = [log, other].map(async (node) => {
    while (!isDone) await node.sweep();
  });
  await Promise.all(
    [0, 1, 2, 3].map(async (i) => {
      const node = i % 2 === 0 ? log : other;
      for (let j = 0; j < 200; j++) {
        await node.append(topic, [record(value), record(value, { key: "k" })]);
      }
    }),
  );
  isDone = true;
  await Promise.all(sweeping);
  await log.sweep();
  const [counted] = await sql`
    SELECT sum(octet_length(frame) + ${entryOverheadBytes})::int AS bytes, min(e.last_seq - e.count)::int AS trimmed
    FROM log_entries e JOIN log_topics t ON t.id = e.topic_id WHERE t.name = ${topic}`;
  const described = await log.describe(topic);
  expect(described?.bytes).toBe(counted?.["bytes"]);
  expect(described?.bytes).toBeLessThanOrEqual(100_000);
  expect(described?.bounds.start.sequence).toBe(counted?.["trimmed"]);
  expect(described?.bounds.end.sequence).toBe(1_600);
}, 30_000);

test("past their number the producers that were silent for longest are forgotten", async () => {
  const log = open({ producersMax: 10 });
  const topic = await topicOf(log);
  const append = (id: string, node = log) =>
    node.append(topic, [record(id)], { producer: { id, epoch: 0, first: 0, sequences: [0] } });
  for (let i = 0; i < 25; i++) {
    await append(`p${i}`);
    await sleepMs(2);
  }
  let kept: string[] = [];
  await eventually("the producers to be forgotten", async () => {
    await log.sweep();
    const rows = await sql<{ id: string }[]>`
      SELECT convert_from(id, 'UTF8') AS id FROM log_producers ORDER BY at_ms`;
    kept = rows.map(({ id }) => id);
    return kept.length <= 10;
  });
  expect(kept).toEqual(Array.from({ length: 10 }, (_, i) => `p${i + 15}`));
  // Another node, which has no state of them in memory.
  const other = open({});
  expect((await append("p24", other)).duplicate).toBe(true);
  expect((await append("p0", other)).duplicate).toBe(false);
}, 30_000);

test("a setting out of its limits is refused by name", () => {
  expect(() => open({ sweepMs: 1 })).toThrow(
    "Cannot use sweepMs 1 for the PostgreSQL log: expected 100 to 3600000",
  );
});

function open(tuning: Partial<PostgresLogTuning>, clock = systemClock): PostgresLog {
  const log = new PostgresLog({ url: database.url, clock, logger: silent, ...tuning });
  logs.push(log);
  return log;
}

async function topicOf(log: PostgresLog, settings: Partial<TopicSettings> = {}): Promise<string> {
  const name = `t-${Math.random().toString(36).slice(2)}`;
  await log.create(name, { ...defaultTopicSettings, ...settings });
  return name;
}

/** Commits as another node does whose notification is lost. */
async function commitSilently(topic: string, text: string): Promise<void> {
  const [row] = await sql<{ id: string; epoch: string }[]>`
    SELECT id, epoch FROM log_topics WHERE name = ${topic}`;
  const records = [record(text)];
  const incarnation = { id: row?.id ?? "", epoch: Number(row?.epoch), layout: "records" } as const;
  const items = [{ batch: Batch.of(records), dedupId: undefined }];
  const outcome = await commit(new Database(sql, systemClock), incarnation, items, 5_000);
  expect(outcome.kind).toBe("stored");
  await sleepMs(0);
}
