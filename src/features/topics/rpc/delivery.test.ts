import { expect, test } from "bun:test";
import { Failure } from "../../../core/failure.ts";
import { type Position, renderPosition } from "../../../core/position.ts";
import { Chunk } from "../../../hub/chunk.ts";
import type { Subscription } from "../../../hub/subscriber.ts";
import { Delivery } from "./delivery.ts";

const at = (sequence: number): Position => ({ epoch: 1_795_273_219_764, sequence, index: 0 });

function chunk(sequence: number, bytes = 10): Chunk {
  const record = {
    value: new Uint8Array(bytes),
    key: "",
    contentType: "application/octet-stream",
    schemaId: 0,
    timeNs: 0n,
  };
  return new Chunk(
    "t",
    undefined,
    [{ record, position: at(sequence), receivedNs: 0n }],
    at(sequence),
  );
}

/** The hub's half, which keeps count. */
class Half implements Subscription {
  readonly position = at(0);
  drains = 0;
  closes = 0;
  drained(): void {
    this.drains++;
  }
  close(): void {
    this.closes++;
  }
  cancel(): void {
    this.close();
  }
}

function joined(): { delivery: Delivery; half: Half; chunks: AsyncIterator<Chunk> } {
  const delivery = new Delivery();
  const half = new Half();
  delivery.attach(half);
  return { delivery, half, chunks: delivery[Symbol.asyncIterator]() };
}

function codeAndPosition(failure: unknown): unknown[] {
  return failure instanceof Failure ? [failure.code, failure.position] : [failure];
}

async function sequences(delivery: Delivery): Promise<number[]> {
  const all: number[] = [];
  for await (const { through } of delivery) all.push(through.sequence);
  return all;
}

test("gives what was delivered, in order, also what comes while it waits", async () => {
  const { delivery, chunks } = joined();
  expect(delivery.deliver(chunk(1))).toBe("sent");
  expect(delivery.deliver(chunk(2))).toBe("sent");
  expect((await chunks.next()).value?.through.sequence).toBe(1);
  expect((await chunks.next()).value?.through.sequence).toBe(2);
  const third = chunks.next();
  delivery.deliver(chunk(3));
  expect((await third).value?.through.sequence).toBe(3);
});

test("past its bound it is full, until all of it was taken", async () => {
  const { delivery, half, chunks } = joined();
  const answers = [1, 2, 3].map((n) => delivery.deliver(chunk(n, 100_000)));
  expect(answers).toEqual(["sent", "sent", "queued"]);
  for (let n = 1; n <= 3; n++) {
    expect((await chunks.next()).value?.through.sequence).toBe(n);
    expect(half.drains).toBe(0);
  }
  // A chunk counts as taken when the next one is pulled: by then the connection has it.
  const next = chunks.next();
  expect(half.drains).toBe(1);
  expect(delivery.deliver(chunk(4))).toBe("sent");
  expect((await next).value?.through.sequence).toBe(4);
});

test("ends with its failure, after what came before it, at the last position", async () => {
  const { delivery, chunks } = joined();
  delivery.deliver(chunk(1));
  delivery.end(new Failure("slow_subscriber", "Too slow"), at(1));
  expect((await chunks.next()).value?.through.sequence).toBe(1);
  const failure = await chunks.next().catch((error: unknown) => error);
  expect(codeAndPosition(failure)).toEqual(["slow_subscriber", renderPosition(at(1))]);
  expect(delivery.deliver(chunk(2))).toBe("refused");
});

test("a reset ends it as position_gone, with where reading can start", async () => {
  const { delivery, chunks } = joined();
  const waiting = chunks.next().catch((error: unknown) => error);
  expect(delivery.reset(at(40), new Failure("position_gone", "Trimmed"))).toBe("refused");
  expect(codeAndPosition(await waiting)).toEqual(["position_gone", renderPosition(at(40))]);
});

test("a normal end also ends the iteration", async () => {
  const { delivery } = joined();
  delivery.deliver(chunk(1));
  delivery.end("ended", at(1));
  expect(await sequences(delivery)).toEqual([1]);
});

test("a caller who left closes the subscription, whichever comes first", async () => {
  const { delivery, half } = joined();
  delivery.deliver(chunk(1));
  delivery.close();
  expect(half.closes).toBe(1);
  expect(await sequences(delivery)).toEqual([]);

  const early = new Delivery();
  const late = new Half();
  early.close();
  early.attach(late);
  expect(late.closes).toBe(1);
});
