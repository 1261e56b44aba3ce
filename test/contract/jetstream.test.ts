/** JetStream beyond the shared contract: other clients, older servers, and the driver's bounds. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { Batch } from "../../src/core/batch.ts";
import { systemClock } from "../../src/core/clock.ts";
import { encodeFrame } from "../../src/core/frame.ts";
import type { LogDriver } from "../../src/core/log.ts";
import { silent } from "../../src/core/logger.ts";
import { renderPosition } from "../../src/core/position.ts";
import { defaultTopicSettings, type TopicSettings } from "../../src/core/topic.ts";
import {
  createJetstreamLog,
  type JetstreamLogOptions,
} from "../../src/log/jetstream/jetstream-log.ts";
import { type NatsServer, natsSkipReason, startNats } from "../support/nats.ts";
import {
  eventually,
  failureOf,
  firstDisorder,
  follow,
  numbered,
  positionsOf,
  readAll,
  record,
  sleepMs,
  textsOf,
  tokensOf,
} from "./log/suite.ts";

const reason = natsSkipReason();
const text = new TextDecoder();

if (reason !== undefined) test.skip(`jetstream: ${reason}`, () => {});

describe.skipIf(reason !== undefined)("jetstream", () => {
  let server: NatsServer;
  let nats: NatsConnection;
  let log: LogDriver;
  const opened: LogDriver[] = [];
  let topics = 0;

  const open = async (options: Partial<JetstreamLogOptions> = {}) => {
    const node = await createJetstreamLog({
      url: server.url,
      clock: systemClock,
      logger: silent,
      ...options,
    });
    opened.push(node);
    return node;
  };
  const topic = async (settings: Partial<TopicSettings> = {}) => {
    const name = `own.${++topics}`;
    await log.create(name, { ...defaultTopicSettings, retentionBytes: 0, ...settings });
    return name;
  };
  const rootOf = (name: string) => `sluice.${name.replaceAll(".", "~")}`;
  const streamOf = (name: string) => `SLUICE-${name.replaceAll(".", "~")}`;

  beforeAll(async () => {
    server = await startNats();
    nats = await connect({ servers: server.url });
    log = await open();
  });

  afterAll(async () => {
    for (const node of opened) await node.close();
    await nats.close();
    await server.stop();
  });

  test("another NATS client reads a record as it is", async () => {
    const name = await topic();
    const fields = { key: "sensor.7", contentType: "application/json", schemaId: 12 };
    await log.append(name, [
      record('{"a":1}', {
        ...fields,
        headers: { traceparent: new TextEncoder().encode("00-1-2-01") },
      }),
    ]);
    const consumer = await jetstream(nats).consumers.get(streamOf(name));
    const message = await consumer.next({ expires: 2_000 });
    expect(message?.subject).toBe(`${rootOf(name)}.sensor%2E7`);
    expect(message?.json<object>()).toEqual({ a: 1 });
    expect(message?.headers?.get("Content-Type")).toBe("application/json");
    expect(message?.headers?.get("Sluice-Schema")).toBe("12");
    expect(message?.headers?.get("traceparent")).toBe("00-1-2-01");
  });

  test("what another NATS client publishes is a record, live and later", async () => {
    const name = await topic();
    const live = follow(log, name, { after: "earliest" });
    const js = jetstream(nats);
    const typed = headers();
    typed.set("Content-Type", "application/json");
    typed.set("x-source", "plc 4");
    await js.publish(`${rootOf(name)}.sensor-7`, '{"b":2}', { headers: typed });
    await js.publish(rootOf(name), new Uint8Array([1, 2, 3]));
    await js.publish(rootOf(name), "");
    await eventually("the records", () => live.records.length === 3);
    await live.stop();
    const later = await readAll(log, name);
    for (const [first, second, third] of [live.records, later]) {
      expect(first?.record.key).toBe("sensor-7");
      expect(first?.record.contentType).toBe("application/json");
      expect(text.decode(first?.record.headers?.["x-source"])).toBe("plc 4");
      expect(first?.record.timeNs).toBe(first?.receivedNs ?? 0n);
      expect(text.decode(first?.record.value)).toBe('{"b":2}');
      expect(second?.record.contentType).toBe("application/octet-stream");
      expect([...(second?.record.value ?? [])]).toEqual([1, 2, 3]);
      expect(third?.record.value.byteLength).toBe(0);
    }
    expect(tokensOf(live.records)).toEqual(tokensOf(later));
    expect(textsOf(await readAll(log, name, { key: "sensor-7" }))).toEqual(['{"b":2}']);
  });

  test("a stream that another client made is a topic", async () => {
    const manager = await jetstreamManager(nats);
    await manager.streams.add({
      name: "SLUICE-theirs",
      subjects: ["sluice.theirs", "sluice.theirs.*"],
    });
    const { last } = await log.append("theirs", numbered("r", 3));
    expect(textsOf(await readAll(log, "theirs"))).toEqual(["r0", "r1", "r2"]);
    const described = await log.describe("theirs");
    expect(described?.settings.layout).toBe("records");
    expect(described?.bounds.end).toEqual(last);
    // Their stream has no Direct Get, and holes where they deleted.
    expect(await manager.streams.deleteMessage("SLUICE-theirs", last.sequence - 1)).toBe(true);
    expect(textsOf(await readAll(log, "theirs"))).toEqual(["r0", "r2"]);
    expect(await manager.streams.deleteMessage("SLUICE-theirs", last.sequence)).toBe(true);
    expect(textsOf(await readAll(log, "theirs"))).toEqual(["r0"]);
  });

  test("deleted messages are not a gap for a reader, wherever they were", async () => {
    const name = await topic();
    const { first } = await log.append(name, numbered("r", 10, { key: "k" }));
    const manager = await jetstreamManager(nats);
    for (const i of [2, 3, 9]) {
      await manager.streams.deleteMessage(streamOf(name), first.sequence + i);
    }
    const wanted = ["r0", "r1", "r4", "r5", "r6", "r7", "r8"];
    expect(textsOf(await readAll(log, name))).toEqual(wanted);
    expect(textsOf(await readAll(log, name, { key: "k" }))).toEqual(wanted);
    const live = follow(log, name, { after: first });
    await log.append(name, [record("new")]);
    await eventually("the live records", () => live.records.length === wanted.length);
    await live.stop();
    expect(textsOf(live.records)).toEqual([...wanted.slice(1), "new"]);
  });

  test("calls at once, and the records within each, keep their order", async () => {
    for (const layout of ["records", "frames"] as const) {
      const name = await topic({ layout });
      const fresh = await open();
      const calls = Array.from({ length: 100 }, (_, i) => numbered(`${i}-`, 1 + (i % 40)));
      const answers = await Promise.all(calls.map((records) => fresh.append(name, records)));
      const positions = answers.flatMap((answer, i) => positionsOf(answer, calls[i]?.length ?? 0));
      expect(firstDisorder(positions)).toBe(-1);
      expect(tokensOf(await readAll(log, name))).toEqual(positions.map(renderPosition));
    }
  });

  test("an append larger than a message is split, and reads as one run", async () => {
    const name = await topic({ layout: "frames" });
    const records = Array.from({ length: 50 }, (_, i) => record(new Uint8Array(100_000).fill(i)));
    const first = await log.append(name, records, { dedupId: "split" });
    expect(first.last.sequence).toBeGreaterThan(3);
    const again = await log.append(name, records, { dedupId: "split" });
    expect(again.duplicate).toBe(true);
    expect(positionsOf(again, 50)).toEqual(positionsOf(first, 50));
    const read = await readAll(log, name);
    expect(read.map((each) => each.record.value[0])).toEqual(records.map((_, i) => i));
    expect(tokensOf(read)).toEqual(positionsOf(first, 50).map(renderPosition));
  });

  test("a record larger than a message is too_large, and harms nothing", async () => {
    const name = await topic();
    const large = record(new Uint8Array(nats.info?.max_payload ?? 0));
    expect((await failureOf(log.append(name, [record("a"), large]))).code).toBe("too_large");
    expect(await readAll(log, name)).toEqual([]);
  });

  test("a key of 100,000 characters", async () => {
    const name = await topic();
    const key = "ключ".repeat(25_000);
    await log.append(name, [record("x", { key }), record("y", { key: `${key}.` })]);
    const read = await readAll(log, name, { key });
    expect(textsOf(read)).toEqual(["x"]);
    expect(read[0]?.record.key).toBe(key);
  });

  test("past the bound of what is in flight an append is overloaded", async () => {
    const name = await topic();
    const small = await open({ inFlightEntriesMax: 100 });
    const answers = await Promise.allSettled([
      small.append(name, numbered("a", 60)),
      small.append(name, numbered("b", 60)),
      small.append(name, numbered("c", 40)),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const failure = await failureOf(
      Promise.all([small.append(name, numbered("d", 99)), small.append(name, numbered("e", 99))]),
    );
    expect(failure.code).toBe("overloaded");
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    // One that is larger than the bound passes when it is alone.
    await eventually("an idle log", () =>
      small.append(name, numbered("f", 500)).then(
        () => true,
        () => false,
      ),
    );
  });

  test("records whose frame is made already count one by one, where they are stored so", async () => {
    const name = await topic();
    const small = await open({ inFlightEntriesMax: 100 });
    await small.append(name, [record("known")]);
    const both = (text: string) => Batch.of(numbered(text, 60), encodeFrame(numbered(text, 60)));
    const objects = await Promise.allSettled([
      small.append(name, both("a")),
      small.append(name, both("b")),
    ]);
    expect(objects.map((answer) => answer.status)).toEqual(["fulfilled", "rejected"]);
    const frame = (text: string) => Batch.encoded(encodeFrame(numbered(text, 60)), 60);
    const frames = await Promise.allSettled([
      small.append(name, frame("c")),
      small.append(name, frame("d")),
      small.append(name, frame("e")),
    ]);
    expect(frames.map((answer) => answer.status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  });

  test("a server without batches is read by consumers", async () => {
    const old = await open({ batchGet: false });
    for (const layout of ["records", "frames"] as const) {
      const name = await topic({ layout });
      const records = Array.from({ length: 30 }, (_, i) => record(`${i}`, { key: `k${i % 3}` }));
      for (let i = 0; i < 30; i += 10) await old.append(name, records.slice(i, i + 10));
      await log.append(name, [record("last", { key: "other" })]);
      const all = await readAll(log, name);
      expect(tokensOf(await readAll(old, name))).toEqual(tokensOf(all));
      for (const each of [all[0], all[13], all[29]]) {
        if (each === undefined) throw new Error("too few records");
        expect(tokensOf(await readAll(old, name, { after: each.position }))).toEqual(
          tokensOf(await readAll(log, name, { after: each.position })),
        );
        const until = each.position;
        expect(tokensOf(await readAll(old, name, { until, key: "k1" }))).toEqual(
          tokensOf(await readAll(log, name, { until, key: "k1" })),
        );
      }
    }
  });

  test("a long replay is read by a consumer, and ends at its end", async () => {
    const name = await topic();
    for (let i = 0; i < 10; i++) await log.append(name, numbered(`${i}-`, 500, { key: `k${i}` }));
    expect((await readAll(log, name)).length).toBe(5_000);
    expect((await readAll(log, name, { key: "k3" })).length).toBe(500);
  });

  test("a read waits while no replica answers", async () => {
    const name = await topic();
    const { last } = await log.append(name, numbered("r", 700));
    const manager = await jetstreamManager(nats);
    const { config } = await manager.streams.info(streamOf(name));
    const texts: string[] = [];
    let listening: Promise<unknown> | undefined;
    for await (const { records } of log.read(name, { after: "earliest", until: last })) {
      texts.push(...textsOf(records));
      if (listening !== undefined) continue;
      // No server listens, as while a stream is created or moved.
      await manager.streams.update(streamOf(name), { ...config, allow_direct: false });
      listening = sleepMs(300).then(() => manager.streams.update(streamOf(name), config));
    }
    expect(texts).toEqual(Array.from({ length: 700 }, (_, i) => `r${i}`));
    await listening;

    await manager.streams.update(streamOf(name), { ...config, allow_direct: false });
    expect(await readAll(log, name)).toHaveLength(700);
  });

  test("a topic whose size the server cannot reserve is kept in bounds by the gateway", async () => {
    const settings = { ...defaultTopicSettings, retentionBytes: 2 ** 50 };
    const made = await log.create("unreserved", settings);
    expect(made.settings).toEqual(settings);
    expect((await log.create("unreserved", settings)).settings).toEqual(settings);
    const manager = await jetstreamManager(nats);
    const { config } = await manager.streams.info("SLUICE-unreserved");
    expect(config.max_bytes).toBe(-1);
    // As if the server had had no room for these.
    const metadata = { ...config.metadata, "sluice.retention_bytes": "100000" };
    await manager.streams.update("SLUICE-unreserved", { ...config, metadata });
    const { last } = await log.append(
      "unreserved",
      Array.from({ length: 1_000 }, () => record(new Uint8Array(1_000))),
    );
    await eventually("the oldest to be dropped", async () => {
      const info = await log.describe("unreserved");
      await log.bounds("unreserved");
      return info !== undefined && info.bytes <= 100_000;
    });
    const { start, end } = await log.bounds("unreserved");
    expect(end).toEqual(last);
    expect(end.sequence - start.sequence).toBeGreaterThan(50);
  });

  test("a stream that is deleted and recreated under a reader and a writer ends the incarnation they knew", async () => {
    const name = await topic();
    await log.append(name, numbered("old", 5));
    const live = follow(log, name, { after: "earliest" });
    await eventually("the old incarnation", () => live.records.length === 5);
    const manager = await jetstreamManager(nats);
    const { config } = await manager.streams.info(streamOf(name));
    await manager.streams.delete(streamOf(name));
    await manager.streams.add(config);
    expect(["not_found", "position_gone"]).toContain((await live.ended)?.code ?? "none");
    const { first } = await log.append(name, [record("new")]);
    expect(first).toEqual((await log.bounds(name)).end);
    expect(first.epoch).toBeGreaterThan(live.records[0]?.position.epoch ?? 0);
  });

  test("a consumer that is deleted under a reader ends the read as unavailable", async () => {
    const name = await topic();
    const live = follow(log, name, { after: "earliest" });
    await log.append(name, [record("x")]);
    await eventually("the record", () => live.records.length === 1);
    const manager = await jetstreamManager(nats);
    for await (const consumer of manager.consumers.list(streamOf(name))) {
      await manager.consumers.delete(streamOf(name), consumer.name);
    }
    expect((await live.ended)?.code).toBe("unavailable");
  });

  test("readers leave no consumers behind", async () => {
    const name = await topic();
    await log.append(name, numbered("r", 3));
    for (let i = 0; i < 5; i++) {
      for await (const _ of log.read(name, { after: "earliest" })) break;
    }
    const manager = await jetstreamManager(nats);
    await eventually("no consumers", async () => {
      return (await manager.streams.info(streamOf(name))).state.consumer_count === 0;
    });
  });

  test("no server: unavailable, and the error does not contain the password", async () => {
    const failure = await failureOf(open({ url: "nats://me:secret@127.0.0.1:1" }));
    expect(failure.code).toBe("unavailable");
    expect(failure.message).not.toContain("secret");
    expect((await failureOf(open({ url: "http://x" }))).code).toBe("invalid");
    expect((await failureOf(open({ replicas: 2 }))).code).toBe("invalid");
  });

  // Last: it stops the server of all the others.
  test("a server that does not answer: unavailable within 8 s, and it recovers afterwards", async () => {
    const name = await topic();
    await log.append(name, [record("before")]);
    const live = follow(log, name, { after: "earliest" });
    await eventually("the record", () => live.records.length === 1);
    await server.freeze();
    const start = performance.now();
    const failure = await failureOf(log.append(name, [record("during")]));
    expect(failure.code).toBe("unavailable");
    expect(performance.now() - start).toBeLessThan(8_000);
    expect((await live.ended)?.code).toBe("unavailable");
    server.thaw();
    await eventually(
      "an append",
      () =>
        log.append(name, [record("after")]).then(
          () => true,
          () => false,
        ),
      20_000,
    );
    expect(textsOf(await readAll(log, name)).at(-1)).toBe("after");
  }, 60_000);
});
