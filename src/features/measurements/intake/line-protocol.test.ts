import { describe, expect, test } from "bun:test";
import type { Buffer } from "node:buffer";
import { requireLinear } from "../../../../test/fuzz/linear.ts";
import { openCaller } from "../../../core/access/caller.ts";
import { systemClock } from "../../../core/clock.ts";
import { decodeFrame } from "../../../core/frame.ts";
import { valuesToNumbers } from "../measurement.ts";
import { measurementFromRecord } from "../record.ts";
import { Intake } from "./intake.ts";
import { LineIntake } from "./line-intake.ts";
import { type Line, LineReader } from "./line-protocol.ts";

function lines(text: string) {
  const reader = new LineReader(text);
  const found: Line[] = [];
  while (!reader.isAtEnd) {
    const line = reader.next(7);
    if (line !== undefined) found.push(line);
  }
  return found.map((line) => {
    if ("wrong" in line) return { number: line.number, wrong: line.wrong };
    const { series, fields, time } = line.point;
    return { number: line.number, series, fields: Object.fromEntries(fields), time };
  });
}

test("a line: name, tags in any order, fields of each type, time", () => {
  expect(
    lines(
      `cpu,host=a,az=b usage=0.5,idle=99i,big=18446744073709551615u,on=t,off=FALSE,neg=-1.5e-3,dot=.5 -7`,
    ),
  ).toEqual([
    {
      number: 1,
      series: "cpu,az=b,host=a",
      fields: { usage: 0.5, idle: 99, big: 2 ** 64, on: 1, off: 0, neg: -0.0015, dot: 0.5 },
      time: -7n,
    },
  ]);
  expect(lines("m f=1")).toEqual([{ number: 1, series: "m", fields: { f: 1 }, time: undefined }]);
});

test("escapes, quotes, comments, empty lines and CR", () => {
  const text = [
    "# a comment",
    "",
    String.raw`my\ cpu\,x,ho\ st=a\=b\,c us\ age=1,s="a \"b\" \\ , = c" 5` + "\r",
    `m s="two`,
    `lines",f=2`,
    "m f=3",
  ].join("\n");
  expect(lines(text)).toEqual([
    {
      number: 3,
      series: String.raw`my\ cpu\,x,ho\ st=a\=b\,c`,
      fields: { "us age": 1, s: { text: `a "b" \\ , = c` } },
      time: 5n,
    },
    { number: 4, series: "m", fields: { s: { text: "two\nlines" }, f: 2 }, time: undefined },
    { number: 6, series: "m", fields: { f: 3 }, time: undefined },
  ]);
});

describe("a wrong line is reported by its number, and harms no other", () => {
  for (const [line, why] of [
    ["m", /no fields/],
    ["m ", /field is not of the form/],
    [",a=b f=1", /no measurement/],
    ["m,a f=1", /tag is not of the form/],
    ["m,a= f=1", /no value/],
    ["m f", /field is not of the form/],
    ["m f=", /expected a finite number/],
    ["m f=abc", /"abc"/],
    ["m f=1e999", /finite/],
    ["m f=NaN", /finite/],
    ["m f=0x10", /finite/],
    ["m f=1 x", /time "x"/],
    ["m f=1 1.5", /whole number/],
    ["m f=1 1 2", /whole number/],
    [`m f="a`, /no end/],
    [`m f="a"b 1`, /after its fields/],
    ["m f=-1u", /"-1u", expected a uint64/],
    ["m f=18446744073709551616u", /expected a uint64/],
    ["m f=9223372036854775808i", /expected an int64/],
    ["m f=-9223372036854775809i", /expected an int64/],
    ["m,a=1,a=2 f=1", /tag "a" is there twice/],
    ['m "in=1,b', /field is not of the form/],
    ['m,b="x f=x', /expected a finite number/],
    ['m f=x,s="1\n2" 3', /expected a finite number/],
    ['m f=1,=2,s="1\n2" 3', /field is not of the form/],
    [`m ${"f=1,".repeat(20_000)}f=1`, /more than 65536 characters/],
    [`m${",a=1".repeat(20_000)} f=1`, /tag "a" is there twice/],
  ] as const) {
    test(line, () => {
      const found = lines(`${line}\nm f=1 2`);
      expect(found[0]?.wrong).toMatch(why);
      const number = 1 + line.split("\n").length;
      expect(found).toHaveLength(2);
      expect(found[1]).toMatchObject({ number, series: "m", time: 2n });
    });
  }
});

test("a quote opens a text only behind the equals sign of a field", () => {
  const now = 5;
  expect(
    lines(
      [
        '# racks of 19" start',
        `demo,host=a value=1 ${now}`,
        '# racks of 19" end',
        `demo,host=b value=2 ${now}`,
        `odd "in=1 ${now}`,
        `odd,h=z value=2 ${now}`,
        `odd "out=3 ${now}`,
        `odd,h="1 f=4 ${now}`,
        `odd f=5 ${now}`,
      ].join("\n"),
    ).map((line) => ("wrong" in line ? line : [line.number, line.series, line.fields])),
  ).toEqual([
    [2, "demo,host=a", { value: 1 }],
    [4, "demo,host=b", { value: 2 }],
    [5, "odd", { '"in': 1 }],
    [6, "odd,h=z", { value: 2 }],
    [7, "odd", { '"out': 3 }],
    [8, 'odd,h="1', { f: 4 }],
    [9, "odd", { f: 5 }],
  ]);
});

test("what is too long is refused in pieces, and the lines behind it are read", () => {
  const long = "x".repeat(150_000);
  const wrongs = [
    `${long} v=1`,
    "\\".repeat(150_000),
    `a,b=${long} v=1`,
    `a ${long}=1`,
    `a v=${"1".repeat(150_000)}`,
    `a v="${long}\n\n"`,
    `a v="${'\\"'.repeat(75_000)}"`,
    `a v=1 ${"1".repeat(150_000)}`,
  ];
  for (const text of wrongs) {
    const reader = new LineReader(`${text}\nb v=2\n`);
    let pieces = 0;
    const found: Line[] = [];
    while (!reader.isAtEnd) {
      pieces++;
      const line = reader.next(1000);
      if (line !== undefined) found.push(line);
    }
    expect(pieces).toBeGreaterThan(50);
    expect(found).toHaveLength(2);
    expect(found[0]).toMatchObject({
      number: 1,
      wrong: expect.stringContaining("more than 65536"),
    });
    const number = text.split("\n").length + 1;
    expect(found[1]).toMatchObject({ number, point: { series: "b" } });
  }
});

test("a long text without an end makes its line wrong alone", () => {
  const reader = new LineReader(`a v="${"x".repeat(200_000)}\nb v="2\nc v=3`);
  const found: Line[] = [];
  while (!reader.isAtEnd) {
    const line = reader.next(1000);
    if (line !== undefined) found.push(line);
  }
  // The quote of the second line ends the text of the first.
  expect(found.map(({ number }) => number)).toEqual([1, 3]);
  const open = new LineReader(`a v="${"x".repeat(200_000)}\nb v=2`);
  const lines: Line[] = [];
  while (!open.isAtEnd) {
    const line = open.next(1000);
    if (line !== undefined) lines.push(line);
  }
  expect(lines).toMatchObject([{ number: 1 }, { number: 2, point: { series: "b" } }]);
});

test("an equals sign needs no escape in a measurement's name", () => {
  expect(lines(String.raw`a=b\=c f=1`)).toMatchObject([{ series: String.raw`a=b\=c` }]);
  expect(lines(String.raw`a=b\=c,t\==\= f=1`)).toMatchObject([
    { series: String.raw`a=b\=c,t\==\=` },
  ]);
});

test.each([
  ["quotes", '" "\n'],
  ["texts without an end", 'm f="\n'],
  ["escaped quotes", 'm f="\\"\n'],
  ["backslashes", "\\"],
  ["empty lines", "\n"],
  ["comments", "#\n"],
  ["spaces", " "],
  ["fields", "m f=1,f=1 1\n"],
  ["commas", "m,,,, "],
  ["texts on one line", 'f="",'],
])(
  "the time of many %s is linear",
  async (name, unit) => {
    await requireLinear({
      name,
      inputOf: (size) => `m ${unit.repeat(size / unit.length)}`,
      run: lines,
    });
  },
  30_000,
);

function take(text: string, unitNs = 1n) {
  const stored: { tag: string; timeNs: bigint; values: number[] }[] = [];
  const intake = new Intake(
    { clock: systemClock, bounds: { retentionMs: 3_600_000, aheadMs: 3_600_000 } },
    {
      add(bytes: Buffer, from: number, to: number) {
        for (const record of decodeFrame(Uint8Array.from(bytes.subarray(from, to)))) {
          const { tag, timeNs, values } = measurementFromRecord(record);
          stored.push({ tag, timeNs, values: valuesToNumbers({ values }) });
        }
      },
    },
    openCaller,
  );
  const taken = new LineIntake(text, { unitNs, nowNs }, intake);
  while (!taken.isAtEnd) taken.takeSome();
  taken.flush();
  return { taken, stored };
}

const nowNs = systemClock.nowNs();

test("a field is a series; `value` and v0…vN are the values of one", () => {
  const s = nowNs / 1_000_000_000n;
  const { taken, stored } = take(
    [
      `cpu,host=a usage=1,idle=2 ${s}`,
      `t,host=a value=3 ${s}`,
      `v v1=5,v0=4 ${s}`,
      `w v0=4,v2=5 ${s}`,
      "now value=6",
    ].join("\n"),
    1_000_000_000n,
  );
  const timeNs = s * 1_000_000_000n;
  expect(taken.refused).toEqual([]);
  expect(taken.accepted).toBe(5);
  expect(stored).toEqual([
    { tag: "cpu,host=a:usage", timeNs, values: [1] },
    { tag: "cpu,host=a:idle", timeNs, values: [2] },
    { tag: "t,host=a", timeNs, values: [3] },
    { tag: "v", timeNs, values: [4, 5] },
    { tag: "w:v0", timeNs, values: [4] },
    { tag: "w:v2", timeNs, values: [5] },
    { tag: "now", timeNs: nowNs, values: [6] },
  ]);
});

test("series of different lines never have the same name", () => {
  const names = (line: string) => take(line).stored.map(({ tag }) => tag);
  expect(names("cpu,host=a usage=1")).toEqual(["cpu,host=a:usage"]);
  expect(names("cpu,host=a:usage value=1")).toEqual([String.raw`cpu,host=a\:usage`]);
  expect(names("cpu,host=a:usage usage=1")).toEqual(["cpu,host=a:usage:usage"]);
  expect(names("cpu,host=a usage:usage=1")).toEqual([String.raw`cpu,host=a:usage\:usage`]);
});

test("a refused field leaves the others of its line", () => {
  const { taken, stored } = take(
    [
      `a s="x",f=1 ${nowNs}`,
      `${"m".repeat(511)} f=1 ${nowNs}`,
      "a f=1 5",
      `a f=1 9223372036854775808`,
      `a f=7 ${nowNs}`,
    ].join("\n"),
  );
  expect(taken.accepted).toBe(1);
  expect(taken.partlyAccepted).toBe(1);
  expect(taken.refusedCount).toBe(4);
  expect(taken.refused[0]).toBe(`line 1: field "s" is text, expected a number`);
  expect(taken.refused[1]).toContain("line 2: Cannot use tag");
  expect(taken.refused[2]).toContain("line 3: Cannot take time 5");
  expect(taken.refused[3]).toContain("line 4: time 9223372036854775808");
  expect(stored.map(({ tag, values }) => [tag, values])).toEqual([
    ["a:f", [1]],
    ["a:f", [7]],
  ]);
});
