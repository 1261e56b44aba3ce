/** A rule acts for its creator: what it needs, and what happens when that is taken away. */

import { expect, test } from "bun:test";
import { careless, jsonOf, makeLog, message, topics } from "../../../test/support/ack-rig.ts";
import { callerWith, nobody } from "../../../test/support/callers.ts";
import { type StoreRig, withStore } from "../../../test/support/store-rig.ts";
import { until } from "../../../test/support/until.ts";
import { type Caller, openCaller, type Principal } from "../../core/access/caller.ts";
import { Batch } from "../../core/batch.ts";
import { systemClock as clock } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import { defaultTopicSettings as newTopics } from "../../core/topic.ts";
import { appendOrCreate } from "../../ingest/append.ts";
import { Author, TopicRules } from "../../ingest/topic-rules.ts";
import type { MemoryLog } from "../../log/memory/memory-log.ts";
import { AckRules } from "./ack-rules.ts";
import { outputSettings } from "./output.ts";
import type { AckRuleConfig } from "./rule.ts";
import { createAckLedger } from "./store/ledger.ts";
import { createAckRuleStore } from "./store/rule-store.ts";

const config: AckRuleConfig = {
  name: "all",
  places: { topics, id: { pointer: "/message_id" } },
  output: "ack",
  deadlineMs: undefined,
  keepMs: 3_600_000,
  from: "earliest",
};
const reads = "read topic:one, read topic:two, read topic:three";

function topicRules(): TopicRules {
  const rules = new TopicRules();
  const owner = new Author("test");
  rules.declare("lifecycle", { owner, contains: { kind: "app", isKey: false } });
  return rules;
}

/** One node's rules. `current` is whom the guard knows now. */
function openRules(
  rig: StoreRig,
  log: MemoryLog,
  current: (creator: Principal) => Caller | undefined = () => undefined,
) {
  const lines: { readonly message: string; readonly fields: object }[] = [];
  const rules = new AckRules({
    log,
    append: (topic, records, options) =>
      appendOrCreate(log, outputSettings(newTopics), topic, Batch.of(records), options),
    topics: { create: (topic, settings) => log.create(topic, settings) },
    topicRules: topicRules(),
    principals: { current },
    rules: createAckRuleStore(rig.database),
    store: createAckLedger(rig.database),
    decoder: { decode: () => [] },
    ownership: careless,
    rulesMax: 10,
    newTopics,
    clock,
    logger: (_, text, fields = {}) => lines.push({ message: text, fields }),
  });
  return { rules, lines };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    return failureFrom(error).code;
  }
}

test.each<readonly [given: Partial<AckRuleConfig>, enough: string, narrow: readonly string[]]>([
  [
    {},
    `manage rule:all, ${reads}, append topic:ack`,
    [
      `${reads}, append topic:ack`,
      "manage rule:all, read topic:one, read topic:two, append topic:ack",
      `manage rule:all, ${reads}`,
      `manage rule:other, ${reads}, append topic:ack`,
    ],
  ],
  [
    { deadlineMs: 1000 },
    `manage rule:*, ${reads}, append topic:ack*`,
    [`manage rule:*, ${reads}, append topic:ack`],
  ],
  [
    { places: { events: ["SENT"], appId: "shop" } },
    "manage rule:all, read app:shop, append topic:ack",
    ["manage rule:all, read app:other, append topic:ack, read topic:lifecycle"],
  ],
  [
    { places: { events: ["SENT"], appId: undefined } },
    "manage rule:all, read app:*, append topic:ack",
    ["manage rule:all, read app:shop, append topic:ack"],
  ],
  [
    { places: { topics: ["one", "lifecycle"], id: { key: true } } },
    "manage rule:all, read topic:one, read app:*, append topic:ack",
    ["manage rule:all, read topic:*, append topic:ack"],
  ],
])(
  "%j needs the rights that it acts with",
  async (given, enough, narrow) => {
    await withStore(async (rig) => {
      await using log = disposable(await makeLog());
      const { rules } = openRules(rig, log.log, () => callerWith(enough));
      const requested = { ...config, ...given };
      expect(await codeOf(rules.put(requested, nobody))).toBe("unauthenticated");
      for (const grants of narrow) {
        expect([grants, await codeOf(rules.put(requested, callerWith(grants)))]).toEqual([
          grants,
          "forbidden",
        ]);
      }
      expect(await codeOf(rules.put(requested, callerWith(enough)))).toBe("done");
      // Also where the rule exists: the answer would tell that it does.
      expect(await codeOf(rules.put(requested, nobody))).toBe("unauthenticated");
      await rules.close();
    });
  },
  60_000,
);

test("a rule whose creator loses a right writes nothing, says why, and goes on without a loss", async () => {
  await withStore(async (rig) => {
    await using log = disposable(await makeLog());
    const creator = callerWith(`manage rule:*, ${reads}, append topic:ack`);
    let current: Caller | undefined = creator;
    const { rules, lines } = openRules(rig, log.log, () => current);
    await rules.put(config, creator);
    const acked = async () => (await jsonOf(log.log, "ack")).map(({ message_id: id }) => id);
    const send = async (id: string) => {
      for (const topic of topics) await log.log.append(topic, [message(id)]);
    };
    await send("first");
    await until("the first ack", 10_000, async () => (await acked()).length === 1);

    for (const [lacking, says] of [
      [callerWith(`manage rule:*, ${reads}`), 'lacks the grant "append topic:ack"'],
      [callerWith("read topic:one, append topic:ack"), 'lacks the grant "read topic:two"'],
      [undefined, "was revoked or has expired"],
    ] as const) {
      current = lacking;
      const before = await acked();
      await send(`while ${says}`);
      const stopped = async () => rules.reasonStopped(await rules.get("all"));
      await until("the rule stops", 10_000, async () => (await stopped())?.includes(says));
      expect(await acked()).toEqual(before);
      expect(rules.status()).toMatchObject([
        { rule: "all", stopped: expect.stringContaining(says) },
      ]);

      current = creator;
      await until("it goes on", 10_000, async () => (await acked()).length === before.length + 1);
      expect(await stopped()).toBeUndefined();
    }
    expect(lines.filter(({ message: text }) => text === "ack rule stopped")).toHaveLength(3);
    expect(new Set(await acked()).size).toBe(4);
    await rules.close();
  });
}, 60_000);

test("who puts the rule again makes it act with their rights", async () => {
  await withStore(async (rig) => {
    await using log = disposable(await makeLog());
    const old = callerWith(`manage rule:all, ${reads}, append topic:ack`);
    const renewed = callerWith("manage rule:*, read topic:*, append topic:*");
    const known = new Set<string>([old.principal.id]);
    const { rules } = openRules(rig, log.log, (creator) =>
      known.has(creator.id)
        ? [old, renewed].find((one) => one.principal.id === creator.id)
        : undefined,
    );
    await rules.put(config, old);
    known.clear();
    known.add(renewed.principal.id);
    const stopped = async () => rules.reasonStopped(await rules.get("all"));
    await until("the rule stops", 10_000, async () => (await stopped()) !== undefined);
    const { created, rule } = await rules.put(config, renewed);
    expect([created, rule.creator?.id]).toEqual([false, renewed.principal.id]);
    for (const topic of topics) await log.log.append(topic, [message("m")]);
    await until("the ack", 10_000, async () => (await jsonOf(log.log, "ack")).length === 1);
    const { creator } = await rules.get("all");
    expect(creator).toEqual(renewed.principal);
    await rules.close();
  });
}, 60_000);

test("a rule from before access control acts as before, and its ids need rights", async () => {
  await withStore(async (rig) => {
    await using log = disposable(await makeLog());
    const { rules } = openRules(rig, log.log, () => undefined);
    await rules.put(config, openCaller);
    for (const topic of topics) await log.log.append(topic, [message("m")]);
    await until("the ack", 10_000, async () => (await jsonOf(log.log, "ack")).length === 1);

    const whole = callerWith(`read rule:all, ${reads}`);
    expect((await rules.stats("all", whole)).counts.complete).toBe(1);
    expect((await rules.readable("all", whole)).name).toBe("all");
    for (const grants of ["read rule:all, read topic:one", reads, `read rule:other, ${reads}`]) {
      expect(await codeOf(rules.stats("all", callerWith(grants)))).toBe("forbidden");
      expect(await codeOf(rules.readable("all", callerWith(grants)))).toBe("forbidden");
    }
    // Only a caller that may read it learns whether it exists.
    expect(await codeOf(rules.readable("none", callerWith("read rule:all")))).toBe("forbidden");
    expect(await codeOf(rules.readable("none", callerWith("read rule:none")))).toBe("not_found");
    expect(await codeOf(rules.remove("none", callerWith("read rule:*")))).toBe("forbidden");
    const listed = async (by: Caller) => (await rules.list({ limit: 10 }, by)).rules.length;
    expect([await listed(whole), await listed(callerWith("read rule:other"))]).toEqual([1, 0]);
    await rules.close();
  });
}, 60_000);

function disposable(log: MemoryLog) {
  return { log, [Symbol.asyncDispose]: () => log.close() };
}
