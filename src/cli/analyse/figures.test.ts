import { describe, expect, test } from "bun:test";
import { SaxesParser } from "saxes";
import type { AckedId, Acks } from "./acks.ts";
import { delaysFigure, timesFigure } from "./figures.ts";
import { pngFromSvg } from "./png.ts";
import { csvOf, summaryOf } from "./report.ts";

const firstMs = Date.UTC(2026, 0, 31);

function id(n: number, topics: readonly (number | undefined)[], delayMs?: number): AckedId {
  const seenMs = topics.map((ms) => (ms === undefined ? undefined : firstMs + ms));
  const lastMs = Math.max(...seenMs.map((ms) => ms ?? 0));
  const ackMs = delayMs === undefined ? undefined : lastMs + delayMs;
  return {
    id: `id-${n}`,
    seenMs,
    seen: seenMs.map((ms) => (ms === undefined ? undefined : new Date(ms).toISOString())),
    ackMs,
    ack: ackMs === undefined ? undefined : new Date(ackMs).toISOString(),
    delayMs,
  };
}

function acksOf(ids: readonly AckedId[], rule = "r"): Acks {
  return { rule, topics: ["a", "b"], ids, firstMs, repeated: 0, withoutId: 0 };
}

const some = acksOf([
  ...Array.from({ length: 99 }, (_, n) => id(n, [n * 10, n * 10 + 5], n + 1)),
  id(99, [990, undefined]),
]);

/** The figure's texts, and how many points each path of dots has; throws unless it is XML. */
function read(svg: string) {
  const texts: string[] = [];
  const dots: { colour: string; count: number; ys: number[] }[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("text", (text) => text.trim() !== "" && texts.push(text));
  parser.on("opentag", ({ name, attributes: { d = "", stroke = "" } }) => {
    const all = [...d.matchAll(/M([\d.-]+) ([\d.-]+)h0/g)];
    if (name !== "path" || all.length === 0) return;
    expect(d).not.toContain("NaN");
    dots.push({ colour: stroke, count: all.length, ys: all.map(([, , y]) => Number(y)) });
  });
  parser.write(svg).close();
  return { texts, dots };
}

test("times: a point for each occurrence and each ack, and the middle again in the large", () => {
  const { texts, dots } = read(timesFigure(some));
  expect(dots.map(({ count }) => count)).toEqual([100, 99, 99, 50, 50, 50]);
  expect(new Set(dots.map(({ colour }) => colour)).size).toBe(3);
  for (const words of [
    "Occurrences and acks of rule r",
    "a",
    "b",
    "ack",
    "seconds since the first",
  ]) {
    expect(texts).toContain(words);
  }
  // Above is later: the acks are above the occurrences of their ids.
  const [, second, acks] = dots;
  expect(acks?.ys.every((y, i) => y <= (second?.ys[i] ?? 0))).toBe(true);
});

test("delays: a point for each ack, the median as a line with its value", () => {
  const { texts, dots } = read(delaysFigure(some));
  expect(dots.map(({ count }) => count)).toEqual([99]);
  expect(texts).toEqual(expect.arrayContaining(["median", "50 ms", "p99", "99 ms"]));
});

test("delays that are far apart are drawn on a logarithmic axis", () => {
  const ids = [...some.ids, id(200, [2000, 2001], 60_000)];
  const { texts } = read(delaysFigure(acksOf(ids)));
  expect(texts).toEqual(expect.arrayContaining(["milliseconds, logarithmic", "100,000"]));
});

describe("figures are drawn of whatever there is", () => {
  const cases: [string, Acks][] = [
    ["nothing", acksOf([])],
    ["one id", acksOf([id(1, [0, 0], 0)])],
    ["no acks", acksOf([id(1, [0, undefined]), id(2, [undefined, 5])])],
    ["many ids", acksOf(Array.from({ length: 50_000 }, (_, n) => id(n, [n, n + 1], 3)))],
    ["a rule of strange letters", acksOf([id(1, [0, 1], 2)], '<&">\u0001\ud800')],
  ];
  test.each(cases)("%s", (_what, acks) => {
    for (const svg of [timesFigure(acks), delaysFigure(acks)]) {
      const { dots } = read(svg);
      for (const { count } of dots) expect(count).toBeLessThanOrEqual(20_000);
      expect(svg.length).toBeLessThan(2_000_000);
    }
  });
});

test("a PNG is twice as fine as its SVG, and has the text in it", () => {
  const png = pngFromSvg(delaysFigure(some));
  expect(Buffer.from(png.subarray(0, 8)).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
  const view = new DataView(png.buffer, png.byteOffset);
  expect([view.getUint32(16), view.getUint32(20)]).toEqual([2400, 1240]);
  // Without a font the texts would be missing, and the picture smaller.
  const without = pngFromSvg(delaysFigure(some).replaceAll(/<text.*<\/text>/g, ""));
  expect(png.length).toBeGreaterThan(without.length * 1.2);
});

test("the summary has the figures, and names what was never complete", () => {
  expect(summaryOf({ ...some, repeated: 1, withoutId: 2 })).toBe(`rule r: a, b
100 ids, 99 acknowledged, 1 not
delay p50 50 ms, p90 90 ms, p99 99 ms, at most 99 ms
1 ack more for ids that had one already
2 records without an id
never complete:
  id-99: not in b
`);
});

test("the CSV has all ids, and nothing that a spreadsheet would run", () => {
  const hostile = { ...id(1, [0, 1], 2.5), id: '=cmd("x")' };
  expect(csvOf(acksOf([hostile, id(2, [undefined, 5])]))).toBe(
    `message_id,a,b,ack,delay_ms,missing
"'=cmd(""x"")",2026-01-31T00:00:00.000Z,2026-01-31T00:00:00.001Z,2026-01-31T00:00:00.003Z,2.5,
id-2,,2026-01-31T00:00:00.005Z,,,a
`,
  );
});
