import { describe, expect, test } from "bun:test";
import { Bench } from "../../test/simulation/bench.ts";
import { Random } from "../../test/simulation/random.ts";
import { sleep } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { renderPosition } from "../core/position.ts";
import { endType } from "../core/record.ts";
import type { Sent } from "../core/sink.ts";
import type { Chunk } from "./chunk.ts";
import { lateFormat, LateSubscriber, type LateFace, type AsyncFormat } from "./async-format.ts";

const tokens = (chunk: Chunk) => chunk.records.map(({ position }) => renderPosition(position));

/** What a client got, and what it was told. */
class Face implements LateFace<string[]> {
  sent: Sent = "sent";
  readonly got: string[] = [];
  readonly told: string[] = [];

  write(positions: string[]): Sent {
    if (this.sent !== "refused") this.got.push(...positions);
    return this.sent;
  }

  reset(): Sent {
    this.told.push("reset");
    return this.sent;
  }

  end(reason: Failure | "ended", position: Parameters<LateFace<string[]>["end"]>[1]): void {
    this.told.push(`${reason === "ended" ? reason : reason.code} ${renderPosition(position)}`);
  }
}

/** Renders after `ms()`; at once for 0, and fails for what is less. */
function delayed(bench: Bench, ms: () => number): AsyncFormat<string[]> {
  return lateFormat((chunk) => {
    const wait = ms();
    if (wait === 0) return tokens(chunk);
    return sleep(bench.clock, Math.abs(wait)).then(() => {
      if (wait < 0) throw new Failure("unavailable", "There is no schema to be had");
      return tokens(chunk);
    });
  });
}

function follow(bench: Bench, ms: () => number, key?: string) {
  const face = new Face();
  const { result: start } = bench.call(bench.hub.livePosition("t"));
  if (start === undefined) throw new Error("The topic has no end");
  const late = new LateSubscriber(face, delayed(bench, ms), start);
  late.attach(bench.subscribe(late, key, start));
  return { face, late, start };
}

describe("while a chunk is rendered", () => {
  test("those behind it wait, in their order, and other subscribers do not", () => {
    const bench = new Bench({ coalesceMs: 0 });
    let ms = 100;
    const { face } = follow(bench, () => ms);
    const plain = bench.listener();
    bench.subscribe(plain);
    const published = [bench.publish()];
    ms = 0;
    for (let n = 0; n < 20; n++) published.push(bench.publish());
    expect(plain.chunks).toHaveLength(21);
    bench.clock.advance(99);
    expect(face.got).toEqual([]);
    bench.clock.advance(1);
    expect(face.got).toEqual(published);
    published.push(bench.publish());
    expect(face.got).toEqual(published);
  });

  test("an end waits for what is before it", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { face } = follow(bench, () => 50, "a");
    const last = bench.publish(1, "a", endType);
    expect(face.told).toEqual([]);
    bench.clock.advance(50);
    expect(face.got).toEqual([last]);
    expect(face.told).toEqual([`ended ${last}`]);
    expect(bench.hub.stats().subscriptions).toBe(0);
  });

  test("a failure of the hub is told at once, with where the client stands", () => {
    const bench = new Bench({ coalesceMs: 0 });
    let ms = 0;
    const { face } = follow(bench, () => ms);
    const before = bench.publish();
    ms = 50;
    bench.publish();
    bench.hub.close();
    expect(face.told).toEqual([`shutting_down ${before}`]);
    bench.clock.advance(1000);
    expect(face.got).toEqual([before]);
    expect(face.told).toHaveLength(1);
  });

  test("a client may leave", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { face, late } = follow(bench, () => 50);
    bench.publish();
    late.close();
    bench.clock.advance(1000);
    expect([face.got, face.told]).toEqual([[], []]);
    expect(bench.hub.stats().subscriptions).toBe(0);
  });

  test("a sink that is full afterwards is waited for as ever", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { face, late } = follow(bench, () => 10);
    face.sent = "queued";
    const published = [bench.publish(), bench.publish()];
    bench.clock.advance(1000);
    expect(face.got).toEqual(published.slice(0, 1));
    face.sent = "sent";
    late.drained();
    bench.clock.advance(1000);
    expect(face.got).toEqual(published);
  });

  test("a peer that is gone by then ends it", () => {
    const bench = new Bench({ coalesceMs: 0 });
    const { face } = follow(bench, () => 10);
    face.sent = "refused";
    bench.publish();
    bench.clock.advance(1000);
    expect(bench.hub.stats().subscriptions).toBe(0);
    expect(face.told).toEqual([]);
  });
});

test("what cannot be rendered ends the subscription where the client stands", () => {
  const bench = new Bench({ coalesceMs: 0 });
  let ms = 0;
  const { face } = follow(bench, () => ms);
  const before = bench.publish(3);
  ms = -20;
  bench.publish();
  bench.clock.advance(1000);
  expect(face.told).toEqual([`unavailable ${before}`]);
  expect(bench.hub.stats().subscriptions).toBe(0);
});

test("what was written before the hub had answered is not lost", () => {
  const bench = new Bench({ coalesceMs: 0 });
  bench.subscribe(bench.listener());
  const published = [bench.publish(), bench.publish(5)];
  const face = new Face();
  const start = bench.call(bench.log.bounds("t")).result?.start;
  if (start === undefined) throw new Error("The topic has no start");
  let rendering = Promise.withResolvers<string[]>();
  const format = lateFormat(() => (rendering = Promise.withResolvers<string[]>()).promise);
  const late = new LateSubscriber(face, format, start);
  const subscription = bench.subscribe(late, undefined, start);
  rendering.resolve(published);
  bench.clock.settle();
  expect(face.got).toEqual(published);
  late.attach(subscription);
  bench.publish();
  rendering.resolve(["next"]);
  bench.clock.settle();
  expect(face.got).toEqual([...published, "next"]);
});

test("a chunk is rendered once for all, also beside subscribers in another format", () => {
  const bench = new Bench({ coalesceMs: 0 });
  let renders = 0;
  const format = lateFormat((chunk: Chunk) => {
    renders++;
    return sleep(bench.clock, 5).then(() => tokens(chunk));
  });
  const faces = Array.from({ length: 5 }, () => {
    const face = new Face();
    const late = new LateSubscriber(face, format, { epoch: 0, sequence: 0, index: 0 });
    late.attach(bench.subscribe(late));
    bench.subscribe(bench.listener());
    return face;
  });
  const published = bench.publish();
  bench.clock.advance(5);
  expect(faces.map(({ got }) => got)).toEqual(faces.map(() => [published]));
  expect(renders).toBe(1);
});

test("whatever takes how long, a client gets everything once and in order", () => {
  const seen = { late: 0, queued: 0 };
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const bench = new Bench({
      coalesceMs: random.pick([0, 4]) ?? 0,
      windowBytes: random.pick([0, 2000, 1_000_000]) ?? 0,
      heartbeatMs: 500,
      stallMs: 100_000,
    });
    const wait = () => {
      const ms = random.pick([0, 0, 1, 30, 700]) ?? 0;
      if (ms > 0) seen.late++;
      return ms;
    };
    const { face, late } = follow(bench, wait);
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
      if (random.chance(0.1)) face.sent = "queued";
      else if (face.sent === "queued" && random.chance(0.3)) {
        face.sent = "sent";
        seen.queued++;
        late.drained();
      }
      bench.clock.advance(random.int(20));
    }
    face.sent = "sent";
    late.drained();
    bench.clock.advance(200_000);
    expect(face.got, `seed ${seed}`).toEqual(published);
    expect(face.told, `seed ${seed}`).toEqual([]);
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
});
