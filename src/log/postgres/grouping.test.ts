import { expect, test } from "bun:test";
import { Batch } from "../../core/batch.ts";
import type { AppendOptions } from "../../core/log.ts";
import { type Groupable, Grouping } from "./grouping.ts";

interface Item extends Groupable {
  readonly name: string;
}

function item(name: string, records: number, bytes: number, options: AppendOptions = {}): Item {
  const value = new Uint8Array(Math.ceil(bytes / records));
  const one = { value, key: "", contentType: "", schemaId: 0, timeNs: 1n };
  return { name, batch: Batch.of(Array.from({ length: records }, () => one)), ...options };
}

const independent = { isIndependent: true };
const small = (name: string, options: AppendOptions = independent) => item(name, 1, 10, options);
const large = (name: string, options: AppendOptions = independent) =>
  item(name, 10_000, 100_000, options);

/** The names of each commit, until the queue is empty. */
function commits(queue: Item[]): string[] {
  const grouping = new Grouping();
  const groups: string[] = [];
  while (queue.length > 0) {
    groups.push(
      grouping
        .next(queue)
        .map(({ name }) => name)
        .join(""),
    );
  }
  return groups;
}

test("appends that fit share a commit, in their order", () => {
  expect(commits([small("a"), small("b", {}), small("c")])).toEqual(["abc"]);
  expect(commits([small("a"), large("B")])).toEqual(["aB"]);
});

test("a commit has a bound of bytes and of records, and one append at least", () => {
  const megabytes = (name: string) => item(name, 10, 3 * 1024 ** 2, {});
  expect(commits([megabytes("A"), megabytes("B")])).toEqual(["A", "B"]);
  expect(commits([large("A"), large("B"), small("c", {})])).toEqual(["A", "Bc"]);
  expect(commits([item("A", 20_000, 20_000, independent), small("b", {})])).toEqual(["A", "b"]);
  // Frames of the collector.
  expect(commits([large("A", {}), large("B", {}), small("c", {})])).toEqual(["ABc"]);
});

test("a small append that may goes before larger ones that came earlier", () => {
  expect(commits([large("A"), small("b"), large("C"), small("d")])).toEqual(["bd", "A", "C"]);
});

test("appends that keep an order, and those of producers, stay behind what came before them", () => {
  const producer = { id: "p", epoch: 0, first: 0, sequences: [0] };
  const queue = [large("A", {}), small("b", {}), small("c", { producer, isIndependent: true })];
  expect(commits(queue)).toEqual(["Abc"]);
  expect(commits([large("A", {}), small("b", {}), small("c")])).toEqual(["c", "Ab"]);
});

test("large appends are not starved by small ones that keep coming", () => {
  const grouping = new Grouping();
  const queue: Item[] = [large("A"), large("B"), large("C")];
  const groups: string[] = [];
  for (let i = 0; i < 6; i++) {
    queue.push(small("s"));
    const group = grouping.next(queue);
    groups.push(group.map(({ name }) => name).join(""));
  }
  expect(groups).toEqual(["s", "A", "ss", "B", "ss", "Cs"]);
});

test("a dedup id is in a commit once, and what came after its second append waits with it", () => {
  const again = { dedupId: "x", isIndependent: true };
  expect(commits([small("a", again), small("b", again), small("c")])).toEqual(["a", "bc"]);
  expect(commits([large("A"), small("b", again), small("c", again), small("d")])).toEqual([
    "b",
    "Acd",
  ]);
});

test("a queue of any length is grouped, and keeps its order", () => {
  const one = small("b");
  const others = Array.from({ length: 1_000_000 }, () => ({ ...one }));
  const queue = [large("A"), ...others];
  const group = new Grouping().next(queue);
  expect(group.length).toBeGreaterThan(1_000);
  expect(group.length + queue.length).toBe(1_000_001);
  expect(queue[0]?.name).toBe("A");
  expect(group[0]).toBe(others[0]);
  expect(queue[1]).toBe(others[group.length]);
});
