/**
 * That work grows no faster than its input. Measured is the CPU time of this process, because on a busy
 * machine the longer of two runs is interrupted more often.
 */

export interface LinearWork<Input> {
  readonly name: string;
  /** An input of about this size: bytes, lines, elements. */
  readonly inputOf: (size: number) => Input;
  readonly run: (input: Input) => unknown;
  /** The smaller size; the larger one is four times as large. By default 16,384. */
  readonly size?: number;
}

const growth = 4;
/** Linear work takes 4 times as long, quadratic work 16 times. */
const ratioMax = 9;
/** Below, the measurement is noise: such work is fast enough. */
const msMin = 4;
const attempts = { min: 3, max: 8 } as const;

/** Throws if four times the input takes more than nine times as long, in the best of several attempts. */
export async function requireLinear<Input>(work: LinearWork<Input>): Promise<void> {
  const { name, inputOf, run, size = 16_384 } = work;
  const [small, large] = [inputOf(size), inputOf(size * growth)];
  let smallMs = Number.POSITIVE_INFINITY;
  let largeMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts.max; attempt++) {
    smallMs = Math.min(smallMs, await msOf(() => run(small)));
    largeMs = Math.min(largeMs, await msOf(() => run(large)));
    // A small input that was slow once, until its code was compiled, must not excuse the large one.
    if (attempt + 1 < attempts.min) continue;
    if (largeMs < msMin || largeMs <= ratioMax * Math.max(smallMs, msMin / growth)) return;
  }
  throw new Error(
    `Cannot accept the time of ${name}: ${size} take ${smallMs.toFixed(1)} ms and ${size * growth} take ${largeMs.toFixed(1)} ms, expected at most ${ratioMax} times as long`,
  );
}

async function msOf(run: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
