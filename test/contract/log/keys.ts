import { expect, test } from "bun:test";
import { Turns } from "../../../src/core/budget/turn.ts";
import { comparePositions } from "../../../src/core/position.ts";
import type { Layout } from "../../../src/core/topic.ts";
import {
  eventually,
  firstDisorder,
  follow,
  median,
  numbered,
  readAll,
  record,
  sleepMs,
  type Suite,
  textsOf,
  tokensOf,
  wokenMsMax,
} from "./suite.ts";

const oddKeys = [
  "a",
  "A",
  "a.b",
  "a b",
  " a ",
  "*",
  ">",
  "a.*.>",
  ".",
  "..",
  "$SYS.x",
  "/",
  "%2e",
  "=",
  "_",
  "-",
  "\t",
  "\u0000",
  "ключ",
  "🔑",
  "e\u0301",
  "\u00e9",
  "k".repeat(200),
  `${"k".repeat(199)}K`,
  "🔑".repeat(50),
  "z",
  "\ufeffz",
  "\ufeff",
];

export function keyContract(suite: Suite, layout: Layout): void {
  test("a read that is decoded in turns has the same records, of each key and of all", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout });
    for (let i = 0; i < 5; i++) {
      const keyed = oddKeys.map((key) => record(`${i} ${key}`, { key }));
      await log.append(topic, [...keyed, record(`${i} no key`)]);
    }
    const { start, end } = await log.bounds(topic);
    const turns = new Turns();
    for (const key of [...oddKeys, undefined, "absent"]) {
      for (const after of [start, { ...start, sequence: start.sequence + 2 }]) {
        const options = { after, until: end, ...(key === undefined ? {} : { key }) };
        const plain = await readAll(log, topic, options);
        const inTurns = await readAll(log, topic, { ...options, turn: turns.open() });
        expect(tokensOf(inTurns)).toEqual(tokensOf(plain));
        expect(textsOf(inTurns)).toEqual(textsOf(plain));
      }
    }
  });

  test("a key's own records, whatever the key", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout });
    for (const key of oddKeys) await log.append(topic, [record(`1 ${key}`, { key })]);
    await log.append(
      topic,
      oddKeys.map((key) => record(`2 ${key}`, { key })),
    );
    await log.append(topic, [record("no key")]);
    for (const [i, key] of oddKeys.entries()) {
      const reader = await suite.node(i % 2);
      const read = await readAll(reader, topic, { key });
      expect(textsOf(read)).toEqual([`1 ${key}`, `2 ${key}`]);
      expect(read.map((each) => each.record.key)).toEqual([key, key]);
    }
    expect(await readAll(log, topic, { key: "never used" })).toEqual([]);
  });

  test("a key is read from each position, with the positions of the topic", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout });
    for (let i = 0; i < 12; i++) {
      const records = [0, 1, 2, 3, 4].map((j) => record(`${i}.${j}`, { key: `k${(i + j) % 3}` }));
      await log.append(topic, i % 3 === 0 ? records.slice(0, 1) : records);
    }
    const reader = await suite.node(1);
    const all = await readAll(reader, topic);
    for (const key of ["k0", "k1", "k2"]) {
      for (const { position: after } of all) {
        const expected = all.filter(
          (each) => each.record.key === key && comparePositions(each.position, after) > 0,
        );
        expect(tokensOf(await readAll(reader, topic, { key, after }))).toEqual(tokensOf(expected));
      }
      for (const { position: until } of all) {
        const expected = all.filter(
          (each) => each.record.key === key && comparePositions(each.position, until) <= 0,
        );
        expect(tokensOf(await readAll(reader, topic, { key, until }))).toEqual(tokensOf(expected));
      }
    }
  });

  test("a key that begins with a byte order mark is found live and again, beside the one without", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    const keys = ["\ufeffz", "z"];
    const live = keys.map((key) => follow(nodes[1], topic, { after: "earliest", key }));
    for (const key of keys) await nodes[0].append(topic, [record(`of ${key.length}`, { key })]);
    for (const [i, key] of keys.entries()) {
      const reader = live[i];
      await eventually("the live reader", () => reader?.records.length === 1);
      await reader?.stop();
      for (const read of [reader?.records ?? [], await readAll(nodes[1], topic, { key })]) {
        expect(textsOf(read)).toEqual([`of ${key.length}`]);
        expect(read.map((each) => each.record.key)).toEqual([key]);
      }
    }
    expect((await readAll(nodes[0], topic)).map((each) => each.record.key)).toEqual(keys);
  }, 30_000);

  test("`through` goes on although no record of the key comes", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout });
    await log.append(topic, [record("mine", { key: "mine" })]);
    const { last: past } = await log.append(topic, numbered("x", 20, { key: "other" }));
    const live = follow(await suite.node(1), topic, { after: "earliest", key: "mine" });
    await eventually("the past's end", () => {
      const through = live.through();
      return through !== undefined && comparePositions(through, past) >= 0;
    });
    const { last } = await log.append(topic, numbered("y", 20, { key: "other" }));
    await eventually(
      "the new end",
      () => {
        const through = live.through();
        return through !== undefined && comparePositions(through, last) >= 0;
      },
      20_000,
    );
    expect(textsOf(live.records)).toEqual(["mine"]);
    await live.stop();
  }, 30_000);

  test("a live reader of a key is woken by its records alone", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    const keys = ["a", "b", "c.*", "d e"];
    const readers = keys.flatMap((key) =>
      nodes.map((log) => ({ key, live: follow(log, topic, { after: "earliest", key }) })),
    );
    await sleepMs(200);
    const tookMs: number[] = [];
    for (let i = 0; i < 10; i++) {
      for (const [k, key] of keys.entries()) {
        const start = performance.now();
        await nodes[(i + k) % 2 === 0 ? 0 : 1].append(topic, [record(`${key}${i}`, { key })]);
        const mine = readers.filter((each) => each.key === key);
        await eventually("the key's readers", () =>
          mine.every((each) => each.live.records.length === i + 1),
        );
        tookMs.push(performance.now() - start);
      }
    }
    expect(median(tookMs)).toBeLessThan(wokenMsMax);
    for (const { key, live } of readers) {
      await live.stop();
      expect(textsOf(live.records)).toEqual(Array.from({ length: 10 }, (_, i) => `${key}${i}`));
      expect(firstDisorder(live.records.map((each) => each.position))).toBe(-1);
    }
  }, 30_000);

  test("a key goes from stored to live records without a gap", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    const rounds = 300;
    const live: ReturnType<typeof follow>[] = [];
    for (let i = 0; i < rounds; i++) {
      if (i % 50 === 0) {
        for (const log of nodes) live.push(follow(log, topic, { after: "earliest", key: "k" }));
      }
      const records = [record(`${i}`, { key: "k" }), record("x", { key: "other" })];
      await nodes[i % 2 === 0 ? 0 : 1].append(topic, i % 3 === 0 ? records : records.toReversed());
    }
    for (const each of live) {
      await eventually("the key's records", () => each.records.length >= rounds);
      await each.stop();
      expect(textsOf(each.records)).toEqual(Array.from({ length: rounds }, (_, i) => `${i}`));
    }
  }, 30_000);
}
