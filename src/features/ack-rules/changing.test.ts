/** Changes of a rule, with a log and a store that fail at any moment. */

import { describe, expect, test } from "bun:test";
import {
  calm,
  faultyLog,
  faultyStore,
  jsonOf,
  makeLog,
  makeRule,
  message,
  started,
  topics,
} from "../../../test/support/ack-rig.ts";
import { seededRandom } from "../../../test/support/random.ts";
import { withStore } from "../../../test/support/store-rig.ts";
import { until } from "../../../test/support/until.ts";
import type { Batch } from "../../core/batch.ts";
import { Failure } from "../../core/failure.ts";
import type { AppendOptions, LogDriver } from "../../core/log.ts";
import type { LogRecord } from "../../core/record.ts";
import { defaultTopicSettings as newTopics } from "../../core/topic.ts";
import type { AckRuleConfig } from "./rule.ts";
import { createAckLedger } from "./store/ledger.ts";
import { createAckRuleStore } from "./store/rule-store.ts";

const id = { pointer: "/message_id" };
const noPositions = new Map();

describe("exactly one ack while a rule changes", () => {
  for (const seed of [1, 2]) {
    test(`two owners at once, ended at random, on a store and a log that fail: seed ${seed}`, async () => {
      await withStore(async (rig) => {
        const random = seededRandom(seed);
        const log = await makeLog();
        for (const topic of ["ack", "ack-b"]) await log.create(topic, newTopics);
        const rule = await makeRule(rig);
        const rules = createAckRuleStore(rig.database);
        const ledger = createAckLedger(rig.database);
        const configs: Partial<AckRuleConfig>[] = [
          { places: { topics: ["one", "two"], id } },
          { output: "ack-b" },
          { places: { topics: ["three", "one"], id }, deadlineMs: 60_000 },
          { places: { topics, id }, keepMs: 7_200_000, output: "ack" },
        ];
        const ids = Array.from({ length: 1200 }, (_, i) => `m${i}`);
        let over = false;
        const appending = (async () => {
          for (let at = 0; at < ids.length; at += 20) {
            const again = ids.slice(Math.max(0, at - 300), at).slice(0, 3);
            for (const topic of topics.toSorted(() => random.int(3) - 1)) {
              await log.append(topic, [...ids.slice(at, at + 20), ...again].map(message));
            }
            await Bun.sleep(random.int(30));
          }
        })();
        let latest = rule;
        const rival = async () => {
          while (!over) {
            const { stop } = started(rig, faultyLog(log, random), rule, {
              store: faultyStore(ledger, random),
              limits: { records: 1 + random.int(300), gatherMs: random.int(3) },
              latest: () => latest,
            });
            await Bun.sleep(random.int(300));
            await stop();
          }
        };
        const rivals = Promise.all([rival(), rival()]);
        for (const [i, config] of [...configs, ...configs].entries()) {
          await Bun.sleep(100 + random.int(300));
          const to = { config: { ...latest, ...config }, creator: undefined };
          await rules.change(rule.number, { ...to, positions: noPositions });
          await until(`change ${i + 1}`, 20_000, async () => {
            latest = (await rules.get(rule.name)) ?? rule;
            return latest.revision === i + 1;
          });
        }
        await appending;
        // What was seen in a topic while it was removed, or was forgotten with it, is seen again.
        for (const topic of topics) await log.append(topic, ids.map(message));
        await until("all acks", 20_000, async () => {
          const { counts } = await rules.stats(rule.number);
          return counts.complete === ids.length;
        });
        await until("nothing left to append", 10_000, async () => {
          return (await ledger.outbox(rule.number, "acks", 0, 1)).length === 0;
        });
        over = true;
        await rivals;
        const acks = [...(await jsonOf(log, "ack")), ...(await jsonOf(log, "ack-b"))];
        expect(acks.map((ack): string => ack.message_id).toSorted()).toEqual(ids.toSorted());
        expect((await jsonOf(log, "ack-b")).length).toBeGreaterThan(0);
      });
    }, 90_000);
  }
});

test("acks that are committed go to the former output before the rule has another one", async () => {
  await withStore(async (rig) => {
    const log = await makeLog();
    for (const topic of ["ack", "other"]) await log.create(topic, newTopics);
    const places = { topics: ["one"], id };
    const rule = await makeRule(rig, { places });
    const rules = createAckRuleStore(rig.database);
    const ledger = createAckLedger(rig.database);
    let away = true;
    const full: LogDriver = Object.assign(faultyLog(log, calm), {
      append: (topic: string, ...given: [Batch | readonly LogRecord[], AppendOptions?]) =>
        away
          ? Promise.reject(new Failure("overloaded", "too much is on its way"))
          : log.append(topic, ...given),
    });
    let latest = rule;
    await using _ = started(rig, full, rule, { latest: () => latest });
    await log.append("one", ["a", "b"].map(message));
    await until("two acks to append", 5000, async () => {
      return (await ledger.outbox(rule.number, "acks", 0, 10)).length === 2;
    });
    const config = { ...rule, output: "other" };
    await rules.change(rule.number, { config, creator: undefined, positions: noPositions });
    expect(await ledger.applyChange(rule.number)).toBe("waiting");
    latest = (await rules.get(rule.name)) ?? rule;
    expect(latest).toMatchObject({ output: "ack", revision: 0, change: { output: "other" } });
    await Bun.sleep(500);
    // It reads nothing while it waits.
    await log.append("one", [message("c")]);
    await Bun.sleep(300);
    expect((await rules.stats(rule.number)).counts.complete).toBe(2);
    away = false;
    await until("the change", 10_000, async () => {
      latest = (await rules.get(rule.name)) ?? rule;
      return latest.revision === 1;
    });
    await until("the third ack", 10_000, async () => (await jsonOf(log, "other")).length === 1);
    expect((await jsonOf(log, "ack")).map((ack) => ack.message_id)).toEqual(["a", "b"]);
    expect(await jsonOf(log, "other")).toMatchObject([{ message_id: "c", seen: {} }]);
  });
}, 30_000);

test("a rule that has read very many topics is not changed any more", async () => {
  await withStore(async (rig) => {
    const rule = await makeRule(rig);
    const rules = createAckRuleStore(rig.database);
    const change = { config: rule, creator: undefined, positions: noPositions };
    const read = async (from: number, to: number) => {
      await rig.database.sql`
        insert into ack_positions (rule, topic, epoch, sequence, idx)
        select ${rule.number}::bigint, 't' || n, 1, 1, 0
        from generate_series(${from}::int, ${to}::int) n`;
    };
    await read(1, 1000);
    await rules.change(rule.number, change);
    await read(1001, 1001);
    await expect(rules.change(rule.number, change)).rejects.toMatchObject({ code: "overloaded" });
    await rules.change(rule.number, undefined);
  });
});

test("a removed topic completes the ids that missed it alone, of which there may be many", async () => {
  await withStore(async (rig) => {
    const log = await makeLog();
    await log.create("ack", newTopics);
    const rule = await makeRule(rig, { deadlineMs: 60_000 });
    const rules = createAckRuleStore(rig.database);
    const ledger = createAckLedger(rig.database);
    let latest = rule;
    await using _ = started(rig, log, rule, { latest: () => latest });
    const ids = Array.from({ length: 1700 }, (_unused, i) => `m${i}`);
    await log.append("one", ids.map(message));
    await log.append("two", ids.slice(0, 1200).map(message));
    await log.append("three", [...ids.slice(1690), "elsewhere"].map(message));
    await until("all seen", 5000, async () => {
      return (await rules.stats(rule.number)).counts.open === 1701;
    });
    // An id of which the removed topic is the only one, one that is complete with it, and one that is not.
    const effects = await rules.effects(
      latest,
      { ...rule, places: { topics: ["two", "one"], id } },
      Date.now(),
    );
    expect(effects).toEqual({
      counted: 1701,
      more: false,
      sightings: new Map([["three", 11]]),
      forgotten: 1,
      completed: 1200,
      waiting: 500,
      overdue: 0,
      reopened: 0,
    });
    const config = { ...rule, places: { topics: ["two", "one"], id } };
    await rules.change(rule.number, { config, creator: undefined, positions: noPositions });
    await until("the acks", 10_000, async () => {
      latest = (await rules.get(rule.name)) ?? rule;
      return (await jsonOf(log, "ack")).length === 1200;
    });
    expect((await rules.stats(rule.number)).counts).toMatchObject({
      complete: 1200,
      open: 500,
      forgotten: 1,
    });
    const [ack] = await jsonOf(log, "ack");
    expect(Object.keys(ack.seen)).toEqual(["two", "one"]);
    // The slot of the removed topic is free, and what was seen there is gone.
    await until("every id to follow the change", 5000, async () => {
      return (await ledger.open(rule.number))?.settling === undefined;
    });
    const back = { ...rule, places: { topics: ["one", "three", "two"], id } };
    await rules.change(rule.number, { config: back, creator: undefined, positions: noPositions });
    await until("the change back", 10_000, async () => {
      latest = (await rules.get(rule.name)) ?? rule;
      return latest.revision === 2;
    });
    const [known] = await rules.find(latest, ["m1695"]);
    expect(known?.seen.map((ns) => ns !== undefined)).toEqual([true, false, false]);
    await log.append("two", [message("m1695")]);
    await log.append("three", [message("m1695"), message("m3")]);
    await until("one ack more", 10_000, async () => (await jsonOf(log, "ack")).length === 1201);
  });
}, 40_000);
