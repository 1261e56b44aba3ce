import { expect, test } from "bun:test";
import { Batch } from "../../../src/core/batch.ts";
import { encodeFrame } from "../../../src/core/frame.ts";
import {
  comparePositions,
  epochStart,
  type Position,
  renderPosition,
} from "../../../src/core/position.ts";
import type { LogRecord } from "../../../src/core/record.ts";
import type { Layout } from "../../../src/core/topic.ts";
import {
  eventually,
  failureOf,
  firstDisorder,
  follow,
  numbered,
  positionsOf,
  readAll,
  record,
  type Suite,
  textOf,
  textsOf,
  tokensOf,
} from "./suite.ts";

export function appendContract(suite: Suite, layout: Layout): void {
  test("appends one by one get increasing positions, the ones that a reader sees", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const before = await log.bounds(topic);
    expect(before.end).toEqual(before.start);

    const positions: Position[] = [];
    for (let i = 0; i < 20; i++) {
      const appended = await log.append(topic, [record(`r${i}`)]);
      expect(appended.duplicate).toBe(false);
      expect(appended.first).toEqual(appended.last);
      expect(appended.at(0)).toEqual(appended.first);
      positions.push(appended.first);
    }
    expect(firstDisorder(positions)).toBe(-1);

    const after = await log.bounds(topic);
    expect(after.end).toEqual(positions.at(-1) ?? before.end);
    expect(after.epoch).toBe(before.epoch);
    const read = await readAll(log, topic);
    expect(textsOf(read)).toEqual(positions.map((_, i) => `r${i}`));
    expect(tokensOf(read)).toEqual(positions.map(renderPosition));
  });

  test("a batch knows the position of each of its records", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const keys = ["", "a", "a", "b", "a", "", "", "b", "b"];
    const records = keys.map((key, i) => record(`r${i}`, { key }));
    const positions: Position[] = [];
    for (let i = 0; i < 3; i++) {
      const appended = await log.append(topic, records);
      expect(appended.at(0)).toEqual(appended.first);
      expect(appended.at(keys.length - 1)).toEqual(appended.last);
      positions.push(...positionsOf(appended, keys.length));
    }
    expect(firstDisorder(positions)).toBe(-1);
    expect((await log.bounds(topic)).end).toEqual(positions.at(-1) ?? epochStart(0));
    const read = await readAll(log, topic);
    expect(tokensOf(read)).toEqual(positions.map(renderPosition));
    expect(read.map((each) => each.record.key)).toEqual([...keys, ...keys, ...keys]);
  });

  test("an encoded record without a time gets that of its receipt", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const records = [record("a", { timeNs: 0n }), record("b", { timeNs: 7n })];
    await log.append(topic, Batch.encoded(encodeFrame(records), records.length));
    for (const reader of [log, await suite.node(1)]) {
      const [a, b] = await readAll(reader, topic);
      expect(textsOf([...(a ? [a] : []), ...(b ? [b] : [])])).toEqual(["a", "b"]);
      const apartNs = Number((a?.receivedNs ?? 0n) - (a?.record.timeNs ?? 0n));
      expect(Math.abs(apartNs)).toBeLessThan(5e9);
      expect(b?.record.timeNs).toBe(7n);
    }
  });

  test("records come back as they were given", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const records: LogRecord[] = [
      record(allBytes),
      record(""),
      record("{}", { key: "ключ/🔑", contentType: "application/json; charset=utf-8" }),
      record("x", { schemaId: 4_294_967_295, contentType: "application/protobuf" }),
      record("x", { timeNs: 2n ** 63n - 1n }),
      record("x", { timeNs: -(2n ** 63n) }),
      record("x", { timeNs: 1n }),
      record("x", { headers: { "X-Trace": allBytes, empty: new Uint8Array(0), "ü ;": allBytes } }),
      record("x", { headers: { "\ufeffname": allBytes, name: new Uint8Array(1) } }),
      record("", { key: "only a key" }),
    ];
    const beforeNs = BigInt(Date.now() - 5_000) * 1_000_000n;
    await log.append(topic, records);
    for (const one of records) await log.append(topic, [one]);

    // Another node does not have it in memory.
    for (const reader of [log, await suite.node(1)]) {
      const read = await readAll(reader, topic);
      expect(read.map((each) => plain(each.record))).toEqual([...records, ...records].map(plain));
      for (const each of read) {
        expect(each.receivedNs).toBeGreaterThan(beforeNs);
        expect(each.receivedNs).toBeLessThan(beforeNs + 120_000_000_000n);
      }
    }
  });

  test("a live reader and a later reader get the same", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const live = follow(log, topic, { after: "earliest" });
    await log.append(topic, numbered("a", 3, { key: "k", headers: { h: new Uint8Array([0, 1]) } }));
    await log.append(topic, numbered("b", 2));
    await eventually("5 live records", () => live.records.length === 5);
    await live.stop();
    const later = await readAll(await suite.node(1), topic);
    expect(tokensOf(live.records)).toEqual(tokensOf(later));
    expect(live.records.map((each) => plain(each.record))).toEqual(
      later.map((each) => plain(each.record)),
    );
    expect(live.records.map((each) => each.receivedNs)).toEqual(
      later.map((each) => each.receivedNs),
    );
  });

  test("a value of 1 MB", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const value = new Uint8Array(1_000_000);
    for (let i = 0; i < value.length; i++) value[i] = (i * 31) & 0xff;
    await log.append(topic, [record("before"), record("between")]);
    const { last } = await log.append(topic, [record(value, { key: "big" })]);
    await log.append(topic, [record("after")]);
    const read = await readAll(await suite.node(1), topic);
    expect(read.length).toBe(4);
    expect(read[2]?.position).toEqual(last);
    expect(Buffer.compare(read[2]?.record.value ?? new Uint8Array(0), value)).toBe(0);
    expect([textOf(read[0]), textOf(read[1]), textOf(read[3])]).toEqual([
      "before",
      "between",
      "after",
    ]);
  });

  test("an append of nothing is refused", async () => {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    expect((await failureOf(log.append(topic, []))).code).toBe("invalid");
  });

  test("an append to a topic that does not exist is not_found", async () => {
    const log = await suite.node();
    const failure = await failureOf(log.append(`absent-${Math.random()}`, [record("x")]));
    expect(failure.code).toBe("not_found");
  });

  test("8 appenders on two nodes: every record once, in one order, each appender's own kept", async () => {
    const nodes = [await suite.node(0), await suite.node(1)] as const;
    const topic = await suite.topic({ layout });
    const live = nodes.map((log) => follow(log, topic, { after: "earliest" }));
    const batches = 40;
    const answered = new Map<string, string>();

    await Promise.all(
      Array.from({ length: 8 }, async (_, appender) => {
        const log = nodes[appender % 2 === 0 ? 0 : 1];
        for (let batch = 0; batch < batches; batch++) {
          const size = 1 + ((appender + batch) % 5);
          const records = numbered(`${appender}:${batch}:`, size, { key: `k${batch % 3}` });
          const appended = await log.append(topic, records);
          for (const [i, each] of records.entries()) {
            answered.set(new TextDecoder().decode(each.value), renderPosition(appended.at(i)));
          }
        }
      }),
    );

    await eventually("all live records", () =>
      live.every((each) => each.records.length >= answered.size),
    );
    for (const each of live) await each.stop();
    const late = await readAll(nodes[1], topic);
    for (const records of [...live.map((each) => each.records), late]) {
      expect(records.length).toBe(answered.size);
      expect(firstDisorder(records.map((each) => each.position))).toBe(-1);
      expect(new Map(records.map((each) => [textOf(each), renderPosition(each.position)]))).toEqual(
        answered,
      );
    }
    for (let appender = 0; appender < 8; appender++) {
      const own = late.filter((each) => textOf(each).startsWith(`${appender}:`)).map(textOf);
      expect(own).toEqual([...own].sort(byNumbers));
    }
    const { end } = await nodes[0].bounds(topic);
    expect(comparePositions(end, late.at(-1)?.position ?? end)).toBe(0);
  }, 60_000);
}

/** Comparable whatever kind of byte array a driver gives; no headers and none given are the same. */
function plain(each: LogRecord): object {
  const headers = Object.entries(each.headers ?? {}).map(
    ([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`,
  );
  return {
    ...each,
    value: Buffer.from(each.value).toString("hex"),
    headers: headers.sort(),
  };
}

function byNumbers(a: string, b: string): number {
  const [, batchA = "", indexA = ""] = a.split(":");
  const [, batchB = "", indexB = ""] = b.split(":");
  return Number(batchA) - Number(batchB) || Number(indexA) - Number(indexB);
}
