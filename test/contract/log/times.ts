import { expect, test } from "bun:test";
import type { Layout } from "../../../src/core/topic.ts";
import { failureOf, numbered, readAll, sleepMs, type Suite, textsOf } from "./suite.ts";

export function timeContract(suite: Suite, layout: Layout): void {
  test("a time is a position: what was received from then on lies after it", async () => {
    const [log, reader] = [await suite.node(0), await suite.node(1)];
    const topic = await suite.topic({ layout });
    expect(await reader.positionAt(topic, 0n)).toEqual((await log.bounds(topic)).start);
    for (let i = 0; i < 12; i++) {
      await log.append(topic, numbered(`${i}-`, 3));
      await sleepMs(5);
    }
    const all = await readAll(log, topic);
    expect(all).toHaveLength(36);
    const { start, end } = await log.bounds(topic);
    for (const from of [0, 3, 15, 33]) {
      const receivedNs = all[from]?.receivedNs ?? 0n;
      for (const asked of [receivedNs, receivedNs - 1000n]) {
        const after = await reader.positionAt(topic, asked);
        const found = await readAll(reader, topic, { after });
        expect(textsOf(found)).toEqual(textsOf(all.slice(from)));
      }
    }
    const lastNs = all.at(-1)?.receivedNs ?? 0n;
    expect(await reader.positionAt(topic, lastNs + 1n)).toEqual(end);
    expect(await reader.positionAt(topic, lastNs + 10n ** 15n)).toEqual(end);
    expect(await reader.positionAt(topic, 1n)).toEqual(start);
    // Before 1970, and the earliest and latest times that there are.
    for (const early of [-1_500_000_000n, -(10n ** 18n), -9_200_000_000_000_000_000n]) {
      expect(await reader.positionAt(topic, early)).toEqual(start);
    }
    expect(await reader.positionAt(topic, 2n ** 63n - 1n)).toEqual(end);
  });

  test("a topic that does not exist has no position for a time", async () => {
    const log = await suite.node(0);
    expect((await failureOf(log.positionAt("contract.no-such-topic", 5n))).code).toBe("not_found");
  });
}
