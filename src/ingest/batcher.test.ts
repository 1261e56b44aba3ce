/** When frames are appended, in which order, what they contain, and who is notified. */

import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import type { Batch } from "../core/batch.ts";
import { Failure } from "../core/failure.ts";
import type { Appended, ProducerRun } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import { Batcher, type BatchOwner, frameBytesMax } from "./batcher.ts";
import { Buffers } from "./buffers.ts";
import { InFlight } from "./in-flight.ts";

interface Append {
  readonly text: string;
  readonly count: number;
  readonly run: ProducerRun | undefined;
  /** Ends the append; its records begin at the given sequence. */
  store(sequence: number): Promise<void>;
  fail(): Promise<void>;
}

/** A batcher whose clock and log the test drives. */
function setUp() {
  const appends: Append[] = [];
  const timers = new Set<() => void>();
  const inFlight = new InFlight(1024 * 1024);
  const append = (batch: Batch, run: ProducerRun | undefined): Promise<Appended> => {
    const { promise, resolve, reject } = Promise.withResolvers<Appended>();
    const at = (sequence: number) => (index: number) => ({ epoch: 1, sequence, index });
    appends.push({
      text: Buffer.from(batch.frame).toString(),
      count: batch.count,
      run,
      async store(sequence) {
        const place = at(sequence);
        resolve({ first: place(0), last: place(batch.count - 1), at: place, duplicate: false });
        await turns();
      },
      async fail() {
        reject(new Failure("unavailable", "the log is unavailable"));
        await turns();
      },
    });
    return promise;
  };
  const batcher = new Batcher({
    topic: "t",
    clock: {
      nowMs: () => 0,
      nowNs: () => 0n,
      after(_ms, callback) {
        timers.add(callback);
        return () => timers.delete(callback);
      },
    },
    lingerMs: 20,
    inFlight,
    buffers: new Buffers(frameBytesMax),
    append,
  });
  const add = (owner: BatchOwner, text: string, run?: ProducerRun) => {
    const bytes = Buffer.from(text);
    batcher.add(owner, bytes, 0, bytes.byteLength, 1, run);
  };
  const linger = () => {
    for (const callback of [...timers]) callback();
  };
  return { batcher, add, linger, appends, inFlight, texts: () => appends.map(({ text }) => text) };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

class Heard implements BatchOwner {
  readonly portion = undefined;
  readonly heard: (readonly [count: number, position: Position | string])[] = [];
  stored(count: number, last: Position): void {
    this.heard.push([count, last]);
  }
  failed(count: number, { code }: Failure): void {
    this.heard.push([count, code]);
  }
}

const run = (id: string, first: number, epoch = 1): ProducerRun => {
  return { id, epoch, first, sequences: [first] };
};

test("records of many owners share a frame that goes after its linger; each is notified of its records", async () => {
  const { add, linger, appends, texts, inFlight, batcher } = setUp();
  const [one, two] = [new Heard(), new Heard()];
  add(one, "a");
  add(two, "b");
  add(two, "c");
  add(one, "d");
  expect(texts()).toEqual([]);
  expect(inFlight.bytes).toBe(4);
  linger();
  expect(texts()).toEqual(["abcd"]);
  await appends[0]?.store(7);
  const at = (index: number) => ({ epoch: 1, sequence: 7, index });
  expect(one.heard).toEqual([
    [1, at(0)],
    [1, at(3)],
  ]);
  expect(two.heard).toEqual([[2, at(2)]]);
  expect(inFlight.bytes).toBe(0);
  expect(batcher.isIdle).toBe(true);
});

test("the first append runs alone, as it may have to create the topic; the others follow in order", async () => {
  const { add, linger, appends, texts } = setUp();
  const owner = new Heard();
  for (const text of ["a", "b", "c"]) {
    add(owner, text);
    linger();
  }
  expect(texts()).toEqual(["a"]);
  await appends[0]?.store(1);
  expect(texts()).toEqual(["a", "b", "c"]);
  add(owner, "d");
  linger();
  expect(texts()).toEqual(["a", "b", "c", "d"]);
});

test("after a first append that failed, the next one also runs alone", async () => {
  const { add, linger, appends, texts, batcher } = setUp();
  const owner = new Heard();
  for (const text of ["a", "b", "c"]) {
    add(owner, text);
    linger();
  }
  await appends[0]?.fail();
  expect(texts()).toEqual(["a", "b"]);
  expect(owner.heard).toEqual([[1, "unavailable"]]);
  await appends[1]?.store(1);
  expect(texts()).toEqual(["a", "b", "c"]);
  await appends[2]?.store(2);
  expect(batcher.isIdle).toBe(true);
});

test("a lone caller is not kept waiting", async () => {
  const { batcher, add, appends, texts } = setUp();
  for (const text of ["a", "b"]) {
    add(new Heard(), text);
    batcher.expedite();
    expect(texts().at(-1)).toBe(text);
    await appends.at(-1)?.store(1);
  }
  expect(batcher.hasManyWaiters).toBe(false);
});

test("half of many callers go together, while the other half is on its way", async () => {
  const { batcher, add, appends, texts, linger } = setUp();
  const come = (text: string) => {
    for (const each of text) {
      add(new Heard(), each);
      batcher.expedite();
    }
  };
  come("a");
  await appends[0]?.store(1);
  come("bcdefghijklmnopqrst");
  // More callers wait than before: each half has more of them than the one before.
  expect(batcher.hasManyWaiters).toBe(true);
  linger();
  expect(texts().join("")).toBe("abcdefghijklmnopqrst");
  const before = appends.length;
  for (const append of appends) await append.store(2);
  come("0123456789");
  expect(texts().slice(before)).toEqual(["0123456789"]);
  come("ABCDEFGHIJ");
  expect(texts().slice(before)).toEqual(["0123456789", "ABCDEFGHIJ"]);
});

test("a frame does not wait for half of many callers when they do not come", async () => {
  const { batcher, add, appends, texts, linger } = setUp();
  add(new Heard(), "a");
  batcher.expedite();
  await appends[0]?.store(1);
  for (let i = 0; i < 20; i++) {
    add(new Heard(), "x");
    batcher.expedite();
  }
  linger();
  for (const append of appends) await append.store(2);
  const before = appends.length;
  add(new Heard(), "b");
  batcher.expedite();
  expect(appends.length).toBe(before);
  linger();
  expect(texts().slice(before)).toEqual(["b"]);
});

test("a full frame goes at once; what does not fit begins the next", () => {
  const { add, texts } = setUp();
  const owner = new Heard();
  add(owner, "x".repeat(frameBytesMax - 1));
  expect(texts()).toEqual([]);
  add(owner, "yy");
  expect(texts().map((text) => text.length)).toEqual([frameBytesMax - 1]);
  add(owner, "z".repeat(frameBytesMax * 2));
  // The first is still on its way.
  expect(texts().length).toBe(1);
});

test("a record larger than a frame goes by itself", async () => {
  const { add, texts, appends } = setUp();
  const owner = new Heard();
  add(owner, "z".repeat(frameBytesMax * 2));
  expect(texts().map((text) => text.length)).toEqual([frameBytesMax * 2]);
  await appends[0]?.store(1);
  expect(owner.heard.length).toBe(1);
});

test("a frame contains one producer's run, as far as it has no break", async () => {
  const { add, linger, appends } = setUp();
  const owner = new Heard();
  add(owner, "a", run("p", 1));
  add(owner, "b", run("p", 2));
  add(owner, "c", run("p", 4));
  add(owner, "d", run("p", 5, 2));
  add(owner, "e", run("q", 6, 2));
  add(owner, "f");
  linger();
  await appends[0]?.store(1);
  expect(appends.map(({ text, run }) => [text, run?.id, run?.epoch, run?.sequences])).toEqual([
    ["ab", "p", 1, [1, 2]],
    ["c", "p", 1, [4]],
    ["d", "p", 2, [5]],
    ["e", "q", 2, [6]],
    ["f", undefined, undefined, undefined],
  ]);
});

test("at most 64 appends are under way; the others wait in their order", async () => {
  const { add, linger, appends, texts } = setUp();
  const owner = new Heard();
  for (let i = 0; i < 100; i++) {
    add(owner, `${i} `);
    linger();
    if (i === 0) await appends[0]?.store(1);
  }
  expect(appends.length).toBe(65);
  await appends[1]?.store(2);
  expect(appends.length).toBe(66);
  for (let i = 2; i < 100; i++) await appends[i]?.store(i + 1);
  expect(texts()).toEqual(Array.from({ length: 100 }, (_, i) => `${i} `));
  expect(owner.heard.length).toBe(100);
});
