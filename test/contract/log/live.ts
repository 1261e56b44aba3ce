import { expect, test } from "bun:test";
import { comparePositions } from "../../../src/core/position.ts";
import type { Layout } from "../../../src/core/topic.ts";
import {
  eventually,
  failureOf,
  follow,
  median,
  numbered,
  readAll,
  record,
  sleepMs,
  type Suite,
  textsOf,
  wokenMsMax,
} from "./suite.ts";

export function liveContract(suite: Suite, layout: Layout): void {
  for (const [where, appending, reading] of [
    ["the same node", 0, 0],
    ["another node", 0, 1],
  ] as const) {
    test(`a reader that waits at the end is woken by an append on ${where}`, async () => {
      const writer = await suite.node(appending);
      const log = await suite.node(reading);
      const topic = await suite.topic({ layout });
      await writer.append(topic, [record("old")]);
      const { end } = await log.bounds(topic);
      const live = follow(log, topic, { after: end });
      await sleepMs(300);
      expect(live.records).toEqual([]);

      const tookMs: number[] = [];
      for (let i = 0; i < 10; i++) {
        const start = performance.now();
        await writer.append(topic, [record(`new${i}`)]);
        await eventually("the record", () => live.records.length === i + 1, 5_000);
        tookMs.push(performance.now() - start);
        await sleepMs(20);
      }
      expect(median(tookMs)).toBeLessThan(wokenMsMax);
      expect(textsOf(live.records)).toEqual(Array.from({ length: 10 }, (_, i) => `new${i}`));
      await live.stop();
    });
  }

  test("a read goes from stored to live records without a gap", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    const total = 2_000;
    let appended = 0;
    const writing = (async () => {
      while (appended < total) {
        const size = 1 + (appended % 7);
        await nodes[appended % 2 === 0 ? 0 : 1].append(topic, numbered(`${appended}+`, size));
        appended += size;
      }
    })();
    const live = [];
    while (appended < total) {
      live.push(follow(nodes[live.length % 2 === 0 ? 0 : 1], topic, { after: "earliest" }));
      await sleepMs(50);
    }
    await writing;
    const all = textsOf(await readAll(nodes[0], topic));
    expect(all.length).toBe(appended);
    for (const each of live) {
      await eventually("the whole topic", () => each.records.length >= appended);
      await each.stop();
      expect(textsOf(each.records)).toEqual(all);
    }
  }, 30_000);

  test("a slow reader gets everything, in bounded batches, and does not slow others", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout });
    const value = new Uint8Array(1_000);
    const slow = log.read(topic, { after: "earliest" })[Symbol.asyncIterator]();
    const others = [
      follow(log, topic, { after: "earliest" }),
      follow(await suite.node(1), topic, { after: "earliest" }),
    ];
    await log.append(topic, [record(value)]);
    const first = await slow.next();
    let slowCount = first.done === true ? 0 : first.value.records.length;

    // 20 MB while the slow one does not read.
    for (let i = 0; i < 40; i++) {
      await log.append(
        topic,
        Array.from({ length: 500 }, () => record(value)),
      );
    }
    await eventually("the others", () => others.every((each) => each.records.length === 20_001));
    for (const other of others) await other.stop();

    let batches = 0;
    while (slowCount < 20_001) {
      const next = await slow.next();
      if (next.done === true) throw new Error("The read ended");
      slowCount += next.value.records.length;
      expect(next.value.records.length * value.byteLength).toBeLessThanOrEqual(4 * 1024 ** 2);
      batches++;
      if (batches % 5 === 0) await sleepMs(20);
    }
    expect(slowCount).toBe(20_001);
    await slow.return?.();
  }, 60_000);

  test("abort ends a read that waits, promptly and without failure", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    await log.append(topic, [record("x")]);
    const live = follow(log, topic, { after: "earliest" });
    await eventually("the record", () => live.records.length === 1);
    await sleepMs(50);
    const start = performance.now();
    await live.stop();
    expect(await live.ended).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2_000);
    await log.append(topic, [record("y")]);
    await sleepMs(50);
    expect(live.records.length).toBe(1);
  });

  test("breaking off a read leaves nothing behind that disturbs others", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    await log.append(topic, numbered("r", 5));
    for (let i = 0; i < 20; i++) {
      for await (const batch of log.read(topic, { after: "earliest" })) {
        expect(batch.records.length).toBeGreaterThan(0);
        break;
      }
    }
    expect((await readAll(log, topic)).length).toBe(5);
  });

  test("close flushes what was taken and ends reads; later calls are refused", async () => {
    const log = await suite.harness.open();
    const other = await suite.node(1);
    const topic = await suite.topic({ layout });
    const live = follow(log, topic, { after: "earliest" });
    const appends = Array.from({ length: 50 }, (_, i) => log.append(topic, [record(`r${i}`)]));
    await log.close();
    const answers = await Promise.all(appends);
    const stored = await readAll(other, topic);
    expect(textsOf(stored)).toEqual(Array.from({ length: 50 }, (_, i) => `r${i}`));
    for (const [i, answer] of answers.entries()) {
      expect(comparePositions(answer.first, stored[i]?.position ?? answer.first)).toBe(0);
    }
    expect(await live.ended).toBeUndefined();
    expect((await failureOf(log.append(topic, [record("late")]))).code).toBe("shutting_down");
    await log.close();
  });
}
