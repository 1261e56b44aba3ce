/** What the hub does and when, in virtual time; `test/simulation` shows that it loses nothing. */

import { describe, expect, test } from "bun:test";
import { Bench } from "../../test/simulation/bench.ts";
import { Random } from "../../test/simulation/random.ts";
import { Failure } from "../core/failure.ts";
import { parsePosition, renderPosition } from "../core/position.ts";
import { endType, jsonType } from "../core/record.ts";

describe("coalescing", () => {
  test("sends what comes first at once, and a burst after it in one chunk", () => {
    const bench = new Bench({ coalesceMs: 4 });
    const listener = bench.listener();
    bench.subscribe(listener);
    bench.publish();
    for (let i = 0; i < 3; i++) {
      bench.clock.advance(1);
      bench.publish();
    }
    expect(listener.timeline).toEqual([[bench.startMs, 1]]);
    bench.clock.advance(1);
    expect(listener.timeline.slice(1)).toEqual([[bench.startMs + 4, 3]]);
  });

  test("takes a batch of thousands in parts, and in order", async () => {
    const bench = new Bench({ coalesceMs: 4 });
    const listener = bench.listener();
    bench.subscribe(listener);
    const last = bench.publish(5000);
    const records = () => listener.chunks.flatMap(({ chunk }) => chunk.records);
    while (records().length < 5000) {
      await new Promise((resolve) => setImmediate(resolve));
      bench.clock.advance(4);
    }
    expect(listener.timeline.length).toBeGreaterThan(1);
    const positions = records().map(({ position }) => renderPosition(position));
    expect(positions).toEqual(positions.toSorted());
    expect(new Set(positions).size).toBe(5000);
    expect(renderPosition(listener.chunks.at(-1)?.chunk.through ?? parsePosition(last))).toBe(last);
  });

  test("sends at once again after a pause", () => {
    const bench = new Bench({ coalesceMs: 4 });
    const listener = bench.listener();
    bench.subscribe(listener);
    bench.publish();
    bench.clock.advance(4);
    bench.publish(2);
    expect(listener.timeline.at(-1)).toEqual([bench.startMs + 4, 2]);
  });

  test("delays no record for longer than coalesceMs", () => {
    const bench = new Bench({ coalesceMs: 4 });
    const listener = bench.listener();
    bench.subscribe(listener);
    const random = new Random(3);
    const publishedMs = new Map<string, number>();
    for (let i = 0; i < 500; i++) {
      bench.clock.advance(random.int(4));
      publishedMs.set(bench.publish(), bench.clock.nowMs());
    }
    bench.clock.advance(4);
    const delays = listener.chunks.flatMap(({ ms, chunk }) =>
      chunk.records.map(({ position }) => ms - (publishedMs.get(renderPosition(position)) ?? 0)),
    );
    expect(delays).toHaveLength(500);
    expect(Math.max(...delays)).toBeLessThanOrEqual(4);
  });

  test("does not deliver one flush twice to a member that joins between read and flush", () => {
    const bench = new Bench({ coalesceMs: 4 });
    bench.subscribe(bench.listener());
    bench.publish();
    bench.clock.advance(1);
    bench.publish(2, "a");
    const late = bench.listener();
    bench.subscribe(late, "a");
    bench.clock.advance(3);
    expect(late.timeline).toEqual([[bench.startMs + 4, 2]]);
  });
});

describe("heartbeats", () => {
  test("give a silent subscriber its position, once per heartbeatMs", () => {
    const bench = new Bench({ heartbeatMs: 5000 });
    const listener = bench.listener();
    bench.subscribe(listener, "a");
    const position = bench.publish(1, "other");
    bench.clock.advance(11_000);
    expect(listener.timeline.map(([ms, records]) => [ms - bench.startMs, records])).toEqual([
      [5000, 0],
      [10_000, 0],
    ]);
    expect(
      renderPosition(listener.chunks[0]?.chunk.through ?? { epoch: 0, sequence: 0, index: 0 }),
    ).toBe(position);
  });

  test("are not sent to subscribers that get records", () => {
    const bench = new Bench({ heartbeatMs: 5000 });
    const listener = bench.listener();
    bench.subscribe(listener);
    for (let i = 0; i < 10; i++) {
      bench.publish();
      bench.clock.advance(2000);
    }
    expect(listener.timeline.every(([, records]) => records === 1)).toBe(true);
  });

  test("reach subscribers that wait for an unavailable log", () => {
    const bench = new Bench({ heartbeatMs: 5000, windowBytes: 0 });
    bench.subscribe(bench.listener());
    const old = bench.subscribe(bench.listener()).position;
    bench.publish(3);
    bench.log.habits.outage = "refuses";
    const listener = bench.listener();
    bench.subscribe(listener, undefined, old);
    bench.clock.advance(6000);
    expect(listener.timeline.map(([, records]) => records)).toEqual([0]);
    expect(listener.chunks[0]?.chunk.through).toEqual(old);
  });
});

describe("slow subscribers", () => {
  test("are closed within a second after stallMs, with their position", () => {
    const bench = new Bench({ stallMs: 3000 });
    const slow = bench.listener();
    const quick = bench.listener();
    bench.subscribe(slow);
    bench.subscribe(quick);
    slow.sent = "queued";
    bench.clock.advance(500);
    const position = bench.publish();
    bench.publish(2);
    bench.clock.advance(4000);
    expect(slow.timeline).toHaveLength(1);
    expect(slow.ends).toEqual([{ ms: bench.startMs + 4000, reason: "slow_subscriber", position }]);
    expect(quick.chunks.flatMap(({ chunk }) => chunk.records)).toHaveLength(3);
    expect(bench.hub.stats().subscriptions).toBe(1);
  });

  test("that drain in time go on where they were", () => {
    const bench = new Bench();
    const listener = bench.listener();
    const subscription = bench.subscribe(listener);
    listener.sent = "queued";
    bench.publish();
    bench.publish(5);
    bench.clock.advance(1000);
    listener.sent = "sent";
    subscription.drained();
    expect(listener.timeline.map(([, records]) => records)).toEqual([1, 5]);
  });
});

describe("a subscriber that throws", () => {
  test("ends, and the others of its channel get everything", () => {
    const bench = new Bench();
    const before = bench.listener();
    const after = bench.listener();
    const reasons: string[] = [];
    bench.subscribe(before);
    bench.subscribe({
      deliver() {
        throw new TypeError("cannot render");
      },
      reset: () => "sent",
      end(reason) {
        reasons.push(reason instanceof Failure ? reason.code : reason);
        throw new TypeError("cannot end");
      },
    });
    bench.subscribe(after);
    bench.publish();
    bench.clock.advance(10);
    bench.publish();
    expect(reasons).toEqual(["internal"]);
    expect([before.timeline.length, after.timeline.length]).toEqual([2, 2]);
  });
});

describe("bounds", () => {
  test("refuse a subscription too many as overloaded, until another one ends", () => {
    const bench = new Bench({ subscriptionsMax: 2 });
    const first = bench.subscribe(bench.listener());
    bench.subscribe(bench.listener());
    const refused = bench.call(bench.hub.subscribe("t", undefined, "live", bench.listener()));
    expect(refused.failure?.code).toBe("overloaded");
    expect(refused.failure?.retryAfterMs).toBeGreaterThan(0);
    first.close();
    bench.subscribe(bench.listener());
    expect(bench.hub.stats().subscriptions).toBe(2);
  });

  test("apply to subscriptions that wait for the same answer", () => {
    const bench = new Bench({ subscriptionsMax: 2 });
    const calls = Array.from({ length: 5 }, () =>
      bench.hub.subscribe("t", undefined, "live", bench.listener()),
    );
    const answers = calls.map((promise) => bench.call(promise));
    expect(answers.filter(({ result }) => result !== undefined)).toHaveLength(2);
    expect(answers.filter(({ failure }) => failure?.code === "overloaded")).toHaveLength(3);
  });
});

describe("a topic", () => {
  test("without subscribers is closed after idleMs, and read again for the next one", () => {
    const bench = new Bench({ idleMs: 2000 });
    bench.subscribe(bench.listener()).close();
    bench.clock.advance(1000);
    expect(bench.hub.stats().topics).toBe(1);
    bench.clock.advance(2000);
    expect(bench.hub.stats().topics).toBe(0);
    expect([bench.clock.timers, bench.log.open]).toEqual([0, 0]);
    const listener = bench.listener();
    bench.subscribe(listener);
    bench.publish();
    expect(listener.timeline).toHaveLength(1);
  });

  test("gives up records that are older than windowMs: who resumes before them gets them of the log", () => {
    const bench = new Bench({ windowMs: 5000, heartbeatMs: 60_000 });
    bench.subscribe(bench.listener());
    const first = bench.publish();
    bench.clock.advance(4000);
    expect(bench.hub.stats().windowBytes).toBeGreaterThan(0);
    bench.clock.advance(3000);
    expect(bench.hub.stats().windowBytes).toBe(0);
    const last = bench.publish(2);
    const late = bench.listener();
    bench.subscribe(late, undefined, { epoch: parsePosition(first).epoch, sequence: 0, index: 0 });
    bench.clock.advance(100);
    const records = late.chunks.flatMap(({ chunk }) => chunk.records);
    expect(records.map(({ position }) => renderPosition(position)).at(0)).toBe(first);
    expect(records.map(({ position }) => renderPosition(position)).at(-1)).toBe(last);
    expect(records).toHaveLength(3);
  });

  test("that is missing is not_found", () => {
    const bench = new Bench();
    const call = bench.call(bench.hub.subscribe("none", undefined, "live", bench.listener()));
    bench.log.remove("t");
    expect(call.result).toBeUndefined();
    expect(call.failure?.code).toBe("not_found");
    expect(bench.hub.stats().topics).toBe(0);
  });

  test("that was recreated resets its subscribers, and goes on", () => {
    const bench = new Bench();
    const listener = bench.listener();
    bench.subscribe(listener);
    bench.publish(3);
    bench.clock.advance(1);
    // Read, and pending for the next flush.
    bench.publish(2);
    bench.log.create("t");
    bench.clock.settle();
    expect(listener.timeline.map(([, records]) => records)).toEqual([3, 2]);
    expect(listener.resets).toHaveLength(1);
    bench.publish(4);
    bench.clock.advance(10);
    expect(listener.timeline.map(([, records]) => records)).toEqual([3, 2, 4]);
  });
});

describe("starts", () => {
  test("earliest gives everything kept, and has a true position from the beginning", () => {
    const bench = new Bench();
    bench.publish(3);
    const listener = bench.listener();
    const subscription = bench.subscribe(listener, undefined, "earliest");
    expect(subscription.position.epoch).toBe(bench.startMs);
    bench.clock.advance(10);
    expect(listener.timeline.map(([, records]) => records)).toEqual([3]);
  });

  test("live gives nothing that is older than the reader", () => {
    const bench = new Bench();
    bench.publish(3);
    const listener = bench.listener();
    bench.subscribe(listener);
    bench.clock.advance(10);
    expect(listener.timeline).toEqual([]);
  });

  test("after the end of a key, nothing follows", () => {
    const bench = new Bench();
    const listener = bench.listener();
    bench.subscribe(listener, "a");
    bench.publish(1, "a");
    const position = bench.publish(1, "a", endType);
    bench.clock.advance(10);
    bench.publish(1, "a");
    expect(listener.ends).toEqual([{ ms: bench.startMs + 4, reason: "ended", position }]);
    expect(listener.chunks.flatMap(({ chunk }) => chunk.records)).toHaveLength(2);
  });
});

describe("close", () => {
  test("ends every subscription as shutting_down, with its position", () => {
    const bench = new Bench();
    const live = bench.listener();
    const stalled = bench.listener();
    bench.subscribe(live);
    bench.subscribe(stalled);
    stalled.sent = "queued";
    const first = bench.publish();
    bench.clock.advance(10);
    const second = bench.publish();
    bench.hub.close();
    bench.clock.settle();
    expect(live.ends.map(({ reason, position }) => [reason, position])).toEqual([
      ["shutting_down", second],
    ]);
    expect(stalled.ends.map(({ reason, position }) => [reason, position])).toEqual([
      ["shutting_down", first],
    ]);
    expect(bench.hub.stats()).toEqual({ topics: 0, subscriptions: 0, windowBytes: 0 });
    expect([bench.clock.timers, bench.log.open]).toEqual([0, 0]);
  });

  test("refuses later subscriptions", () => {
    const bench = new Bench();
    bench.hub.close();
    const call = bench.call(bench.hub.subscribe("t", undefined, "live", bench.listener()));
    expect(call.failure?.code).toBe("shutting_down");
  });

  test("leaves nothing behind of a topic whose reader was about to begin", () => {
    const bench = new Bench();
    bench.log.habits.outage = "hangs";
    const waiting = bench.hub.subscribe("t", undefined, "live", bench.listener());
    bench.clock.settle();
    bench.hub.close();
    bench.log.habits.outage = "none";
    bench.log.wake();
    expect(bench.call(waiting).failure?.code).toBe("shutting_down");
    expect([bench.clock.timers, bench.log.open]).toEqual([0, 0]);
  });
});

test("a reader whose topic's window was given up for another topic is replayed from the log", () => {
  const bench = new Bench({ coalesceMs: 0 }, 2000);
  bench.log.create("u");
  const of = (topic: string) => {
    const listener = bench.listener();
    const { result } = bench.call(bench.hub.subscribe(topic, undefined, "live", listener));
    if (result === undefined) throw new Error("subscribe has not answered");
    return { listener, position: result.position };
  };
  const { position } = of("t");
  for (let n = 0; n < 20; n++) bench.publish();
  of("u");
  const record = {
    value: new Uint8Array(800),
    key: "",
    contentType: jsonType,
    schemaId: 0,
    timeNs: 0n,
  };
  for (let n = 0; n < 20; n++) {
    bench.log.publish("u", [record], false);
    bench.clock.settle();
    expect(bench.hub.stats().windowBytes).toBeLessThanOrEqual(2000);
  }
  const late = bench.listener();
  bench.subscribe(late, undefined, position);
  bench.clock.advance(100);
  const sequences = late.chunks.flatMap(({ chunk }) =>
    chunk.records.map((r) => r.position.sequence),
  );
  expect(sequences).toEqual(Array.from({ length: 20 }, (_, i) => position.sequence + 1 + i));
});
