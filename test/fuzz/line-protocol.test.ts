// Line protocol: points are written as InfluxDB's clients write them, between comments, empty lines
// and wrong lines, and must be read as they are.

import { expect } from "bun:test";
import { type Line, LineReader } from "../../src/features/measurements/intake/line-protocol.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, type FuzzRandom } from "./generate.ts";

interface Field {
  readonly name: string;
  readonly written: string;
  readonly value: number | { readonly text: string };
}

const names = ["a", "b", "é", "🔑", "x y", "1,2", "k=v", 'q"', "#", ":", "-", ".", "i"];

function word(random: FuzzRandom): string {
  // A trailing backslash would escape what follows it.
  return `${random.text(names, 4)}${random.pick(["a", "Z", "0"])}`;
}

function escaped(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, String.raw`\$&`);
}

function field(random: FuzzRandom, name: string): Field {
  const kind = random.int(5);
  if (kind === 0) {
    const text = random.text(["a", '"', "\\", "\n", "\r\n", ",", "=", " ", "#", "é"], 6);
    return { name, written: `"${escaped(text, /["\\]/g)}"`, value: { text } };
  }
  if (kind === 1) return { name, ...random.pick(truths) };
  if (kind === 2) {
    const whole = random.int(2 ** 31) - (random.chance(0.5) ? 2 ** 31 : 0);
    return { name, written: `${whole}i`, value: whole };
  }
  if (kind === 3) {
    const whole = random.int(2 ** 31);
    return { name, written: `${whole}u`, value: whole };
  }
  const value = (random.int(2000) - 1000) / 7;
  return { name, written: String(value), value };
}

const truths = [
  { written: "t", value: 1 },
  { written: "TRUE", value: 1 },
  { written: "False", value: 0 },
] as const;

function point(random: FuzzRandom) {
  const name = word(random).replace(/^#/, "x");
  const tags = new Map(random.list(3, () => [word(random), word(random)] as const));
  const fields = [...new Set([word(random), ...random.list(3, () => word(random))])].map((each) =>
    field(random, each),
  );
  const time = random.chance(0.5) ? BigInt(random.int(2 ** 31)) : undefined;
  const set = [...tags].map(([key, value]) => `,${escapedName(key)}=${escapedName(value)}`);
  const values = fields.map((each) => `${escapedName(each.name)}=${each.written}`);
  const end = time === undefined ? "" : ` ${time}`;
  const text = `${escaped(name, /[, ]/g)}${set.join("")} ${values.join(",")}${end}`;
  const pairs = [...tags].map(([key, value]) => `${escapedName(key)}=${escapedName(value)}`);
  const series = [escaped(name, /[, ]/g), ...pairs.toSorted()].join(",");
  return { text, series, fields: new Map(fields.map((each) => [each.name, each.value])), time };
}

function escapedName(text: string): string {
  return escaped(text, /[, =]/g);
}

const wrongs = ["m", "m f=", "m,a f=1", "m f=1 x", "m f=-1u", 'm f="a"b', ",a=b f=1", "m ,f=1"];

function linesOf(text: string, skippedMax = 1000): Line[] {
  const reader = new LineReader(text);
  const found: Line[] = [];
  while (!reader.isAtEnd) {
    const line = reader.next(skippedMax);
    if (line !== undefined) found.push(line);
  }
  return found;
}

/** Negative zero stays one. */
function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

fuzz(
  "points are read as they were written, whatever is between them",
  { cases: 5_000 },
  (random) => {
    let number = 1;
    const expected: unknown[] = [];
    const texts = random.list(8, () => {
      const kind = random.int(5);
      let text = random.pick(["", "  ", '# 19" x="', "#", '\t# x,y="z"']);
      if (kind === 0) {
        text = random.pick(wrongs);
        expected.push({ number, wrong: expect.any(String) });
      } else if (kind > 1) {
        const { text: written, ...given } = point(random);
        text = written;
        expected.push({ number, point: given });
      }
      number += text.split("\n").length;
      return text + random.pick(["\n", "\n", "\r\n"]);
    });
    expect(linesOf(texts.join(""), 1 + random.int(40))).toEqual(expected as Line[]);
  },
);

fuzz(
  "damage never breaks the reader, and what it reads can be written again",
  { cases: 5_000 },
  (random) => {
    const utf8 = new TextEncoder();
    const whole = random.list(5, () => point(random).text).join("\n");
    const text = new TextDecoder().decode(damaged(random, utf8.encode(whole)));
    let before = 0;
    for (const line of linesOf(text)) {
      expect(line.number).toBeGreaterThan(before);
      expect(line.number).toBeLessThanOrEqual(text.split("\n").length);
      before = line.number;
      if ("wrong" in line) continue;
      const { series, fields, time } = line.point;
      const values = [...fields].map(
        ([name, value]) =>
          `${escapedName(name)}=${typeof value === "number" ? numberText(value) : `"${escaped(value.text, /["\\]/g)}"`}`,
      );
      const again = linesOf(`${series} ${values.join(",")}${time === undefined ? "" : ` ${time}`}`);
      expect(again).toEqual([{ number: 1, point: line.point }]);
    }
  },
);
