import { expect, test } from "bun:test";
import { seededRandom } from "../../test/support/random.ts";
import { Share } from "../core/budget/memory.ts";
import { WindowBudget, type WindowOwner } from "./window-budget.ts";

class Owner implements WindowOwner {
  windowBytes = 0;
  /** What may not be dropped yet. */
  neededBytes = 0;

  shrinkWindow(bytes: number): void {
    this.windowBytes = Math.max(this.neededBytes, this.windowBytes - bytes);
  }
}

function rig(bytesMax: number, count: number) {
  const share = new Share("windows", bytesMax);
  const budget = new WindowBudget(share);
  const owners = Array.from({ length: count }, () => new Owner());
  for (const owner of owners) budget.used(owner);
  const grow = (i: number, bytes: number) => {
    const owner = owners[i];
    if (owner === undefined) throw new Error(`There is no owner ${i}`);
    owner.windowBytes += bytes;
    budget.update(owner);
  };
  const bytes = () => owners.map((owner) => owner.windowBytes);
  return { share, budget, owners, grow, bytes };
}

test("past the bound the window that was used longest ago shrinks first, by what is too much", () => {
  const { budget, owners, grow, bytes } = rig(100, 3);
  grow(0, 40);
  grow(1, 40);
  grow(2, 30);
  expect(bytes()).toEqual([30, 40, 30]);
  if (owners[0] !== undefined) budget.used(owners[0]);
  grow(2, 60);
  expect(bytes()).toEqual([30, 0, 70]);
  // Records that no reader has needed yet do not push out those that one has.
  grow(2, 200);
  expect(bytes()).toEqual([30, 0, 70]);
  grow(0, 80);
  expect(bytes()).toEqual([100, 0, 0]);
});

test("records that readers still need stay, and the next window shrinks instead", () => {
  const { owners, grow, bytes, share } = rig(100, 2);
  grow(0, 50);
  if (owners[0] !== undefined) owners[0].neededBytes = 50;
  grow(1, 80);
  expect(bytes()).toEqual([50, 50]);
  expect(share.bytes).toBe(100);
});

test("a window that was dropped counts no more, also when its feed takes a last batch", () => {
  const { budget, owners, grow, share } = rig(100, 2);
  grow(0, 50);
  grow(1, 20);
  if (owners[0] !== undefined) budget.drop(owners[0]);
  expect(share.bytes).toBe(20);
  grow(0, 10);
  expect(share.bytes).toBe(20);
});

test("the share is the sum of all windows, and bounded, whatever happens", () => {
  const random = seededRandom(1);
  const { budget, owners, grow, bytes, share } = rig(1000, 8);
  for (let step = 0; step < 5000; step++) {
    const i = random.int(owners.length);
    const owner = owners[i];
    if (owner === undefined) continue;
    if (random.chance(0.2)) budget.used(owner);
    grow(i, random.int(200));
    expect(share.bytes).toBe(bytes().reduce((sum, each) => sum + each, 0));
    expect(share.bytes).toBeLessThanOrEqual(1000);
  }
});
