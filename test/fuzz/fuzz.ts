/**
 * Fuzzing: a property is checked with many generated inputs. Each case has its own seed. A case that
 * fails, or that does not end, prints the variables that repeat it alone.
 *
 * SLUICE_TEST_FUZZ_CASES is the number of cases (by default the test's own, which suits CI), and
 * SLUICE_TEST_FUZZ_SEED the seed of the first one, by default 1. `bun run fuzz` sets both.
 */

import { test } from "bun:test";
import { seededRandom } from "../support/random.ts";
import { type FuzzRandom, fuzzRandom } from "./generate.ts";
import { watchCases } from "./watch.ts";

export interface FuzzOptions {
  /** Number of cases without SLUICE_TEST_FUZZ_CASES: they should take a second or two. */
  readonly cases: number;
  /** A case that takes longer ends the process, because it may never end. */
  readonly caseMsMax?: number;
}

const caseMsDefault = 30_000;
const progressMs = 10_000;
/** Other work of the process runs this often. */
const turnMs = 50;
/** The longest time of a timer, and so of a test. */
const timerMsMax = 2 ** 31 - 1;

/** Declares a test that calls `body` once per case. The body throws if its property does not hold. */
export function fuzz(
  name: string,
  options: FuzzOptions,
  body: (random: FuzzRandom) => void | Promise<void>,
): void {
  const { caseMsMax = caseMsDefault } = options;
  const cases = wholeNumber("SLUICE_TEST_FUZZ_CASES") ?? options.cases;
  const firstSeed = wholeNumber("SLUICE_TEST_FUZZ_SEED") ?? 1;
  const timeoutMs = Math.min(cases * caseMsMax, timerMsMax);
  const run = async () => {
    using watch = watchCases(caseMsMax, (seed) => `${name}: ${repeatCommand(seed)} does not end`);
    const progress = createProgress(name, cases);
    let turnEndMs = performance.now() + turnMs;
    for (let index = 0; index < cases; index++) {
      const seed = (firstSeed + index) >>> 0;
      watch.begin(seed);
      try {
        const pending = body(fuzzRandom(seededRandom(seed)));
        if (pending !== undefined) await pending;
      } catch (error) {
        print(`${name}: ${repeatCommand(seed)} fails`);
        throw error;
      }
      if (performance.now() < turnEndMs) continue;
      progress(index + 1);
      await new Promise((resolve) => setImmediate(resolve));
      turnEndMs = performance.now() + turnMs;
    }
  };
  test(name, run, timeoutMs);
}

function repeatCommand(seed: number | string): string {
  return `SLUICE_TEST_FUZZ_SEED=${seed} SLUICE_TEST_FUZZ_CASES=1`;
}

/** Long runs show that they advance. */
function createProgress(name: string, cases: number): (done: number) => void {
  const startMs = performance.now();
  let nextMs = startMs + progressMs;
  return (done) => {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + progressMs;
    print(`${name}: ${done} of ${cases} cases, ${Math.round((nowMs - startMs) / 1000)} s`);
  };
}

function print(line: string): void {
  process.stderr.write(`fuzz ${line}\n`);
}

export function wholeNumber(variable: string): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new Error(`Cannot use ${variable}="${text}": expected a whole number`);
}
