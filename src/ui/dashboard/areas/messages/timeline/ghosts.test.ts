import { describe, expect, test } from "bun:test";
import { nsFromTime } from "../../../kit/time-text.ts";
import type { AppSettings, Funnel, Lifecycle } from "../api.ts";
import { ghostsOf } from "./ghosts.ts";

const start = "2026-11-21T10:00:00.000Z";

function at(ms: number): string {
  return new Date(Date.parse(start) + ms).toISOString();
}

function seen(event: string, ms: number) {
  return {
    event,
    first_at: at(ms),
    last_at: at(ms),
    received_first_at: at(ms),
    received_last_at: at(ms),
    count: 1,
  };
}

function message(...events: Lifecycle["events"]): Lifecycle {
  return { app_id: "a", message_id: "m", state: "open", events, missing: [] };
}

const app: AppSettings = {
  app_id: "a",
  expected: ["CREATED", "STORED", "SENT"],
  deadline_ms: 60_000,
  retention_ms: null,
  kept_ms: 604_800_000,
};

function funnelOf(...delays: readonly (readonly [p50: number, p99: number] | undefined)[]): Funnel {
  const stages = app.expected.map((event, i) => {
    const delay = delays[i];
    const delay_ms = delay === undefined ? null : { p50: delay[0], p90: delay[1], p99: delay[1] };
    return { event, reached: 1, repeats: 0, delay_ms };
  });
  return { lifecycles: 1, more: false, stages };
}

const funnel = funnelOf(undefined, [10, 50], [1200, 4000]);

function ghosts(lifecycle: Lifecycle, nowMs: number, more: Partial<AppSettings> = {}) {
  const input = { lifecycle, app: { ...app, ...more }, funnel, nowNs: nsFromTime(at(nowMs)) };
  return ghostsOf(input);
}

describe("a missing stage", () => {
  const stored = message(seen("CREATED", 0), seen("STORED", 100));

  test("is where it usually is, after the stage before it", () => {
    const [sent, ...others] = ghosts(stored, 900);
    expect(others).toEqual([]);
    expect(sent).toMatchObject({
      event: "SENT",
      after: "STORED",
      reason: "not due",
      usualNs: nsFromTime(at(1300)),
      latestNs: nsFromTime(at(4100)),
    });
    expect([sent?.why, sent?.usual]).toEqual([
      "Not due yet. Overdue in 59 s.",
      "Usually 1.2 s after STORED, 99 of 100 within 4 s; now 800 ms.",
    ]);
  });

  test("is late past the time of 99 of 100, overdue past the deadline", () => {
    expect(ghosts(stored, 4100)[0]?.reason).toBe("not due");
    const [late] = ghosts(stored, 48_100);
    expect([late?.reason, late?.why, late?.usual]).toEqual([
      "late",
      "Late. Overdue in 11 s.",
      "Usually 1.2 s after STORED, 99 of 100 within 4 s; now 48 s.",
    ]);
    const [overdue] = ghosts(stored, 63_000);
    expect([overdue?.reason, overdue?.why]).toEqual(["overdue", "Overdue for 3 s."]);
    expect(ghosts(stored, 63_000, { deadline_ms: null })[0]?.reason).toBe("late");
  });

  test("behind another missing one counts from where that usually is", () => {
    const [first, second] = ghosts(message(seen("CREATED", 0)), 900);
    expect([first?.usualNs, second?.usualNs]).toEqual([nsFromTime(at(10)), nsFromTime(at(1210))]);
    expect([first?.latestNs, second?.latestNs]).toEqual([nsFromTime(at(50)), nsFromTime(at(4050))]);
    expect(second?.usual).toBe("Usually 1.2 s after STORED, 99 of 100 within 4 s.");
  });

  test("has no place where nothing is known of it", () => {
    const [created] = ghosts(message(seen("STORED", 0)), 900);
    expect(created).toMatchObject({ after: undefined, usualNs: undefined, reason: "not due" });
    const nowNs = nsFromTime(at(900));
    const [sent] = ghostsOf({ lifecycle: stored, app, funnel: undefined, nowNs });
    expect(sent).toMatchObject({ usualNs: undefined, latestNs: undefined });
    expect(sent?.usual).toBe("How long after STORED it usually comes is not known.");
  });

  test("is hidden where it would be among the names that a lifecycle does not keep", () => {
    const many = { ...message(seen("CREATED", 0), seen("ELSE", 1)), events_not_shown: 3 };
    const reasons = ghosts(many, 900).map(({ event, reason }) => [event, reason]);
    expect(reasons).toEqual([
      ["STORED", "hidden"],
      ["SENT", "hidden"],
    ]);
    const kept = { ...message(seen("CREATED", 0), seen("ZZ", 1)), events_not_shown: 3 };
    expect(ghosts(kept, 10)[0]?.reason).toBe("not due");
  });

  test("is not kept where it usually comes longer before the first seen one than a lifecycle is kept", () => {
    const sent = message(seen("SENT", 0));
    const reasons = (kept_ms: number) =>
      ghosts(sent, 90_000, { kept_ms }).map(({ event, reason }) => [event, reason]);
    expect(reasons(1000)).toEqual([
      ["CREATED", "not kept"],
      ["STORED", "not kept"],
    ]);
    expect(reasons(0)[0]).toEqual(["CREATED", "overdue"]);
    expect(reasons(3_600_000)[0]).toEqual(["CREATED", "overdue"]);
  });
});
