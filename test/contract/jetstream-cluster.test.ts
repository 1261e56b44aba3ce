/** Topics of three replicas: what a cluster acknowledged survives the loss of one server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Batch } from "../../src/core/batch.ts";
import { systemClock } from "../../src/core/clock.ts";
import { failureFrom } from "../../src/core/failure.ts";
import { encodeFrame } from "../../src/core/frame.ts";
import type { AppendOptions, LogDriver } from "../../src/core/log.ts";
import { silent } from "../../src/core/logger.ts";
import { type Position, renderPosition } from "../../src/core/position.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { createJetstreamLog } from "../../src/log/jetstream/jetstream-log.ts";
import { leaderOf } from "../support/nats-leader.ts";
import { type NatsCluster, natsSkipReason, startNatsCluster } from "../support/nats.ts";
import {
  eventually,
  firstDisorder,
  numbered,
  readAll,
  record,
  sleepMs,
  textOf,
  textsOf,
} from "./log/suite.ts";

const reason = natsSkipReason();
if (reason !== undefined) test.skip(`jetstream cluster: ${reason}`, () => {});

describe.skipIf(reason !== undefined)("jetstream cluster", () => {
  let cluster: NatsCluster;
  const opened: LogDriver[] = [];

  const open = async (url: string) => {
    const log = await createJetstreamLog({ url, clock: systemClock, logger: silent, replicas: 3 });
    opened.push(log);
    return log;
  };

  beforeAll(async () => {
    cluster = await startNatsCluster();
  }, 60_000);

  afterAll(async () => {
    await Promise.all(opened.map((log) => log.close()));
    await cluster.stop();
  }, 60_000);

  for (const layout of ["records", "frames"] as const) {
    test(`${layout}: a read sees every append that was acknowledged before it, whichever server answers`, async () => {
      const nodes = await Promise.all(cluster.servers.map((server) => open(server.url)));
      const [writer = await open(cluster.url)] = nodes;
      const topic = `fresh-${layout}`;
      await writer.create(topic, { ...defaultTopicSettings, layout });
      for (let i = 0; i < 50; i++) {
        const { last } = await writer.append(topic, numbered(`${i}-`, 3, { key: `k${i % 5}` }));
        for (const node of nodes) {
          const after = { ...last, sequence: Math.max(0, last.sequence - 3), index: 0 };
          const texts: string[] = [];
          for await (const batch of node.read(topic, { after, until: last })) {
            texts.push(...textsOf(batch.records));
          }
          expect(texts.slice(-3)).toEqual([`${i}-0`, `${i}-1`, `${i}-2`]);
          const mine = await readAll(node, topic, { key: `k${i % 5}`, until: last });
          expect(mine.length).toBe(3 * (Math.floor(i / 5) + 1));
        }
      }
    }, 60_000);

    test(`${layout}: one server after the other is killed: nothing acknowledged is lost`, async () => {
      const nodes = [await open(cluster.url), await open(cluster.url)] as const;
      const topic = `killed-${layout}`;
      await nodes[0].create(topic, { ...defaultTopicSettings, layout });
      const stop = new AbortController();
      const acks = new Map<string, string>();
      const codes = new Set<string>();
      const appending = [0, 1, 2, 3].map(async (appender) => {
        const log = nodes[appender % 2 === 0 ? 0 : 1];
        for (let i = 0; !stop.signal.aborted; i++) {
          const values = [0, 1, 2].map((v) => `${appender}:${i}:${v}`);
          try {
            const answer = await log.append(
              topic,
              values.map((value) => record(value)),
            );
            for (const [v, value] of values.entries()) {
              acks.set(value, renderPosition(answer.at(v)));
            }
          } catch (error) {
            codes.add(failureFrom(error).code);
            await sleepMs(50);
          }
        }
      });
      /** Of calls that do not wait for one another, as those of a stream; by their number. */
      const parallel = new Map<number, string>();
      const appendingInParallel = (async () => {
        const underway: Promise<unknown>[] = [];
        for (let i = 0; !stop.signal.aborted; i++) {
          const appended = nodes[0].append(topic, [record(`parallel:${i}`)]).then(
            ({ last }) => parallel.set(i, renderPosition(last)),
            (error: unknown) => codes.add(failureFrom(error).code),
          );
          underway.push(appended);
          await sleepMs(20);
        }
        await Promise.all(underway);
      })();
      const seen: string[] = [];
      const reading = (async () => {
        let after: Position | "earliest" = "earliest";
        while (!stop.signal.aborted) {
          try {
            for await (const batch of nodes[1].read(topic, { after, signal: stop.signal })) {
              seen.push(...textsOf(batch.records));
              after = batch.through;
            }
          } catch (error) {
            codes.add(failureFrom(error).code);
            await sleepMs(50);
          }
        }
      })();

      for (const server of cluster.servers) {
        const before = acks.size;
        await eventually("acks of all three", () => acks.size > before + 200, 30_000);
        await server.kill9();
        const killed = acks.size;
        await eventually("acks of the two that are left", () => acks.size > killed + 200, 40_000);
        await server.start();
        await sleepMs(2_000);
      }
      stop.abort();
      await Promise.all([...appending, appendingInParallel, reading]);

      expect([...codes].filter((code) => code !== "unavailable")).toEqual([]);
      const stored = await readWhenThere(nodes[0], topic);
      expect(firstDisorder(stored.map((each) => each.position))).toBe(-1);
      const positions = new Map(
        stored.map((each) => [textOf(each), renderPosition(each.position)]),
      );
      expect([...acks].filter(([value, position]) => positions.get(value) !== position)).toEqual(
        [],
      );
      const inOrder = [...parallel].toSorted(([a], [b]) => a - b);
      expect(inOrder.map(([i]) => positions.get(`parallel:${i}`))).toEqual(
        inOrder.map(([, position]) => position),
      );
      const acknowledged = new Set(inOrder.map(([i]) => `parallel:${i}`));
      expect(stored.map(textOf).filter((text) => acknowledged.has(text))).toEqual([
        ...acknowledged,
      ]);
      // The reader has a stretch from the start, without a gap or a repeat.
      expect(seen).toEqual(stored.slice(0, seen.length).map(textOf));
    }, 180_000);
  }

  /** How an append becomes repeatable, by the layout of its topic. */
  const repeatable = {
    records: (id) => ({ dedupId: id }),
    frames: (id) => ({ producer: { id, epoch: 1, first: 1, sequences: [1] } }),
  } satisfies Record<string, (id: string) => AppendOptions>;

  for (const layout of ["records", "frames"] as const) {
    test(`${layout}: an append that is not answered, because its leader froze, is repeated until another one takes it`, async () => {
      const topic = `frozen-${layout}`;
      const creator = await open(cluster.url);
      // The servers may still be electing after the test before.
      await eventually(
        "servers that create a topic",
        async () => {
          try {
            await creator.create(topic, { ...defaultTopicSettings, layout });
            return true;
          } catch (error) {
            if (failureFrom(error).code !== "unavailable") throw error;
            return false;
          }
        },
        30_000,
      );
      const leader = await leaderOf(cluster, topic);
      // No connection is lost: the leader is another server than the one that this node uses.
      const others = cluster.servers.filter((_, index) => index !== leader);
      const log = await open(others.map(({ url }) => url).join(","));
      const failures: { code: string; tookMs: number }[] = [];
      const append = async (id: string) => {
        const batch = Batch.encoded(encodeFrame([record(id)]), 1);
        const what = layout === "frames" ? batch : [record(id)];
        for (;;) {
          const startMs = performance.now();
          try {
            return renderPosition((await log.append(topic, what, repeatable[layout](id))).last);
          } catch (error) {
            const { code } = failureFrom(error);
            failures.push({ code, tookMs: Math.round(performance.now() - startMs) });
          }
        }
      };
      await append("before");
      await cluster.servers[leader]?.freeze();
      const startMs = performance.now();
      const ids = Array.from({ length: 20 }, (_, i) => `${layout}-${i}`);
      const positions = await Promise.all(ids.map((id) => append(id)));
      const tookMs = performance.now() - startMs;
      cluster.servers[leader]?.thaw();

      // It gives up once its caller does, and not with the first answer that does not come.
      expect(failures.filter(({ code }) => code !== "unavailable")).toEqual([]);
      expect(failures.filter((each) => each.tookMs < 7_500 || each.tookMs > 12_000)).toEqual([]);
      expect(tookMs).toBeLessThan(30_000);
      let stored: readonly StoredRecord[] = [];
      // A server that was frozen takes itself for the leader for a moment, and knows the past only.
      await eventually("a server that has all", async () => {
        stored = await readWhenThere(log, topic);
        return stored.length > ids.length;
      });
      expect(textsOf(stored).toSorted()).toEqual([...ids, "before"].toSorted());
      const byText = new Map(stored.map((each) => [textOf(each), renderPosition(each.position)]));
      expect(ids.map((id) => byText.get(id))).toEqual(positions);
    }, 90_000);
  }
});

/** All of a topic whose servers may still be electing, and may answer `unavailable`. */
async function readWhenThere(log: LogDriver, topic: string): Promise<readonly StoredRecord[]> {
  for (let left = 5; ; left--) {
    try {
      return await readAll(log, topic);
    } catch (error) {
      if (failureFrom(error).code !== "unavailable" || left === 0) throw error;
    }
  }
}
