/** The runner while topics come and go, and while the log loses records or refuses appends. */

import { describe, expect, test } from "bun:test";
import {
  calm,
  faultyLog,
  jsonOf,
  makeLog,
  makeRule,
  message,
  started,
  topics,
} from "../../../test/support/ack-rig.ts";
import { withStore } from "../../../test/support/store-rig.ts";
import { until } from "../../../test/support/until.ts";
import type { Batch } from "../../core/batch.ts";
import { systemClock as clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { AppendOptions, LogDriver, ReadOptions } from "../../core/log.ts";
import { renderPosition } from "../../core/position.ts";
import type { LogRecord } from "../../core/record.ts";
import { defaultTopicSettings as newTopics } from "../../core/topic.ts";
import { createMemoryLog } from "../../log/memory/memory-log.ts";
import { createAckLedger } from "./store/ledger.ts";
import { createAckRuleStore } from "./store/rule-store.ts";

describe("a topic", () => {
  test("that is not read yet keeps ids from becoming overdue", async () => {
    await withStore(async (rig) => {
      const log = await makeLog();
      const rule = await makeRule(rig, { deadlineMs: 100 });
      const gate = Promise.withResolvers<void>();
      const slow: LogDriver = Object.assign(faultyLog(log, calm), {
        async *read(topic: string, options: ReadOptions) {
          if (topic === "two") await gate.promise;
          yield* log.read(topic, options);
        },
      });
      for (const topic of topics) await log.append(topic, [message("a")]);
      await log.append("one", [message("b")]);
      await using _ = started(rig, slow, rule);
      const counts = async () => (await createAckRuleStore(rig.database).stats(rule.number)).counts;
      await until("two open ids", 5000, async () => (await counts()).open === 2);
      // Several sweeps, long after the deadline.
      await Bun.sleep(1300);
      expect(await counts()).toMatchObject({ open: 2, overdue: 0 });
      gate.resolve();
      await until("the one that was in time", 5000, async () => (await counts()).complete === 1);
      await until("the one that was not", 5000, async () => (await counts()).overdue === 1);
      await until("both told", 5000, async () => {
        const told = await Promise.all(["ack", "ack.overdue"].map((topic) => jsonOf(log, topic)));
        return told.every(({ length }) => length > 0);
      });
      expect(await jsonOf(log, "ack")).toMatchObject([{ message_id: "a" }]);
      expect((await jsonOf(log, "ack"))[0]).not.toHaveProperty("late");
      expect(await jsonOf(log, "ack.overdue")).toMatchObject([
        { rule: "all", message_id: "b", state: "overdue", missing: ["two", "three"] },
      ]);
    });
  }, 20_000);

  test("that does not exist yet delays no other, and is read from its beginning", async () => {
    await withStore(async (rig) => {
      const log = createMemoryLog({ clock });
      const rule = await makeRule(rig);
      await using _ = started(rig, log, rule);
      const store = createAckRuleStore(rig.database);
      for (const [i, topic] of topics.entries()) {
        await log.create(topic, newTopics);
        await log.append(topic, [message("a")]);
        await until(`topic ${topic}`, 5000, async () => {
          const [found] = await store.find(rule, ["a"]);
          return found?.seen.filter((ns) => ns !== undefined).length === i + 1;
        });
      }
      await until("the ack", 5000, async () => {
        const { counts } = await store.stats(rule.number);
        return counts.complete === 1 && (await log.describe("ack")) !== undefined;
      });
      expect((await log.describe("ack"))?.settings.layout).toBe("frames");
    });
  }, 20_000);

  test("that was trimmed or recreated is read from where it can be", async () => {
    await withStore(async (rig) => {
      const log = createMemoryLog({ clock });
      for (const topic of topics) await log.create(topic, { ...newTopics, retentionBytes: 2000 });
      const rule = await makeRule(rig);
      const first = started(rig, log, rule);
      const store = createAckRuleStore(rig.database);
      const complete = async () => (await store.stats(rule.number)).counts.complete;
      for (const topic of topics) await log.append(topic, [message("a")]);
      await until("the first ack", 5000, async () => (await complete()) === 1);
      await first.stop();

      for (let n = 0; n < 60; n++) await log.append("one", [message(`gone${n}`)]);
      await log.sweep();
      await using second = started(rig, log, rule);
      for (const topic of topics) await log.append(topic, [message("b")]);
      await until("the ack after the gap", 5000, async () => (await complete()) === 2);
      expect(second.run.status().skipped).toBeGreaterThan(10);

      await log.remove("two");
      await log.create("two", newTopics);
      for (const topic of topics) await log.append(topic, [message("c")]);
      await until("the ack of the new life", 5000, async () => (await complete()) === 3);
    });
  }, 20_000);
});

test("a log that has lost acks gets the next ones under a new epoch of the producer", async () => {
  await withStore(async (rig) => {
    const log = await makeLog();
    await log.create("ack", newTopics);
    const rule = await makeRule(rig);
    const store = createAckLedger(rig.database);
    const first = started(rig, log, rule);
    for (const topic of topics) await log.append(topic, ["a", "b", "c"].map(message));
    await until("three acks", 5000, async () => (await jsonOf(log, "ack")).length === 3);
    await until("none left", 5000, async () => {
      return (await store.outbox(rule.number, "acks", 0, 10)).length === 0;
    });
    await first.stop();

    // As after a broker was restored from a copy that has only the first of them.
    const restored = await makeLog();
    await restored.create("ack", newTopics);
    const producer = { id: `ack-rule/${rule.life}`, epoch: 0, first: 1, sequences: [1] };
    await restored.append("ack", [message("a")], { producer });
    await using second = started(rig, restored, rule);
    for (const topic of topics) await restored.append(topic, [message("d")]);
    await until("the fourth ack", 5000, async () => (await jsonOf(restored, "ack")).length === 2);
    expect((await jsonOf(restored, "ack"))[1]).toMatchObject({ rule: "all", message_id: "d" });
    expect((await store.open(rule.number))?.epoch).toBe(1);
    expect(second.run.status().lastFailure).toContain("leaves a gap");
  });
}, 20_000);

test("a removed rule stops, and leaves nothing behind", async () => {
  await withStore(async (rig) => {
    const log = await makeLog();
    const rule = await makeRule(rig);
    const store = createAckRuleStore(rig.database);
    const { run } = started(rig, log, rule);
    await log.append(
      "one",
      Array.from({ length: 900 }, (_, i) => message(`m${i}`)),
    );
    await until("open ids", 5000, async () => (await store.stats(rule.number)).counts.open === 900);
    expect(await store.remove("all")).toBe(true);
    expect(await store.remove("all")).toBe(false);
    await log.append("one", [message("after")]);
    await run.done;
    while (await store.purge());
    const [left] = await rig.database.sql`
      select (select count(*) from ack_ids) + (select count(*) from ack_positions)
        + (select count(*) from ack_outbox) + (select count(*) from ack_rules) as rows`;
    expect(Number(left?.["rows"])).toBe(0);
    // Recreated, it is another rule with another producer.
    expect((await makeRule(rig)).life).not.toBe(rule.life);
  });
}, 20_000);

test("while the log takes no acks, a rule reads up to a bound, and then waits", async () => {
  await withStore(async (rig) => {
    const log = await makeLog();
    await log.create("ack", newTopics);
    const places = { topics: ["one"], id: { pointer: "/message_id" } };
    const rule = await makeRule(rig, { places });
    let away = true;
    const full: LogDriver = Object.assign(faultyLog(log, calm), {
      append: (topic: string, ...given: [Batch | readonly LogRecord[], AppendOptions?]) =>
        away
          ? Promise.reject(new Failure("overloaded", "too much is on its way"))
          : log.append(topic, ...given),
    });
    await using working = started(rig, full, rule);
    const total = 16_000;
    for (let at = 0; at < total; at += 1000) {
      const some = Array.from({ length: 1000 }, (_, i) => message(`m${at + i}`));
      await log.append("one", some);
    }
    const store = createAckRuleStore(rig.database);
    const complete = async () => (await store.stats(rule.number)).counts.complete;
    await until("the bound", 10_000, async () => (await complete()) > 10_000);
    await Bun.sleep(700);
    const reached = await complete();
    expect(reached).toBeLessThan(14_000);
    await Bun.sleep(300);
    expect(await complete()).toBe(reached);
    expect(working.run.status().lastFailure).toBe("too much is on its way");
    const { lagMs } = working.run.status();
    expect(lagMs).toBeGreaterThan(900);
    await Bun.sleep(100);
    expect(working.run.status().lagMs).toBeGreaterThan(lagMs + 90);
    away = false;
    await until("all", 15_000, async () => (await complete()) === total);
    await until("all appended", 10_000, async () => (await jsonOf(log, "ack")).length === total);
    await until("no lag", 5000, () => working.run.status().lagMs === 0);
    const { end } = await log.bounds("one");
    expect(working.run.lags()).toEqual([{ topic: "one", lagMs: 0, position: renderPosition(end) }]);
  });
}, 40_000);
