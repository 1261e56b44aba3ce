/**
 * `SLUICE_SIM_SEEDS=100000 bun test test/simulation` runs more seeds, `SLUICE_SIM_SEED=7` only
 * that one and prints what happened.
 */

import { describe, expect, test } from "bun:test";
import { noCounts, simulate } from "./hub.ts";

const only = process.env.SLUICE_SIM_SEED;
const seeds = Number(process.env.SLUICE_SIM_SEEDS ?? 10_000);

describe("hub simulation", () => {
  test.skipIf(only === undefined)(`seed ${only}`, () => {
    simulate(Number(only), noCounts(), (line) => process.stderr.write(`${line}\n`));
  });

  test.skipIf(only !== undefined)(
    `${seeds} seeds`,
    () => {
      const counts = noCounts();
      for (let seed = 1; seed <= seeds; seed++) runSeed(seed, counts);
      // A run in which something never happened would prove nothing about it.
      if (seeds >= 1000) {
        for (const [outcome, count] of Object.entries(counts)) {
          expect(count, outcome).toBeGreaterThan(100);
        }
      }
    },
    Math.max(60_000, seeds * 20),
  );
});

function runSeed(seed: number, counts: ReturnType<typeof noCounts>): void {
  try {
    simulate(seed, counts);
  } catch (error) {
    const reproduce = `SLUICE_SIM_SEED=${seed} bun test test/simulation`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Seed ${seed}: ${reason}\n  ${reproduce}`, { cause: error });
  }
}
