import { expect, test } from "bun:test";
import { Batch } from "../../../src/core/batch.ts";
import { decodeFrame, encodeFrame } from "../../../src/core/frame.ts";
import type { LogDriver } from "../../../src/core/log.ts";
import {
  comparePositions,
  epochStart,
  parsePosition,
  type Position,
} from "../../../src/core/position.ts";
import type { Layout } from "../../../src/core/topic.ts";
import {
  failureOf,
  numbered,
  positionsOf,
  readAll,
  record,
  type Suite,
  textsOf,
  tokensOf,
} from "./suite.ts";

/** Reads `count` records; returns how many frames came with them, each of which was checked. */
async function readFrames(log: LogDriver, topic: string, after: Position, count: number) {
  let frames = 0;
  let read = 0;
  for await (const batch of log.read(topic, { after })) {
    read += batch.records.length;
    if (batch.frames !== undefined) {
      frames += batch.frames.length;
      const told = batch.frames.flatMap(({ bytes, receivedNs, last }) => {
        const records = decodeFrame(bytes, receivedNs);
        return records.map((one, i) => [one, i === records.length - 1 ? last : undefined]);
      });
      const wanted = batch.records.map(({ record: one, position }, i) => [
        one,
        told[i]?.[1] === undefined ? undefined : position,
      ]);
      expect(told).toEqual(wanted);
    }
    if (read >= count) break;
  }
  expect(read).toBe(count);
  return frames;
}

export function readContract(suite: Suite, layout: Layout): void {
  /** Batches of many sizes, so that positions fall inside them too. */
  async function mixed(): Promise<{ topic: string; positions: Position[] }> {
    const log = await suite.node();
    const topic = await suite.topic({ layout });
    const positions: Position[] = [];
    for (const [i, size] of [1, 3, 1, 7, 2, 16, 1, 1, 4].entries()) {
      const appended = await log.append(topic, numbered(`${i}-`, size, { key: `k${i % 2}` }));
      positions.push(...positionsOf(appended, size));
    }
    return { topic, positions };
  }

  test("reading goes on after every position, also inside a batch", async () => {
    const { topic, positions } = await mixed();
    for (const log of [await suite.node(0), await suite.node(1)]) {
      const all = tokensOf(await readAll(log, topic));
      expect(all.length).toBe(positions.length);
      for (const [i, after] of positions.entries()) {
        expect(tokensOf(await readAll(log, topic, { after }))).toEqual(all.slice(i + 1));
      }
    }
  });

  test("`earliest`, the start and the start of the epoch are the same place in an untrimmed topic", async () => {
    const { topic, positions } = await mixed();
    const log = await suite.node(1);
    const { epoch, start } = await log.bounds(topic);
    for (const after of ["earliest", start, epochStart(epoch)] as const) {
      expect((await readAll(log, topic, { after })).length).toBe(positions.length);
    }
  });

  test("`until` ends a read after that very record", async () => {
    const { topic, positions } = await mixed();
    const log = await suite.node(1);
    const all = tokensOf(await readAll(log, topic));
    for (const [i, until] of positions.entries()) {
      expect(tokensOf(await readAll(log, topic, { until }))).toEqual(all.slice(0, i + 1));
    }
    const [after, until] = [positions[4], positions[9]];
    if (after === undefined || until === undefined) throw new Error("too few positions");
    expect(tokensOf(await readAll(log, topic, { after, until }))).toEqual(all.slice(5, 10));
    // Already there: nothing to give, and nothing to wait for.
    expect(await readAll(log, topic, { after: until, until: after })).toEqual([]);
    expect(await readAll(log, topic, { after: until, until })).toEqual([]);
  });

  test("`until` a position still to come waits for it", async () => {
    const log = await suite.node(0);
    const topic = await suite.topic({ layout });
    const probe = await suite.topic({ layout });
    await log.append(topic, [record("0")]);
    // The third append to one topic has the number of the third to another of the same layout.
    const { end: mine } = await log.bounds(topic);
    let third = mine;
    for (let i = 0; i < 3; i++) third = (await log.append(probe, [record("p")])).last;
    const until = { ...third, epoch: mine.epoch };
    const texts: string[] = [];
    const reading = (async () => {
      for await (const batch of (await suite.node(1)).read(topic, { after: "earliest", until })) {
        texts.push(...textsOf(batch.records));
      }
    })();
    for (let i = 1; i < 5; i++) await log.append(topic, [record(`${i}`)]);
    await reading;
    expect(texts).toEqual(["0", "1", "2"]);
  });

  test("each batch's `through` is where reading goes on", async () => {
    const { topic, positions } = await mixed();
    const log = await suite.node(1);
    let after: Position | "earliest" = "earliest";
    const tokens: string[] = [];
    const { end } = await log.bounds(topic);
    // Opened again for each batch, like a caller that keeps only the last `through`.
    while (after === "earliest" || comparePositions(after, end) < 0) {
      after = await oneBatch(log, topic, after, tokens);
    }
    expect(new Set(tokens).size).toBe(tokens.length);
    expect(tokens.length).toBe(positions.length);
    expect(tokens).toEqual(tokensOf(await readAll(log, topic)));
  });

  test("the frames of a batch, where it has them, are its records: stored and live, from any position", async () => {
    const { topic, positions } = await mixed();
    const nodes = [await suite.node(0), await suite.node(1)];
    const last = positions.length + 2 * 10 * 3;
    const reads = nodes.flatMap((log) =>
      [undefined, ...positions].map((after = epochStart(positions[0]?.epoch ?? 0)) =>
        readFrames(log, topic, after, last - positions.indexOf(after) - 1),
      ),
    );
    for (let i = 0; i < 10; i++) {
      const appends = nodes.map((log) => {
        const records = numbered(`live ${i} `, 3, { key: "k0" });
        return log.append(topic, i % 2 === 0 ? records : Batch.encoded(encodeFrame(records), 3));
      });
      await Promise.all(appends);
    }
    const told = await Promise.all(reads);
    const isTold = layout === "frames" && nodes[0]?.driver !== "memory";
    expect(told.every((frames) => frames > 0)).toBe(isTold);
  }, 30_000);

  test("a position past the end is position_gone, and names one that can be read from", async () => {
    const { topic } = await mixed();
    const log = await suite.node();
    const { end } = await log.bounds(topic);
    for (const after of [
      { ...end, sequence: end.sequence + 1 },
      { ...end, sequence: end.sequence + 1_000_000 },
    ]) {
      const failure = await failureOf(log.read(topic, { after }));
      expect(failure.code).toBe("position_gone");
      await readableFrom(log, topic, failure.position);
    }
  });

  test("a position of another epoch is position_gone, and names one that can be read from", async () => {
    const { topic } = await mixed();
    const log = await suite.node();
    const { end } = await log.bounds(topic);
    for (const epoch of [end.epoch - 1, end.epoch + 1, 0]) {
      const failure = await failureOf(log.read(topic, { after: { ...end, epoch } }));
      expect(failure.code).toBe("position_gone");
      await readableFrom(log, topic, failure.position);
    }
  });

  test("reading a topic that does not exist is not_found", async () => {
    const log = await suite.node();
    const absent = `absent-${Math.random()}`;
    expect((await failureOf(log.read(absent, { after: "earliest" }))).code).toBe("not_found");
    expect((await failureOf(log.read(absent, { after: epochStart(1) }))).code).toBe("not_found");
    expect((await failureOf(log.bounds(absent))).code).toBe("not_found");
  });

  test("an aborted signal ends a read at once, without failure", async () => {
    const { topic } = await mixed();
    const log = await suite.node();
    const batches = [];
    const signal = AbortSignal.abort();
    for await (const batch of log.read(topic, { after: "earliest", signal })) batches.push(batch);
    expect(batches).toEqual([]);
  });
}

async function oneBatch(
  log: LogDriver,
  topic: string,
  after: Position | "earliest",
  tokens: string[],
): Promise<Position> {
  for await (const batch of log.read(topic, { after })) {
    tokens.push(...tokensOf(batch.records));
    return batch.through;
  }
  throw new Error("The read ended before its first batch");
}

/** Proves that a failure's position is of use: a read from it gets what is appended next. */
export async function readableFrom(
  log: LogDriver,
  topic: string,
  token: string | undefined,
): Promise<void> {
  if (token === undefined) throw new Error("The failure names no position");
  const after = parsePosition(token);
  const { last } = await log.append(topic, [record("next")]);
  const records = [];
  for await (const batch of log.read(topic, { after, until: last })) records.push(...batch.records);
  expect(textsOf(records).at(-1)).toBe("next");
}
