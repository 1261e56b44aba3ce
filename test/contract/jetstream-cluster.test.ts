/** Topics of three replicas: what a cluster acknowledged survives the loss of one server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/core/clock.ts";
import { failureFrom } from "../../src/core/failure.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { silent } from "../../src/core/logger.ts";
import { type Position, renderPosition } from "../../src/core/position.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { defaultTopicSettings } from "../../src/core/topic.ts";
import { createJetstreamLog } from "../../src/log/jetstream/jetstream-log.ts";
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
      await Promise.all([...appending, reading]);

      expect([...codes].filter((code) => code !== "unavailable")).toEqual([]);
      const stored = await readWhenThere(nodes[0], topic);
      expect(firstDisorder(stored.map((each) => each.position))).toBe(-1);
      const positions = new Map(
        stored.map((each) => [textOf(each), renderPosition(each.position)]),
      );
      expect([...acks].filter(([value, position]) => positions.get(value) !== position)).toEqual(
        [],
      );
      // The reader has a stretch from the start, without a gap or a repeat.
      expect(seen).toEqual(stored.slice(0, seen.length).map(textOf));
    }, 180_000);
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
