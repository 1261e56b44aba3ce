import { expect, test } from "bun:test";
import type { Layout } from "../../../src/core/topic.ts";
import { failureOf, numbered, positionsOf, readAll, record, type Suite, textsOf } from "./suite.ts";

export function dedupContract(suite: Suite, layout: Layout): void {
  test("a retry under the same dedup id stores nothing and answers the same positions", async () => {
    const log = await suite.node(0);
    const other = await suite.node(1);
    const topic = await suite.topic({ layout });
    await log.append(topic, [record("before")]);
    const first = await log.append(topic, numbered("r", 3), { dedupId: "once" });
    expect(first.duplicate).toBe(false);
    await log.append(topic, [record("after")]);

    for (const node of [log, other, log]) {
      const again = await node.append(topic, numbered("r", 3), { dedupId: "once" });
      expect(again.duplicate).toBe(true);
      expect(positionsOf(again, 3)).toEqual(positionsOf(first, 3));
      expect([again.first, again.last]).toEqual([first.first, first.last]);
    }
    expect(textsOf(await readAll(other, topic))).toEqual(["before", "r0", "r1", "r2", "after"]);
  });

  test("a dedup id that begins with a byte order mark is another one", async () => {
    const [log, other] = [await suite.node(0), await suite.node(1)];
    const topic = await suite.topic({ layout });
    for (const dedupId of ["once", "\ufeffonce"]) {
      const once = await log.append(topic, numbered("r", 1), { dedupId });
      expect(once.duplicate).toBe(false);
      for (const node of [log, other]) {
        const again = await node.append(topic, numbered("r", 1), { dedupId });
        expect(again.duplicate).toBe(true);
        expect(again.first).toEqual(once.first);
      }
    }
  });

  test("the same dedup id in several appends at once is stored once", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        [0, 1, 0, 1, 0].map((i) =>
          nodes[i === 0 ? 0 : 1].append(topic, numbered(`${round}-`, 2), {
            dedupId: `id ${round}`,
          }),
        ),
      );
      expect(answers.filter((each) => !each.duplicate).length).toBe(1);
      for (const each of answers) {
        expect(positionsOf(each, 2)).toEqual(positionsOf(answers[0] ?? each, 2));
      }
    }
    const expected = Array.from({ length: 10 }, (_, round) => [`${round}-0`, `${round}-1`]).flat();
    expect(textsOf(await readAll(nodes[0], topic))).toEqual(expected);
  });

  test("dedup ids are apart from topic to topic, and from one another", async () => {
    const log = await suite.node();
    const [one, two] = [await suite.topic({ layout }), await suite.topic({ layout })];
    const odd = "Ünïcode id, with spaces * > . and 'quotes' \\ {}";
    for (const dedupId of ["a", "b", "A", odd]) {
      for (const topic of [one, two]) {
        expect((await log.append(topic, [record(dedupId)], { dedupId })).duplicate).toBe(false);
      }
    }
    expect(textsOf(await readAll(log, one))).toEqual(["a", "b", "A", odd]);
    expect((await log.append(two, [record(odd)], { dedupId: odd })).duplicate).toBe(true);
  });

  test("duplicates among appends at once harm no other", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    await log.append(topic, [record("known")], { dedupId: "known" });
    const answers = await Promise.all([
      log.append(topic, [record("plain")]),
      log.append(topic, [record("known")], { dedupId: "known" }),
      log.append(topic, [record("fresh")], { dedupId: "fresh" }),
      log.append(topic, [record("plain too")]),
    ]);
    expect(answers.map((each) => each.duplicate)).toEqual([false, true, false, false]);
    const stored = textsOf(await readAll(log, topic));
    expect([...stored].sort()).toEqual(["fresh", "known", "plain", "plain too"]);
  });

  test("a dedup id that was never stored is not known", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const absent = `absent-${Math.random()}`;
    expect((await failureOf(log.append(absent, [record("x")], { dedupId: "i" }))).code).toBe(
      "not_found",
    );
    expect((await log.append(topic, [record("x")], { dedupId: "i" })).duplicate).toBe(false);
  });
}
