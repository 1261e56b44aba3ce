import { expect, test } from "bun:test";
import { comparePositions } from "../../../src/core/position.ts";
import type { Layout } from "../../../src/core/topic.ts";
import { readableFrom } from "./read.ts";
import {
  eventually,
  failureOf,
  follow,
  numbered,
  readAll,
  record,
  sleepMs,
  type Suite,
  textsOf,
} from "./suite.ts";

export function retentionContract(suite: Suite, layout: Layout): void {
  test("past its size a topic loses its oldest records, and their positions are gone", async () => {
    const log = await suite.node(0);
    const reader = await suite.node(1);
    const topic = await suite.topic({ layout, retentionMs: 0, retentionBytes: 200_000 });
    const value = new Uint8Array(1_000);
    const { first, last } = await log.append(topic, numbered("first", 3, { key: "k" }));
    // A live reader that has everything is not affected by what is dropped behind it.
    const live = follow(reader, topic, { after: "earliest" });
    for (let i = 0; i < 100; i++) {
      await log.append(
        topic,
        Array.from({ length: 10 }, () => record(value)),
      );
    }
    await eventually("the live reader", () => live.records.length === 1_003);
    await trimmedPast(log, topic, last);

    const { start, end, epoch } = await reader.bounds(topic);
    expect(start.epoch).toBe(epoch);
    expect(comparePositions(start, end)).toBeLessThan(0);
    expect((await log.describe(topic))?.bytes).toBeLessThanOrEqual(200_000);
    const kept = await readAll(reader, topic);
    expect(kept.length).toBeGreaterThan(20);
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(await readAll(reader, topic, { after: start })).toEqual(kept);
    expect(kept.at(-1)?.position).toEqual(end);

    for (const key of [undefined, "k"]) {
      const options = key === undefined ? { after: first } : { after: first, key };
      const failure = await failureOf(reader.read(topic, options));
      expect(failure.code).toBe("position_gone");
      await readableFrom(reader, topic, failure.position);
    }
    await eventually("the live reader", () => live.records.length === 1_005);
    expect(textsOf(live.records.slice(-2))).toEqual(["next", "next"]);
    await live.stop();
  }, 60_000);

  test("past its age a record is dropped; the numbers go on", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout, retentionMs: 1_000, retentionBytes: 0 });
    const { first, last } = await log.append(topic, numbered("old", 10, { key: "k" }));
    await sleepMs(1_200);
    await trimmedPast(log, topic, first);
    await eventually(
      "all of the old to go",
      async () => {
        await suite.harness.trim?.();
        const { start, end } = await log.bounds(topic);
        return comparePositions(start, end) === 0;
      },
      30_000,
    );
    // Empty, and yet its end is still a place to read from.
    expect((await log.bounds(topic)).end).toEqual(last);
    const failure = await failureOf(log.read(topic, { after: first, key: "k" }));
    expect(failure.code).toBe("position_gone");
    const next = await log.append(topic, [record("young", { key: "k" })]);
    expect(comparePositions(next.first, last)).toBeGreaterThan(0);
    expect(textsOf(await readAll(await suite.node(1), topic))).toEqual(["young"]);
    expect(textsOf(await readAll(log, topic, { after: last }))).toEqual(["young"]);
  }, 60_000);

  test("a topic without limits keeps what it has", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout, retentionMs: 0, retentionBytes: 0 });
    await log.append(topic, numbered("r", 100));
    await sleepMs(50);
    await suite.harness.trim?.();
    expect((await readAll(log, topic)).length).toBe(100);
  });

  test("a reader that lags behind what is dropped gets position_gone", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout, retentionMs: 0, retentionBytes: 100_000 });
    const reader = await suite.node(1);
    const lagging = reader.read(topic, { after: "earliest" })[Symbol.asyncIterator]();
    const { last } = await log.append(topic, [record("first")]);
    const opening = await lagging.next();
    expect(opening.done === true ? [] : textsOf(opening.value.records)).toEqual(["first"]);

    // 20 MB: more than any driver keeps in memory for a reader that does not read.
    const value = new Uint8Array(100_000);
    let sent = 1;
    for (let i = 0; i < 20; i++) {
      await log.append(
        topic,
        Array.from({ length: 10 }, () => record(value)),
      );
      sent += 10;
    }
    await trimmedPast(log, topic, last);
    let got = 1;
    const reading = (async () => {
      for (;;) {
        const next = await lagging.next();
        if (next.done === true) throw new Error("The read ended without a failure");
        got += next.value.records.length;
        if (got >= sent) throw new Error("The reader got everything: nothing was dropped under it");
      }
    })();
    expect((await failureOf(reading)).code).toBe("position_gone");
    expect(got).toBeLessThan(sent);
  }, 60_000);

  async function trimmedPast(
    log: Awaited<ReturnType<Suite["node"]>>,
    topic: string,
    position: { readonly sequence: number; readonly epoch: number; readonly index: number },
  ): Promise<void> {
    await eventually(
      "retention",
      async () => {
        await suite.harness.trim?.();
        const { start } = await log.bounds(topic);
        return comparePositions(start, position) >= 0;
      },
      30_000,
    );
  }
}
