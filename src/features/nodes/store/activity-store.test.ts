import { expect, test } from "bun:test";
import { withStore } from "../../../../test/support/store-rig.ts";
import { createActivityStore } from "./activity-store.ts";

test("a topic with a record each 40 s has that rate, whichever node takes the records", async () => {
  await withStore(async ({ database }) => {
    const store = createActivityStore(database);
    const add = (span: number, lastMs: number, records = 1) =>
      store.add(span, [{ topic: "slow", records, bytes: 10, refused: 0, lastMs }]);
    const rateAt = async (span: number) =>
      (await store.of(span, ["slow"])).get("slow")?.recordsPerS;
    await add(100, 1_005_000);
    expect(await rateAt(100)).toBe(1 / 10);
    await add(104, 1_045_000);
    expect(await rateAt(104)).toBe(1 / 40);
    expect(await rateAt(106)).toBe(1 / 40);
    // Another node says the same span a moment later, and a late one the span before.
    await add(104, 1_046_000, 0);
    await add(103, 1_039_000, 0);
    expect(await rateAt(106)).toBe(1000 / 41_000);
    expect(await rateAt(130)).toBe(0);
    await add(131, 1_315_000, 400);
    expect(await rateAt(131)).toBe(40);
    expect(await rateAt(132)).toBe(0);
  });
}, 30_000);
