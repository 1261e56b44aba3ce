import { expect, test } from "bun:test";
import {
  parseDuration,
  parseShown,
  queryFromView,
  rangeBetween,
  renderDurationNs,
  renderShown,
  viewFromQuery,
} from "./view.ts";

test.each([
  ["boiler-7~0,2~mean", { tag: "boiler-7", columns: [0, 2], agg: "mean", of: "" }],
  ["a~b~~last", { tag: "a~b", columns: [], agg: "last", of: "" }],
  ["x~1~moving:5m", { tag: "x", columns: [1], agg: "moving", of: "5m" }],
  ["x~1~moving", { tag: "x", columns: [1], agg: "moving", of: "1m" }],
  ["x~0~weighted:2", { tag: "x", columns: [0], agg: "weighted", of: "2" }],
] as const)("%s is a tag, its columns and an aggregate", (text, shown) => {
  expect(parseShown(text)).toEqual({ ...shown, columns: [...shown.columns] });
  expect(parseShown(renderShown(parseShown(text)))).toEqual(parseShown(text));
});

test.each(["boiler", "a~b", "x~0~median", "x~99~mean", "~0~mean", "x~1,,2~mean~"])(
  "%s is a tag as it stands",
  (text) => {
    expect(parseShown(text)).toEqual({ tag: text, columns: [], agg: "mean", of: "" });
  },
);

test("an address is a view, and the view is that address", () => {
  const text =
    "s=a%7E0%7Emean&s=b%7E%7Elast&start=1795946531420113007&end=1795946531420113107&fill=linear&table=1";
  const view = viewFromQuery(new URLSearchParams(text));
  expect(view.range).toEqual({ startNs: 1795946531420113007n, endNs: 1795946531420113107n });
  expect([view.shown.length, view.fill, view.isTable, view.isLive]).toEqual([
    2,
    "linear",
    true,
    false,
  ]);
  const again = new URLSearchParams();
  for (const [name, value] of Object.entries(queryFromView(view))) {
    for (const one of [value ?? []].flat()) again.append(name, one);
  }
  expect(viewFromQuery(again)).toEqual(view);
});

test("what an address has wrong is as if it was left out", () => {
  const view = (text: string) => viewFromQuery(new URLSearchParams(text));
  const quarter = { lastNs: 900_000_000_000n };
  for (const text of ["", "last=soon", "start=5", "start=9&end=5", "start=x&end=y", "last=0s"]) {
    expect(view(text).range).toEqual(quarter);
  }
  expect(view("start=2026-11-29T10:00:00.000000001Z&end=1795954000000000000").range).toEqual({
    startNs: 1_795_946_400_000_000_001n,
    endNs: 1_795_954_000_000_000_000n,
  });
  expect(view("fill=zero").fill).toBe("null");
  // A range of fixed times does not follow.
  expect(view("start=1&end=100&live=1").isLive).toBe(false);
  expect(view("last=1h&live=1").isLive).toBe(true);
});

test("durations are written in the largest unit that divides them", () => {
  for (const text of ["15m", "90s", "1d", "36us", "10ns", "1500ms"]) {
    expect(renderDurationNs(parseDuration(text) ?? 0n)).toBe(text);
  }
  expect(renderDurationNs(parseDuration("120s") ?? 0n)).toBe("2m");
  expect(parseDuration("9ns")).toBeUndefined();
  expect(parseDuration("99999999999999d")).toBeUndefined();
});

test("a zoom stays within int64, in order, and wide enough to be drawn", () => {
  expect(rangeBetween(50n, 20n)).toEqual({ startNs: 20n, endNs: 50n });
  expect(rangeBetween(20n, 22n)).toEqual({ startNs: 20n, endNs: 30n });
  const widest = rangeBetween(-(2n ** 70n), 2n ** 70n);
  expect(widest).toEqual({ startNs: -(2n ** 63n - 1n), endNs: 2n ** 63n - 1n });
});
