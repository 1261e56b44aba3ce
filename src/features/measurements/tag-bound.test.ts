import { expect, test } from "bun:test";
import { until } from "../../../test/support/until.ts";
import { Allowance } from "../../core/access/allowance.ts";
import { Caller, openCaller } from "../../core/access/caller.ts";
import { systemClock as clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { silent as logger } from "../../core/logger.ts";
import { TagBound } from "./tag-bound.ts";

const utf8 = new TextEncoder();

function setUp(max: number, count: number, isCounted = false) {
  const tags = Array.from({ length: count }, (_, i) => ({ id: i + 1, tag: `host-${i}:cpu` }));
  const state = { tags, away: false };
  const stop = new AbortController();
  const bound = new TagBound({
    store: {
      async count() {
        if (state.away) throw new Failure("unavailable", "away");
        return state.tags.length;
      },
      page: async (after, limit) => state.tags.slice(after, after + limit),
    },
    max,
    isCounted,
    clock,
    logger,
    signal: stop.signal,
  });
  const refusal = (tag: string, by: Caller = openCaller) => {
    const bytes = utf8.encode(tag);
    return bound.refusal(bytes, bytes.byteLength, by);
  };
  const add = (tag: string) => state.tags.push({ id: state.tags.length + 1, tag });
  return { bound, refusal, add, state, stop: () => stop.abort() };
}

test("below the bound every tag passes", async () => {
  const { bound, refusal, stop } = setUp(100, 99);
  await until("the count", 3000, () => bound.status().count === 99);
  expect(bound.isFull).toBe(false);
  expect(refusal("new")).toBeUndefined();
  stop();
  await bound.done;
});

test("at the bound known tags pass, new ones are refused by name, and later ones become known", async () => {
  const count = 50_000;
  const { bound, refusal, add, stop } = setUp(count, count);
  await until("the bound", 5000, () => bound.isFull);
  for (let i = 0; i < count; i++) {
    const known = refusal(`host-${i}:cpu`);
    if (known !== undefined) throw new Error(known.message);
  }
  let passed = 0;
  for (let i = 0; i < 10_000; i++) if (refusal(`host-${count + i}:cpu`) === undefined) passed++;
  expect(passed).toBeLessThan(200);
  const fresh = ["a", "b", "c"].map((name) => `fresh-${name}`).find((tag) => refusal(tag));
  expect(refusal(fresh ?? "")).toEqual({
    field: "tag",
    code: "overloaded",
    message: `Cannot take a measurement of the new tag "${fresh}": there are 50000 tags, expected at most 50000 (SLUICE_TAGS_MAX)`,
  });
  add(fresh ?? "");
  await until("the tag to be known", 5000, () => refusal(fresh ?? "") === undefined);
  stop();
  await bound.done;
});

test("while the store is unavailable the last answer counts", async () => {
  const { bound, refusal, state, stop } = setUp(10, 10);
  await until("the bound", 5000, () => bound.isFull);
  state.away = true;
  expect(refusal("host-1:cpu")).toBeUndefined();
  expect(refusal("other")?.code).toBe("overloaded");
  stop();
  await bound.done;
});

test("new tags count among what their caller creates, once each; known ones do not", async () => {
  const { bound, refusal, add, stop } = setUp(1000, 300, true);
  const hits: string[] = [];
  const none = { requestsPerSecond: 0, recordsPerSecond: 0, bytesPerSecond: 0, streamsMax: 0 };
  const limits = { ...none, createsPerHour: 2 };
  const callerOf = () => {
    const caller = new Caller(openCaller.principal);
    caller.allowance = new Allowance(limits, clock, (limit) => hits.push(limit));
    return caller;
  };
  const [inventive, other] = [callerOf(), callerOf()];
  await until("the tags", 5000, () => bound.asks(inventive));
  expect([bound.isFull, bound.asks(openCaller)]).toEqual([false, false]);
  for (let i = 0; i < 300; i++) expect(refusal(`host-${i}:cpu`, inventive)).toBeUndefined();
  for (const tag of ["new-1", "new-1", "new-2", "new-1"]) {
    expect(refusal(tag, inventive)).toBeUndefined();
  }
  expect(refusal("new-3", inventive)).toEqual({
    field: "tag",
    code: "overloaded",
    message:
      'Cannot take a measurement of the new tag "new-3": this caller may create at most 2 tags in an hour (SLUICE_CALLER_CREATES_PER_HOUR)',
  });
  expect(hits).toEqual(["tags"]);
  expect([refusal("new-2", inventive), refusal("new-3", other)]).toEqual([undefined, undefined]);
  // What another node has created is no new one.
  add("elsewhere");
  await until("the tag to be known", 5000, () => refusal("elsewhere", inventive) === undefined);
  stop();
  await bound.done;
});
