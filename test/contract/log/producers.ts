import { expect, test } from "bun:test";
import { Batch } from "../../../src/core/batch.ts";
import { encodeFrame } from "../../../src/core/frame.ts";
import type { LogDriver } from "../../../src/core/log.ts";
import type { Layout } from "../../../src/core/topic.ts";
import { failureOf, readAll, record, type Suite, textsOf } from "./suite.ts";

/** An append of sequences `first` on, each record's text its sequence. */
async function appendRun(
  log: LogDriver,
  topic: string,
  id: string,
  epoch: number,
  first: number,
  count: number,
) {
  const sequences = Array.from({ length: count }, (_, i) => first + i);
  const records = sequences.map((sequence) => record(`${id}:${epoch}:${sequence}`));
  const batch = Batch.encoded(encodeFrame(records), count);
  return await log.append(topic, batch, { producer: { id, epoch, first, sequences } });
}

export function producerContract(suite: Suite, layout: Layout): void {
  test("a driver that does not support producers in a layout refuses them", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    if (log.driver !== "jetstream" || layout === "frames") {
      expect((await appendRun(log, topic, "p", 0, 0, 1)).duplicate).toBe(false);
    } else {
      const failure = await failureOf(appendRun(log, topic, "p", 0, 0, 1));
      expect(failure.code).toBe("invalid");
      expect(failure.message).toContain("frames");
    }
  });
  // What follows holds wherever producers are taken.
  const isTaken = (log: LogDriver) => log.driver !== "jetstream" || layout === "frames";

  test("what a producer sends again is stored once, however it is cut", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    if (!isTaken(log)) return;
    const topic = await suite.topic({ layout });
    await appendRun(log, topic, "p", 1, 10, 5);
    // The same, part of it, and more than it: on this node, and on one without its state.
    for (const node of [log, other]) {
      expect((await appendRun(node, topic, "p", 1, 10, 5)).duplicate).toBe(true);
      expect((await appendRun(node, topic, "p", 1, 12, 2)).duplicate).toBe(true);
    }
    const longer = await appendRun(other, topic, "p", 1, 13, 5);
    expect(longer.duplicate).toBe(false);
    const after = await appendRun(log, topic, "p", 1, 18, 1);
    expect(after.duplicate).toBe(false);
    const texts = [10, 11, 12, 13, 14, 15, 16, 17, 18].map((n) => `p:1:${n}`);
    const stored = await readAll(log, topic);
    expect(textsOf(stored)).toEqual(texts);
    // The positions of what was new are those it is read at.
    expect(longer.at(4)).toEqual(stored.at(7)?.position ?? longer.first);
    expect(after.at(0)).toEqual(stored.at(8)?.position ?? after.first);
  });

  test("a producer whose id begins with a byte order mark is another one", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    if (!isTaken(log)) return;
    const topic = await suite.topic({ layout });
    for (const id of ["p", "\ufeffp"]) {
      expect((await appendRun(log, topic, id, 0, 0, 1)).duplicate).toBe(false);
    }
    for (const id of ["p", "\ufeffp"]) {
      expect((await appendRun(other, topic, id, 0, 0, 1)).duplicate).toBe(true);
      expect((await appendRun(other, topic, id, 0, 1, 1)).duplicate).toBe(false);
    }
    expect(textsOf(await readAll(log, topic))).toHaveLength(4);
  });

  test("a gap and a former epoch are refused, a new epoch begins anywhere", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    if (!isTaken(log)) return;
    const topic = await suite.topic({ layout });
    await appendRun(log, topic, "p", 1, 0, 3);
    for (const node of [log, other]) {
      const gap = await failureOf(appendRun(node, topic, "p", 1, 5, 1));
      expect(gap.code).toBe("conflict");
      expect(gap.message).toContain("expected 3");
    }
    await appendRun(other, topic, "p", 2, 100, 2);
    for (const node of [log, other]) {
      expect((await failureOf(appendRun(node, topic, "p", 1, 3, 1))).code).toBe("conflict");
    }
    await appendRun(log, topic, "p", 2, 102, 1);
    // Other producers and other topics are not affected.
    await appendRun(log, topic, "q", 0, 7, 1);
    await appendRun(log, await suite.topic({ layout }), "p", 0, 0, 1);
    expect(textsOf(await readAll(other, topic))).toEqual([
      ...["p:1:0", "p:1:1", "p:1:2", "p:2:100", "p:2:101", "p:2:102", "q:0:7"],
    ]);
  });

  test("refused records leave gaps inside a run, and are not waited for", async () => {
    const log = await suite.node();
    if (!isTaken(log)) return;
    const topic = await suite.topic({ layout });
    const run = (first: number, sequences: number[]) => ({
      producer: { id: "p", epoch: 0, first, sequences },
    });
    await log.append(topic, [record("0"), record("2")], run(0, [0, 2]));
    await log.append(topic, [record("5")], run(3, [5]));
    const again = await log.append(
      topic,
      [record("2"), record("5"), record("6")],
      run(1, [2, 5, 6]),
    );
    expect(again.duplicate).toBe(false);
    expect(textsOf(await readAll(log, topic))).toEqual(["0", "2", "5", "6"]);
  });

  test("many producers on two nodes at once, each retried at random, are each stored once and in order", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    if (!isTaken(nodes[0])) return;
    const topic = await suite.topic({ layout });
    const ids = Array.from({ length: 8 }, (_, i) => `producer ${i} *>.\\ "ü"`);
    const each = async (id: string, seed: number) => {
      for (let n = 0; n < 40; n += 4) {
        // As after a lost ack: the same on both nodes, at once or one after the other.
        const first = appendRun(nodes[(seed + n) % 2 === 0 ? 0 : 1], topic, id, 0, n, 4);
        if ((seed + n) % 3 === 0) await first;
        await Promise.all([
          first,
          appendRun(nodes[0], topic, id, 0, n, 4),
          appendRun(nodes[1], topic, id, 0, Math.max(0, n - 2), n === 0 ? 4 : 6),
        ]);
      }
    };
    await Promise.all(ids.map(each));
    const texts = textsOf(await readAll(nodes[0], topic));
    expect(texts.length).toBe(ids.length * 40);
    for (const id of ids) {
      const own = texts.filter((text) => text.startsWith(`${id}:`));
      expect(own).toEqual(Array.from({ length: 40 }, (_, n) => `${id}:0:${n}`));
    }
  });
}
