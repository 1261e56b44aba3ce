import { expect, test } from "bun:test";
import type { SeenEvent } from "../api.ts";
import type { Ghost } from "./ghosts.ts";
import { nameOf, rowsOf, timesOf } from "./rows.ts";
import { skewsOf } from "./skew.ts";

function at(ms: number): string {
  return new Date(1_795_000_000_000 + ms).toISOString();
}

function seen(event: string, told: number, received: number | undefined, count = 1): SeenEvent {
  const receivedAt = received === undefined ? null : at(received);
  const times = { received_first_at: receivedAt, received_last_at: receivedAt };
  return { event, first_at: at(told), last_at: at(told), ...times, count };
}

function ghost(event: string, after: string | undefined, usualNs?: bigint): Ghost {
  return { event, after, reason: "late", usualNs, latestNs: undefined, why: "", usual: "" };
}

test("rows are in the order of the clock that is shown; a missing stage is behind the one before it", () => {
  const events = [seen("A", 0, 9), seen("B", 5, 6), seen("OTHER", 7, undefined)];
  const ghosts = [ghost("FIRST", undefined), ghost("C", "B"), ghost("D", "C")];
  const names = (clock: "told" | "received") => rowsOf(events, ghosts, clock).map(nameOf);
  expect(names("told")).toEqual(["FIRST", "A", "B", "C", "D", "OTHER"]);
  expect(names("received")).toEqual(["FIRST", "B", "C", "D", "OTHER", "A"]);
  const gaps = rowsOf(events, [], "told").map((row) => row.kind === "seen" && row.gapNs);
  expect(gaps).toEqual([undefined, 5_000_000n, 2_000_000n]);
});

test("the drawing has room for the times of its clock", () => {
  const base = 1_795_000_000_000_000_000n;
  const rows = rowsOf([seen("A", 0, 9), seen("B", 5, undefined)], [ghost("C", "B", base)], "told");
  const ms = (clock: "told" | "received" | "both") =>
    [...new Set(timesOf(rows, clock).map((ns) => Number((ns - base) / 1_000_000n)))].toSorted(
      (a, b) => a - b,
    );
  expect(ms("told")).toEqual([0, 5]);
  // One without a time of receipt is where it was said to be.
  expect(ms("received")).toEqual([0, 5, 9]);
  expect(ms("both")).toEqual([0, 5, 9]);
});

test("wrong clocks are said in words, and nothing where they agree", () => {
  expect(skewsOf([seen("A", 0, 2), seen("B", 3, 3)], ["A", "B"])).toEqual([]);
  const [ahead] = skewsOf([seen("A", 3200, 1000)], ["A"]);
  expect(ahead?.sentence).toContain("at least 2.2 s ahead of the gateway's");
  const [order] = skewsOf([seen("B", 0, 50), seen("A", 2100, 20)], ["A", "B"]);
  expect(order?.event).toBe("A");
  expect(skewsOf([seen("A", 2100, 2120), seen("B", 0, 2150)], ["A", "B"])).toEqual([
    {
      event: "B",
      sentence:
        "B says that it happened 2.1 s before A, which is expected before it, and was received after it: the clocks of the two differ by at least 2.1 s, or B was sent late.",
    },
  ]);
  expect(skewsOf([seen("A", 5, undefined), seen("B", 0, undefined)], ["A", "B"])[0]?.sentence).toBe(
    "B says that it happened 5 ms before A, which is expected before it.",
  );
});
