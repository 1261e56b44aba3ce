import { expect, test } from "bun:test";
import { SimClock } from "../../../test/simulation/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { topicNotFound } from "../answers.ts";
import { AppendLines } from "./append-line.ts";

const topic = "orders";

/** A stream whose answers the test gives, and appends to it that are published until they are stored. */
class Stream {
  readonly clock = new SimClock();
  /** What was published, in that order. */
  readonly published: string[] = [];
  readonly results: string[] = [];
  isRemoved = false;
  isConnected = true;
  readonly #answers = new Map<string, (outcome: "stored" | "lost") => void>();
  readonly #lines = new AppendLines(
    {
      clock: this.clock,
      ready: () =>
        this.isConnected || Promise.reject(new Failure("unavailable", "the connection is lost")),
    },
    {
      confirm: () =>
        Promise.reject(
          this.isRemoved ? topicNotFound(topic) : new Failure("unavailable", "no leader"),
        ),
    },
  );

  append(name: string, isRepeatable = false): void {
    const untilMs = this.clock.nowMs() + 8_000;
    const check = () => {
      if (this.clock.nowMs() > untilMs) throw new Failure("unavailable", "it is too late");
    };
    const line = this.#lines.enter(topic, { check }, isRepeatable);
    const attempt = () => {
      this.published.push(name);
      return new Promise<"stored" | "lost">((resolve) => {
        this.#answers.set(name, (outcome) => {
          if (outcome === "stored") line.stored();
          resolve(outcome);
        });
      });
    };
    const store = async () => {
      try {
        while ((await line.publish(attempt)) === "lost");
        this.results.push(`${name} stored`);
      } catch (error) {
        this.results.push(`${name} ${failureFrom(error).code}`);
      } finally {
        line.end();
      }
    };
    void store();
  }

  answer(outcome: "stored" | "lost", ...names: string[]): void {
    for (const name of names) this.#answers.get(name)?.(outcome);
    this.clock.settle();
  }

  /** What was published since the last call. */
  get sent(): string {
    return this.published.splice(0).join("");
  }
}

test("with a leader appends do not wait for one another", () => {
  const stream = new Stream();
  for (const name of ["a", "b", "c"]) stream.append(name);
  expect(stream.sent).toBe("abc");
  stream.answer("stored", "b", "a", "c");
  expect(stream.results).toEqual(["b stored", "a stored", "c stored"]);
  expect(stream.clock.timers).toBe(0);
});

test("without a leader they are published again in their order, and new ones after them", () => {
  const stream = new Stream();
  stream.append("a");
  stream.answer("lost", "a");
  stream.clock.advance(50);
  stream.append("b");
  stream.append("c");
  expect(stream.sent).toBe("a");
  stream.clock.advance(50);
  expect(stream.sent).toBe("a");
  // While the oldest has no answer nothing follows it.
  stream.clock.advance(300);
  stream.append("d");
  stream.answer("lost", "a");
  stream.clock.advance(100);
  expect(stream.sent).toBe("a");
  stream.answer("stored", "a");
  expect(stream.sent).toBe("bcd");
  stream.append("e");
  expect(stream.sent).toBe("e");
  stream.answer("stored", "b", "c", "d", "e");
  expect(stream.results.toSorted()).toEqual(
    ["a", "b", "c", "d", "e"].map((name) => `${name} stored`),
  );
  stream.clock.advance(200);
  expect(stream.clock.timers).toBe(0);
});

test("all that were lost together go in their order, whatever the order of their answers", () => {
  const stream = new Stream();
  for (const name of ["a", "b", "c"]) stream.append(name);
  stream.answer("lost", "c", "a", "b");
  stream.clock.advance(100);
  expect(stream.sent).toBe("abca");
  stream.answer("stored", "a");
  expect(stream.sent).toBe("bc");
});

test("where a later append is stored, an earlier one is refused and not stored after it", () => {
  const stream = new Stream();
  for (const name of ["a", "b", "c"]) stream.append(name);
  stream.answer("lost", "a");
  // `b` may be stored yet: `a` waits for its answer.
  stream.clock.advance(1_000);
  expect(stream.sent).toBe("abc");
  stream.answer("stored", "b");
  expect(stream.results).toEqual(["a unavailable", "b stored"]);
  stream.answer("lost", "c");
  stream.clock.advance(100);
  expect(stream.sent).toBe("c");
  stream.answer("stored", "c");
  expect(stream.results).toEqual(["a unavailable", "b stored", "c stored"]);
});

test("one whose answer was lost after a later one was stored is refused", () => {
  const stream = new Stream();
  stream.append("a", true);
  stream.append("b");
  stream.answer("stored", "b");
  stream.answer("lost", "a");
  stream.clock.advance(1_000);
  expect(stream.sent).toBe("ab");
  expect(stream.results).toEqual(["b stored", "a unavailable"]);
});

test("what waits lets an earlier one be published again first, where its answer may be lost", () => {
  const stream = new Stream();
  stream.append("a", true);
  stream.append("b");
  stream.answer("lost", "b");
  stream.clock.advance(1_000);
  expect(stream.sent).toBe("ab");
  stream.answer("lost", "a");
  stream.clock.advance(100);
  expect(stream.sent).toBe("a");
  stream.answer("stored", "a");
  expect(stream.sent).toBe("b");
});

test("each fails at its time, and all once the topic is removed or the connection is lost", () => {
  const late = new Stream();
  late.append("a");
  late.answer("lost", "a");
  late.clock.advance(4_000);
  late.append("b");
  late.clock.advance(4_000);
  late.answer("lost", "a");
  late.clock.advance(200);
  expect(late.results).toEqual(["a unavailable"]);
  expect(late.sent).toBe("aab");
  late.answer("stored", "b");
  expect(late.results).toEqual(["a unavailable", "b stored"]);

  const removed = new Stream();
  removed.isRemoved = true;
  removed.append("a");
  removed.append("b");
  removed.answer("lost", "a", "b");
  expect(removed.results).toEqual(["a not_found", "b not_found"]);

  const cut = new Stream();
  cut.append("a");
  cut.append("b");
  cut.answer("lost", "a", "b");
  cut.isConnected = false;
  cut.clock.advance(100);
  expect(cut.results).toEqual(["a unavailable", "b unavailable"]);
  expect(cut.sent).toBe("ab");
});
