import { expect, test } from "bun:test";
import { openCaller } from "../core/access/caller.ts";
import { Quota } from "../core/budget/quota.ts";
import { systemClock as clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { createMemoryLog } from "../log/memory/memory-log.ts";
import { TopicRules } from "./topic-rules.ts";
import { Topics } from "./topics.ts";

/** Topics whose announcements fail while `isCutOff` says so; `seen` is what others would notice. */
function setUp() {
  const log = createMemoryLog({ clock });
  const seen: string[] = [];
  const state = { isCutOff: () => false };
  const topics = new Topics({
    log,
    rules: new TopicRules(),
    quota: new Quota({
      ...{ what: "topics", max: 10, setting: "SLUICE_TOPICS_MAX", clock },
      count: async () => 0,
    }),
    logger: (level, message) => void seen.push(`${level}: ${message}`),
    newTopics: defaultTopicSettings,
    exclusively: (_topic, change) => change(),
    async announceRule(topic) {
      if (state.isCutOff()) throw new Failure("unavailable", "cut off");
      seen.push(`announced ${topic}`);
    },
    onRemoved: (topic) => void seen.push(`removed ${topic}`),
  });
  /** What was seen meanwhile, and the failure of the work if it has one. */
  const during = async (work: () => Promise<unknown>) => {
    seen.length = 0;
    const code = await work().then(
      () => "done",
      (error: unknown) => (error instanceof Failure ? error.code : String(error)),
    );
    return [code, ...seen];
  };
  /** From the nth announcement on; those before pass. */
  const cutOffAfter = (passing: number) => {
    let count = 0;
    state.isCutOff = () => count++ >= passing;
  };
  const put = (schema: "none" | "id") => topics.put("t", { schema }, openCaller);
  return { log, topics, during, cutOffAfter, put, reach: () => (state.isCutOff = () => false) };
}

test("a change that is made has its audit line, also where it cannot be announced", async () => {
  const { topics, during, cutOffAfter, reach, put } = setUp();
  cutOffAfter(0);
  expect(await during(() => put("id"))).toEqual(["unavailable", "audit: create topic"]);
  reach();
  // The same request again: others learn of what is made by now.
  expect(await during(() => put("id"))).toEqual(["done", "announced t"]);

  cutOffAfter(1);
  expect(await during(() => put("none"))).toEqual([
    "unavailable",
    "announced t",
    "audit: change topic",
  ]);
  reach();
  expect(await during(() => put("none"))).toEqual(["done", "announced t"]);

  cutOffAfter(1);
  expect(await during(() => topics.remove("t", openCaller))).toEqual([
    "unavailable",
    "announced t",
    "audit: delete topic",
    "removed t",
  ]);
});

test("where nobody can be reached no topic changes or is removed", async () => {
  const { log, topics, during, cutOffAfter, put, reach } = setUp();
  await put("id");
  cutOffAfter(0);
  expect(await during(() => put("none"))).toEqual(["unavailable"]);
  expect(await during(() => topics.remove("t", openCaller))).toEqual(["unavailable"]);
  expect((await log.describe("t"))?.settings.schema).toBe("id");
  reach();
  expect(await during(() => topics.remove("t", openCaller))).toEqual([
    "done",
    "announced t",
    "audit: delete topic",
    "removed t",
    "announced t",
  ]);
  expect(await during(() => topics.remove("t", openCaller))).toEqual(["not_found"]);
});
