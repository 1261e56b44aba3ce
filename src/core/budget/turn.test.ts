import { expect, test } from "bun:test";
import { type Lane, type TurnClock, Turns } from "./turn.ts";

class Loop implements TurnClock {
  nowMs = 0;
  readonly #due: (() => void)[] = [];

  elapsedMs(): number {
    return this.nowMs;
  }

  later(callback: () => void): void {
    this.#due.push(callback);
  }

  /** One round of the event loop; false: nothing was due. */
  async round(): Promise<boolean> {
    const callbacks = this.#due.splice(0);
    for (const callback of callbacks) callback();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return callbacks.length > 0;
  }
}

/** Works for `steps` milliseconds, one at a time, and notes each. */
async function work(
  loop: Loop,
  turns: Turns,
  steps: number,
  note: () => void,
  lane?: Lane,
): Promise<void> {
  const turn = turns.open(undefined, lane);
  for (let i = 0; i < steps; i++) {
    if (turn.isOver) await turn.next();
    loop.nowMs++;
    note();
  }
}

test("many pieces of work take one slice in a round of the loop, and are served in order", async () => {
  const loop = new Loop();
  const turns = new Turns(loop);
  let round = "";
  const done = ["a", "b", "c"].map((name) => work(loop, turns, 10, () => (round += name)));
  const rounds: string[] = [];
  do {
    rounds.push(round);
    round = "";
  } while (await loop.round());
  await Promise.all(done);
  expect(rounds.filter((text) => text !== "")).toEqual([
    // It takes the slice. The others begin before it goes on, and each gets a step at least.
    "aaa",
    "bbbca",
    "bbb",
    "ccc",
    "aaa",
    "bbb",
    "ccc",
    "aaa",
    "b",
    "ccc",
  ]);
  expect(turns.waiting).toBe(0);
});

test("short work does not wait for long work that came before it, nor does long work wait forever", async () => {
  const loop = new Loop();
  const turns = new Turns(loop);
  const long = Array.from({ length: 20 }, () => work(loop, turns, 50, () => {}));
  for (let i = 0; i < 3; i++) await loop.round();
  let short = 0;
  let rounds = 0;
  let begun = 0;
  const done: Promise<void>[] = [];
  while (turns.waiting > 0) {
    if (rounds < 30) done.push(work(loop, turns, 1, () => short++));
    if (rounds < 30) begun++;
    // Each is done within two rounds.
    expect(short).toBeGreaterThanOrEqual(begun - 2);
    rounds++;
    expect(rounds).toBeLessThan(400);
    await loop.round();
  }
  await Promise.all([...long, ...done]);
});

test("what delivers has three slices of four, however much else waits", async () => {
  const loop = new Loop();
  const turns = new Turns(loop);
  let round = "";
  const done = Array.from({ length: 20 }, () => work(loop, turns, 50, () => (round += "x")));
  for (let i = 0; i < 10; i++) await loop.round();
  done.push(work(loop, turns, 50, () => (round += "d"), "delivery"));
  const slices: string[] = [];
  do {
    round = "";
    await loop.round();
    slices.push(round);
  } while (slices.join("").split("d").length <= 50);
  expect(slices.length).toBeLessThan(23);
  // Nor does the other work wait for all of it.
  expect(slices.filter((slice) => slice.includes("xxx")).length).toBeGreaterThan(4);
  while (turns.waiting > 0) await loop.round();
  await Promise.all(done);
});

test("work whose caller left ends with cancelled, before its next slice and after it", async () => {
  const loop = new Loop();
  const turns = new Turns(loop);
  const leaving = new AbortController();
  const turn = turns.open(leaving.signal);
  const waiting = turn.next();
  leaving.abort();
  await loop.round();
  await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
  await expect(turn.next()).rejects.toMatchObject({ code: "cancelled" });
  expect(turns.waiting).toBe(0);
});

test("timers and sockets are served between the slices of endless work", async () => {
  const turns = new Turns();
  const over = new AbortController();
  const busy = Array.from({ length: 10 }, async () => {
    const turn = turns.open(over.signal);
    for (;;) if (turn.isOver) await turn.next();
  });
  let timers = 0;
  const timer = setInterval(() => timers++, 10);
  await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(timer);
  over.abort();
  const ends = await Promise.allSettled(busy);
  expect(ends.map(({ status }) => status)).toEqual(ends.map(() => "rejected"));
  expect(timers).toBeGreaterThan(10);
});
