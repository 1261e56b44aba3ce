import { expect, test } from "bun:test";
import { SimClock } from "../../test/simulation/clock.ts";
import { Failure } from "./failure.ts";
import { OwnedTask, type OwnedWork } from "./owned-task.ts";
import type { Owned, Ownership } from "./projection.ts";

/** Grants the name at once, or fails `failing` times first; records what happened. */
class FakeOwnership implements Ownership {
  readonly events: string[] = [];
  failing = 0;
  lost = new AbortController();

  async acquire(name: string, signal: AbortSignal): Promise<Owned> {
    if (this.failing > 0) {
      this.failing--;
      throw new Failure("unavailable", "no database");
    }
    if (signal.aborted) throw new Failure("cancelled", "ended");
    this.events.push(`acquired ${name}`);
    this.lost = new AbortController();
    return {
      lost: this.lost.signal,
      release: async () => {
        this.events.push("released");
      },
    };
  }
}

function rig(work: OwnedWork, everyMs?: number) {
  const clock = new SimClock();
  const ownership = new FakeOwnership();
  const stop = new AbortController();
  const lines: { level: string; message: string; fields: unknown }[] = [];
  const task = new OwnedTask(
    {
      name: "sweeps",
      task: "sweep",
      fields: { kind: "test" },
      ownership,
      clock,
      logger: (level, message, fields) => lines.push({ level, message, fields }),
      signal: stop.signal,
      ...(everyMs === undefined ? {} : { everyMs }),
    },
    work,
  );
  const end = async () => {
    stop.abort();
    await task.done;
  };
  return { clock, ownership, task, lines, stop, end };
}

test("the owner works turn by turn with a rest between them, and releases the name at the end", async () => {
  let turns = 0;
  const { clock, ownership, task, lines, end } = rig(async () => {
    turns++;
  }, 1000);
  clock.advance(2500);
  expect(turns).toBe(3);
  expect(task.status()).toEqual({ owned: true, failures: 0, lastFailure: undefined });
  expect(lines).toEqual([
    { level: "info", message: "sweep owned by this node", fields: { kind: "test" } },
  ]);
  await end();
  expect(task.status().owned).toBe(false);
  expect(ownership.events).toEqual(["acquired sweeps", "released"]);
  expect(clock.timers).toBe(0);
});

test("a failed turn is retried with back-off, and keeps the name; progress shortens the wait again", async () => {
  const atMs: number[] = [];
  const failing = new Set([1, 2, 3, 4]);
  const { clock, ownership, task, lines, end } = rig(async ({ progressed }) => {
    atMs.push(clock.nowMs());
    if (atMs.length === 4) progressed();
    if (failing.has(atMs.length)) throw new Failure("unavailable", `failure ${atMs.length}`);
  }, 60_000);
  clock.advance(5000);
  const waits = atMs.slice(1).map((ms, i) => ms - (atMs[i] ?? 0));
  expect(waits).toEqual([100, 200, 400, 100]);
  expect(ownership.events).toEqual(["acquired sweeps"]);
  expect(task.status()).toEqual({ owned: true, failures: 4, lastFailure: "failure 4" });
  expect(lines[1]).toEqual({
    level: "warn",
    message: "sweep failed; retrying",
    fields: { kind: "test", code: "unavailable", reason: "failure 1", cause: undefined },
  });
  await end();
});

test("a conflict has the name released and owned again; an unexpected error is logged as one", async () => {
  let turns = 0;
  const { clock, ownership, lines, end } = rig(async () => {
    turns++;
    if (turns === 1) throw new Failure("conflict", "another owner went on");
    if (turns === 2) throw new Error("a bug");
  }, 1000);
  clock.advance(500);
  expect(ownership.events).toEqual(["acquired sweeps", "released", "acquired sweeps"]);
  expect(turns).toBe(3);
  const failed = lines.filter(({ message }) => message === "sweep failed; retrying");
  expect(failed.map(({ level }) => level)).toEqual(["warn", "error"]);
  expect(failed[1]?.fields).toMatchObject({ code: "internal", cause: "a bug" });
  await end();
});

test("a lost name stops the turn, and is owned again", async () => {
  const stops: boolean[] = [];
  const { clock, ownership, task, end } = rig(async ({ stop }) => {
    await new Promise<void>((resolve) => {
      stop.addEventListener("abort", () => resolve(), { once: true });
    });
    stops.push(stop.aborted);
    throw new Failure("cancelled", "the read was cancelled");
  });
  clock.settle();
  ownership.lost.abort();
  clock.settle();
  expect(stops).toEqual([true]);
  expect(ownership.events).toEqual(["acquired sweeps", "released", "acquired sweeps"]);
  expect(task.status()).toMatchObject({ owned: true, failures: 0 });
  await end();
});

test("acquiring a name is retried with back-off", async () => {
  let turns = 0;
  const { clock, ownership, task, end } = rig(async () => {
    turns++;
  }, 1000);
  ownership.failing = 3;
  // The first attempt was made when the task began.
  ownership.lost.abort();
  clock.advance(1000);
  expect(ownership.failing).toBe(0);
  expect(task.status()).toMatchObject({ owned: true, failures: 3, lastFailure: "no database" });
  expect(turns).toBeGreaterThan(0);
  await end();
});

test("work that is done ends the task on this node; failures it dealt with are counted", async () => {
  const { clock, ownership, task } = rig(async () => {
    task.recordFailure(new Failure("too_large", "one record"));
    return "done";
  });
  clock.settle();
  await task.done;
  expect(ownership.events).toEqual(["acquired sweeps", "released"]);
  expect(task.status()).toEqual({ owned: false, failures: 1, lastFailure: "one record" });
});
