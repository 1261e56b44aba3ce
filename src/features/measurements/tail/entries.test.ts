import { expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { frameOf } from "../../../../test/support/measurement-frames.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { comparePositions, type Position } from "../../../core/position.ts";
import { valuesFromNumbers, valuesToNumbers } from "../measurement.ts";
import { TailEntries } from "./entries.ts";
import { FramePoints, hashBytes } from "./frame-points.ts";

const at = (sequence: number): Position => ({ epoch: 1, sequence, index: 0 });

test("rows and frames come and go as in a plain list, whatever the seed", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const entries = new TailEntries(1e9);
    const points = new FramePoints();
    let plain: { sequence: number; tag: string; time: number; value: number }[] = [];
    for (let sequence = 1; sequence <= 300; sequence++) {
      const added = Array.from({ length: random.chance(0.2) ? 1 : random.int(60) }, () => ({
        sequence,
        tag: `t${random.int(5)}`,
        time: random.chance(0.7) ? sequence * 100 + random.int(100) : random.int(5000),
        value: random.int(1e6),
      }));
      plain.push(...added);
      if (added.length === 1) {
        for (const { tag, time, value } of added) {
          const values = valuesFromNumbers([value]);
          entries.add({ tag, timeNs: BigInt(time), values }, at(sequence));
        }
      } else {
        const rows = added.map(({ tag, time, value }) => [tag, BigInt(time), [value]] as const);
        expect(points.read(frameOf(rows))).toBe(true);
        entries.addFrame(points, at(sequence));
      }
      if (random.chance(0.05)) {
        const to = sequence - random.int(80);
        entries.trimTo(at(to));
        plain = plain.filter((one) => one.sequence > to);
      }
      expect(entries.count).toBe(plain.length);
      if (!random.chance(0.1)) continue;
      const newest = new Map<string, number>();
      for (const tag of new Set(plain.map((one) => one.tag))) {
        const last = new Map<number, number>();
        for (const one of plain) if (one.tag === tag) last.set(one.time, one.value);
        const wanted = [...last].toSorted(([a], [b]) => a - b);
        const found = entries.of(tag);
        expect(
          found.map((one) => [Number(one.timeNs), valuesToNumbers(one)[0] ?? 0] as const),
        ).toEqual(wanted);
        newest.set(tag, wanted.at(-1)?.[0] ?? 0);
      }
      const told = [...entries.newest()].map(([tag, { timeNs }]) => [tag, Number(timeNs)] as const);
      expect(new Map(told)).toEqual(newest);
    }
    entries.trimTo(at(300));
    expect({ bytes: entries.bytes, count: entries.count }).toEqual({ bytes: 0, count: 0 });
  }
});

test("tags with the same hash are distinguished", () => {
  const byHash = new Map<number, string>();
  let pair: readonly [string, string] | undefined;
  for (let i = 0; pair === undefined; i++) {
    const tag = `tag-${i}`;
    const hash = hashBytes(Buffer.from(tag), 0, tag.length);
    const other = byHash.get(hash);
    if (other !== undefined) pair = [other, tag];
    byHash.set(hash, tag);
  }
  const entries = new TailEntries(1_000_000);
  for (const [i, tag] of pair.entries()) {
    const measurement = { tag, timeNs: BigInt(i), values: valuesFromNumbers([i]) };
    entries.add(measurement, at(i + 1));
  }
  for (const [i, tag] of pair.entries()) {
    expect(entries.of(tag)).toMatchObject([{ tag, timeNs: BigInt(i) }]);
    expect(entries.newest().get(tag)?.timeNs).toBe(BigInt(i));
  }
});

test("entries are dropped exactly up to a position, replaced ones included", () => {
  const entries = new TailEntries(1_000_000);
  const add = (tag: string, time: number, sequence: number) =>
    entries.add({ tag, timeNs: BigInt(time), values: new Uint8Array(8) }, at(sequence));
  for (let i = 1; i <= 1000; i++) add(i % 2 === 0 ? "even" : "odd", i % 100, i);
  for (let to = 0; to <= 1000; to += 37) {
    entries.trimTo(at(to));
    const kept = Array.from({ length: 1000 - to }, (_, i) => to + 1 + i);
    const evens = new Set(kept.filter((i) => i % 2 === 0).map((i) => i % 100));
    expect(entries.count).toBe(1000 - to);
    expect(entries.of("even").map(({ timeNs }) => Number(timeNs))).toEqual(
      [...evens].toSorted((a, b) => a - b),
    );
  }
  entries.trimTo(at(1000));
  expect({ bytes: entries.bytes, tags: [...entries.newest()] }).toEqual({ bytes: 0, tags: [] });
  expect(comparePositions(entries.droppedThrough, at(1))).toBeLessThan(0);
});
