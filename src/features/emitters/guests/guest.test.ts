import { expect, test } from "bun:test";
import { createGuest } from "./guest.ts";

const levels = new Set(["DEBUG", "INFO", "WARN", "ERROR"]);

test("each line is JSON, the same on every node, and ends with its number", () => {
  const guest = createGuest("abc");
  const other = createGuest("abc");
  for (let n = 1; n < 20_000; n++) {
    const line = guest.event(n, 1_800_000_000_000 + n);
    expect(line).toBe(other.event(n, 1_800_000_000_000 + n));
    const event = JSON.parse(line);
    expect(Object.keys(event)).toEqual([
      "timestamp",
      "level",
      "host",
      "process",
      "pid",
      "message",
      "n",
    ]);
    expect(event.n).toBe(n);
    expect(levels.has(event.level)).toBe(true);
    expect(Number.isInteger(event.pid)).toBe(true);
    if (event.message.length > 160) throw new Error(line);
  }
});

test("it boots, serves with few warnings and errors, and is redeployed", () => {
  for (const id of ["a", "b", "c", "d"]) {
    const guest = createGuest(id);
    const events = Array.from({ length: 10_000 }, (_, i) => JSON.parse(guest.event(i + 1, 0)));
    expect(events[0].process).toBe("kernel");
    const kernel = events.filter((event) => event.process === "kernel");
    const times = kernel.map((event) => Number(/\[ *([0-9.]+)\]/.exec(event.message)?.[1]));
    expect(times).toEqual(times.toSorted((x, y) => x - y));
    expect(new Set(events.map((event) => event.host)).size).toBe(1);
    const share = (level: string) =>
      events.filter((event) => event.level === level).length / 10_000;
    expect(share("INFO")).toBeGreaterThan(0.75);
    expect(share("WARN")).toBeWithin(0.01, 0.06);
    expect(share("ERROR")).toBeWithin(0.001, 0.02);
    const deployed = events.filter((event) => event.message.startsWith("Received SIGTERM"));
    expect(deployed.length).toBeGreaterThan(0);
    expect(
      new Set(events.filter((event) => event.process === "app").map((event) => event.pid)).size,
    ).toBe(deployed.length + 1);
  }
});

test("two instances write different lines", () => {
  const [a, b] = [createGuest("a"), createGuest("b")];
  let same = 0;
  for (let n = 100; n < 1100; n++) if (a.event(n, 0) === b.event(n, 0)) same++;
  expect(same).toBe(0);
});
