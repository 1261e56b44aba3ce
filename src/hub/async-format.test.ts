import { describe, expect, test } from "bun:test";
import { Bench } from "../../test/simulation/bench.ts";
import { Random } from "../../test/simulation/random.ts";
import { sleep } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { renderPosition } from "../core/position.ts";
import { endType } from "../core/record.ts";
import type { Sent } from "../core/sink.ts";
import {
  type AsyncFormat,
  asyncFormat,
  AsyncSubscriber,
  type AsyncTarget,
} from "./async-format.ts";
import type { Chunk } from "./chunk.ts";

const tokens = (chunk: Chunk) => chunk.records.map(({ position }) => renderPosition(position));

/** What a client got, and how its subscription ended. */
class RecordingTarget implements AsyncTarget<string[]> {
  sent: Sent = "sent";
  readonly got: string[] = [];
  readonly ended: string[] = [];

  write(positions: string[]): Sent {
    if (this.sent !== "refused") this.got.push(...positions);
    return this.sent;
  }

  reset(): Sent {
    this.ended.push("reset");
    return this.sent;
  }

  end(reason: Failure | "ended", position: Parameters<AsyncTarget<string[]>["end"]>[1]): void {
    this.ended.push(`${reason === "ended" ? reason : reason.code} ${renderPosition(position)}`);
  }
}

/** Renders after `ms()`; at once for 0, and fails below 0. */
function delayed(bench: Bench, ms: () => number): AsyncFormat<string[]> {
  return asyncFormat((chunk) => {
    const wait = ms();
    if (wait === 0) return tokens(chunk);
    return sleep(bench.clock, Math.abs(wait)).then(() => {
      if (wait < 0) throw new Failure("unavailable", "There is no schema to be had");
      return tokens(chunk);
    });
  });
}

function follow(bench: Bench, ms: () => number, key?: string) {
  const target = new RecordingTarget();
  const { result: start } = bench.call(bench.hub.livePosition("t"));
  if (start === undefined) throw new Error("The topic has no end");
  const subscriber = new AsyncSubscriber(target, delayed(bench, ms), start);
  subscriber.attach(bench.subscribe(subscriber, key, start));
  return { target, subscriber, start };
}

describe("while a chunk is rendered", () => {
  test("the chunks after it wait, in their order, and other subscribers do not", () => {
    const bench = new Bench({ coalesceMs: 0 });
    let ms = 100;
    const { target } = follow(bench, () => ms);
    const plain = bench.listener();
    bench.subscribe(plain);
    const published = [bench.publish()];
    ms = 0;
    for (let n = 0; n < 20; n++) published.push(bench.publish());
    expect(plain.chunks).toHaveLength(21);
    bench.clock.advance(99);
    expect(target.got).toEqual([]);
    bench.clock.advance(1);
    expect(target.got).toEqual(published);
    published.push(bench.publish());
    expect(target.got).toEqual(published);
  });

  test("an end waits for what is before it", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { target } = follow(bench, () => 50, "a");
    const last = bench.publish(1, "a", endType);
    expect(target.ended).toEqual([]);
    bench.clock.advance(50);
    expect(target.got).toEqual([last]);
    expect(target.ended).toEqual([`ended ${last}`]);
    expect(bench.hub.stats().subscriptions).toBe(0);
  });

  test("a failure of the hub is reported at once, with the client's position", () => {
    const bench = new Bench({ coalesceMs: 0 });
    let ms = 0;
    const { target } = follow(bench, () => ms);
    const before = bench.publish();
    ms = 50;
    bench.publish();
    bench.hub.close();
    expect(target.ended).toEqual([`shutting_down ${before}`]);
    bench.clock.advance(1000);
    expect(target.got).toEqual([before]);
    expect(target.ended).toHaveLength(1);
  });

  test("a client may leave", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { target, subscriber } = follow(bench, () => 50);
    bench.publish();
    subscriber.close();
    bench.clock.advance(1000);
    expect([target.got, target.ended]).toEqual([[], []]);
    expect(bench.hub.stats().subscriptions).toBe(0);
  });

  test("a sink that is full afterwards is waited for as usual", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { target, subscriber } = follow(bench, () => 10);
    target.sent = "queued";
    const published = [bench.publish(), bench.publish()];
    bench.clock.advance(1000);
    expect(target.got).toEqual(published.slice(0, 1));
    target.sent = "sent";
    subscriber.drained();
    bench.clock.advance(1000);
    expect(target.got).toEqual(published);
  });

  test("a peer that is gone by then ends the subscription", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { target } = follow(bench, () => 10);
    target.sent = "refused";
    bench.publish();
    bench.clock.advance(1000);
    expect(bench.hub.stats().subscriptions).toBe(0);
    expect(target.ended).toEqual([]);
  });
});

test("a chunk that cannot be rendered ends the subscription at the client's position", () => {
  const bench = new Bench({ coalesceMs: 0 });
  let ms = 0;
  const { target } = follow(bench, () => ms);
  const before = bench.publish(3);
  ms = -20;
  bench.publish();
  bench.clock.advance(1000);
  expect(target.ended).toEqual([`unavailable ${before}`]);
  expect(bench.hub.stats().subscriptions).toBe(0);
});

test("what was written before the hub had answered is not lost", () => {
  const bench = new Bench({ coalesceMs: 0 });
  bench.subscribe(bench.listener());
  const published = [bench.publish(), bench.publish(5)];
  const target = new RecordingTarget();
  const start = bench.call(bench.log.bounds("t")).result?.start;
  if (start === undefined) throw new Error("The topic has no start");
  let rendering = Promise.withResolvers<string[]>();
  const format = asyncFormat(() => (rendering = Promise.withResolvers<string[]>()).promise);
  const subscriber = new AsyncSubscriber(target, format, start);
  const subscription = bench.subscribe(subscriber, undefined, start);
  rendering.resolve(published);
  bench.clock.settle();
  expect(target.got).toEqual(published);
  subscriber.attach(subscription);
  bench.publish();
  rendering.resolve(["next"]);
  bench.clock.settle();
  expect(target.got).toEqual([...published, "next"]);
});

test("a chunk is rendered once for all, also beside subscribers in another format", () => {
  const bench = new Bench({ coalesceMs: 0 });
  let renders = 0;
  const format = asyncFormat((chunk: Chunk) => {
    renders++;
    return sleep(bench.clock, 5).then(() => tokens(chunk));
  });
  const faces = Array.from({ length: 5 }, () => {
    const target = new RecordingTarget();
    const subscriber = new AsyncSubscriber(target, format, { epoch: 0, sequence: 0, index: 0 });
    subscriber.attach(bench.subscribe(subscriber));
    bench.subscribe(bench.listener());
    return target;
  });
  const published = bench.publish();
  bench.clock.advance(5);
  expect(faces.map(({ got }) => got)).toEqual(faces.map(() => [published]));
  expect(renders).toBe(1);
});

test("however long each step takes, a client gets everything once and in order", () => {
  const seen = { subscriber: 0, queued: 0 };
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const bench = new Bench({
      coalesceMs: random.pick([0, 4]) ?? 0,
      windowBytes: random.pick([0, 6000, 3_000_000]) ?? 0,
      heartbeatMs: 500,
      stallMs: 100_000,
    });
    const wait = () => {
      const ms = random.pick([0, 0, 1, 30, 700]) ?? 0;
      if (ms > 0) seen.subscriber++;
      return ms;
    };
    const { target, subscriber } = follow(bench, wait);
    const published: string[] = [];
    const publish = () => {
      const count = 1 + random.int(5);
      bench.publish(count);
      const history = bench.log.history(
        "t",
        bench.call(bench.log.bounds("t")).result?.end.epoch ?? 0,
      );
      published.push(...history.slice(-count).map(({ position }) => renderPosition(position)));
    };
    for (let step = 0; step < 100; step++) {
      if (random.chance(0.5)) publish();
      if (random.chance(0.1)) target.sent = "queued";
      else if (target.sent === "queued" && random.chance(0.3)) {
        target.sent = "sent";
        seen.queued++;
        subscriber.drained();
      }
      bench.clock.advance(random.int(20));
    }
    target.sent = "sent";
    subscriber.drained();
    bench.clock.advance(200_000);
    expect(target.got, `seed ${seed}`).toEqual(published);
    expect(target.ended, `seed ${seed}`).toEqual([]);
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
});
