import { expect, test } from "bun:test";
import type { Layout } from "../../../src/core/topic.ts";
import { eventually, follow, readAll, record, type Suite, textsOf } from "./suite.ts";

export function scaleContract(suite: Suite, layout: Layout): void {
  test("10,000 keys in one topic: each is a separate stream", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    const key = (i: number) => `emitter-${i.toString(36)}`;
    const keys = 10_000;
    const watched = [0, 1, 4_321, 9_999];
    const live = watched.map((i) =>
      follow(nodes[i % 2 === 0 ? 0 : 1], topic, { after: "earliest", key: key(i) }),
    );
    for (let round = 0; round < 3; round++) {
      const appends = [];
      for (let i = 0; i < keys; i += 250) {
        const records = Array.from({ length: 250 }, (_, j) =>
          record(`${round}`, { key: key(i + j) }),
        );
        appends.push(nodes[(i / 250) % 2 === 0 ? 0 : 1].append(topic, records));
      }
      await Promise.all(appends);
    }
    for (const each of live) {
      await eventually("the key's records", () => each.records.length >= 3, 30_000);
      await each.stop();
      expect(textsOf(each.records)).toEqual(["0", "1", "2"]);
    }
    for (let i = 7; i < keys; i += 1_111) {
      expect(textsOf(await readAll(nodes[0], topic, { key: key(i) }))).toEqual(["0", "1", "2"]);
    }
    expect((await readAll(nodes[1], topic)).length).toBe(3 * keys);
  }, 120_000);
}
