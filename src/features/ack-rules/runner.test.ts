/** Exactly one ack, with a log and a store that fail at any moment. */

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
import { Failure } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import { defaultTopicSettings as newTopics } from "../../core/topic.ts";
import { createAckLedger } from "./store/ledger.ts";
import { createAckRuleStore } from "./store/rule-store.ts";

describe("exactly one ack", () => {
  for (const seed of [1, 2]) {
    test(`two owners at once, ended at random, on a store and a log that fail: seed ${seed}`, async () => {
      await withStore(async (rig) => {
        const random = seededRandom(seed);
        const log = await makeLog();
        const rule = await makeRule(rig);
        const ids = Array.from({ length: 1500 }, (_, i) => `m${i}`);
        const incomplete = new Set(ids.filter(() => random.chance(0.1)));
        const appending = (async () => {
          for (let at = 0; at < ids.length; at += 25) {
            const some = ids.slice(at, at + 25);
            // Duplicates, some of them long after the ack.
            const again = ids.slice(Math.max(0, at - 300)).slice(0, 3);
            for (const topic of topics.toSorted(() => random.int(3) - 1)) {
              const sent = [...some, ...again].filter(
                (id) => !(topic === "two" && incomplete.has(id)),
              );
              if (sent.length > 0) await log.append(topic, sent.map(message));
            }
            await Bun.sleep(random.int(30));
          }
        })();
        let over = false;
        let runs = 0;
        const rival = async () => {
          while (!over) {
            const store = faultyStore(createAckLedger(rig.database), random);
            const { stop } = started(rig, faultyLog(log, random), rule, {
              store,
              limits: { records: 1 + random.int(300), gatherMs: random.int(3) },
            });
            await Bun.sleep(random.int(300));
            await stop();
            runs++;
          }
        };
        const rivals = [rival(), rival()];
        await appending;
        over = true;
        await Promise.all(rivals);
        expect(runs).toBeGreaterThan(4);

        await using last = started(rig, log, rule);
        const wanted = ids.length - incomplete.size;
        const store = createAckRuleStore(rig.database);
        await until("all to be complete", 10_000, async () => {
          return (await store.stats(rule.number)).counts.complete === wanted;
        });
        // The outbox gets a commit a moment after others can see it in the store.
        await until("all to be in the log", 5000, async () => {
          return (await jsonOf(log, "ack")).length >= wanted;
        });
        await until("none to be left", 5000, () => last.run.status().pending === 0);
        await last.stop();
        const acked = (await jsonOf(log, "ack")).map(({ message_id }) => String(message_id));
        const expected = ids.filter((id) => !incomplete.has(id));
        expect(acked.toSorted()).toEqual(expected.toSorted());
        const { counts } = await store.stats(rule.number);
        expect(counts).toMatchObject({ open: incomplete.size, overdue: 0, forgotten: 0 });
      });
    }, 40_000);
  }

  test("announcements that a dead owner committed are appended, unless it had appended them", async () => {
    await withStore(async (rig) => {
      const log = await makeLog();
      await log.create("ack", newTopics);
      const rule = await makeRule(rig);
      // It never learns that its acks are in the log, so it never drops them.
      const store = createAckLedger(rig.database);
      const deaf = { ...store, sent: () => Promise.reject(new Failure("unavailable", "away")) };
      const first = started(rig, log, rule, { store: deaf });
      for (const topic of topics) await log.append(topic, ["a", "b"].map(message));
      await until("two acks", 5000, async () => (await jsonOf(log, "ack")).length === 2);
      await first.stop();
      expect((await store.outbox(rule.number, "acks", 0, 10)).map(({ id }) => id)).toEqual([
        "a",
        "b",
      ]);

      // And this one dies before it appends.
      const mute: LogDriver = Object.assign(faultyLog(log, calm), {
        append: () => Promise.reject(new Failure("unavailable", "away")),
      });
      const second = started(rig, mute, rule);
      for (const topic of topics) await log.append(topic, [message("c")]);
      await until("three committed", 5000, async () => (await store.open(rule.number))?.acks === 3);
      await second.stop();

      await using third = started(rig, log, rule);
      await until("the third ack", 5000, async () => (await jsonOf(log, "ack")).length === 3);
      await until("none left", 5000, async () => {
        return (await store.outbox(rule.number, "acks", 0, 10)).length === 0;
      });
      const acks = await jsonOf(log, "ack");
      expect(acks.map(({ message_id }) => message_id)).toEqual(["a", "b", "c"]);
      expect(third.run.status()).toMatchObject({ failures: 0, pending: 0, skipped: 0 });
    });
  }, 20_000);
});
