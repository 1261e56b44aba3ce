import { expect, test } from "bun:test";
import { Outbox } from "./wearable-outbox.ts";

const never = new AbortController().signal;
const record = (n: number) => ({ schemaId: n });

async function all(outbox: Outbox, signal = never): Promise<(number | undefined)[]> {
  const got: (number | undefined)[] = [];
  for await (const batch of outbox.batches(signal)) {
    got.push(...batch.map(({ schemaId }) => schemaId));
  }
  return got;
}

test("a stream gets records as they come, a second one those not acknowledged", async () => {
  const outbox = new Outbox();
  const over = new AbortController();
  const first = all(outbox, over.signal);
  for (const n of [0, 1, 2]) {
    await Promise.resolve();
    outbox.add(record(n));
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  over.abort();
  expect(await first).toEqual([0, 1, 2]);

  outbox.acknowledge(2);
  expect([outbox.first, outbox.sent]).toEqual([2, 3]);
  outbox.add(record(3));
  outbox.close();
  expect(await all(outbox)).toEqual([2, 3]);
  expect([outbox.sent, outbox.isDone]).toEqual([4, false]);
  outbox.acknowledge(4);
  expect(outbox.isDone).toBe(true);
});

test("a late answer of an earlier stream changes nothing", () => {
  const outbox = new Outbox();
  for (const n of [0, 1, 2]) outbox.add(record(n));
  outbox.acknowledge(2);
  outbox.acknowledge(1);
  outbox.close();
  expect([outbox.first, outbox.isDone]).toEqual([2, false]);
  outbox.acknowledge(3);
  expect(outbox.isDone).toBe(true);
});

test("it is bounded, and its batches are", async () => {
  const outbox = new Outbox();
  let count = 0;
  for (; !outbox.isFull; count++) outbox.add(record(count));
  expect(count).toBe(1000);
  outbox.close();
  const sizes: number[] = [];
  for await (const batch of outbox.batches(never)) sizes.push(batch.length);
  expect(sizes).toEqual(Array.from({ length: 10 }, () => 100));
});
