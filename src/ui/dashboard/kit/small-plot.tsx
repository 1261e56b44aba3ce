/** A line over time as a small drawing, without axes: its sentence says what it shows. */

export function SmallPlot({
  values,
  sentence,
  max,
}: {
  /** At equal distances, the oldest first; null where nothing is known, which is a gap. */
  readonly values: readonly (number | null)[];
  /** For readers who do not see it: `Records in over the last hour: 1,200 a second now, at most 4,000`. */
  readonly sentence: string;
  /** The upper edge; by default the largest value. */
  readonly max?: number;
}) {
  const highest = max ?? Math.max(1e-9, ...values.map((value) => value ?? 0));
  const width = Math.max(1, values.length - 1);
  const y = (value: number) => (1 - Math.min(1, value / highest)) * 30 + 1;
  return (
    <svg class="small-plot" viewBox={`0 0 ${width} 32`} preserveAspectRatio="none" role="img">
      <title>{sentence}</title>
      {runsOf(values).map(({ from, run }) => (
        <path
          key={from}
          d={run
            .map((value, at) => `${at === 0 ? "M" : "L"}${from + at} ${y(value).toFixed(2)}`)
            .join("")
            .concat(run.length === 1 ? "h0.01" : "")}
          vector-effect="non-scaling-stroke"
        />
      ))}
    </svg>
  );
}

/** Stretches without a gap. */
function runsOf(values: readonly (number | null)[]) {
  const runs: { from: number; run: number[] }[] = [];
  let run: number[] | undefined;
  for (const [at, value] of values.entries()) {
    if (value === null) run = undefined;
    else if (run === undefined) {
      run = [value];
      runs.push({ from: at, run });
    } else run.push(value);
  }
  return runs;
}
