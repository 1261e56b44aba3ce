/** Counts as bars, with a vertical line where the deadline or a median is. */

const height = 32;

export function Bars({
  counts,
  highest,
  wallAt,
  sentence,
  isLarge = false,
}: {
  readonly counts: readonly number[];
  /** The upper edge, which several drawings may share. */
  readonly highest: number;
  /** Between which bars the line is: 2 is between the second and the third. */
  readonly wallAt: number | undefined;
  /** For readers who do not see it. */
  readonly sentence: string;
  readonly isLarge?: boolean;
}) {
  return (
    <svg
      class={isLarge ? "bars large" : "bars"}
      viewBox={`0 0 ${counts.length} ${height}`}
      preserveAspectRatio="none"
      role="img"
    >
      <title>{sentence}</title>
      {counts.map((count, at) => {
        // The smallest count must be seen as well.
        const size = count === 0 ? 0 : Math.max(1.5, (count / highest) * height);
        return (
          <rect
            key={at}
            class={wallAt !== undefined && !isLarge && at < wallAt ? "past" : ""}
            x={at + 0.08}
            width={0.84}
            y={height - size}
            height={size}
          />
        );
      })}
      {wallAt !== undefined && (
        <line x1={wallAt} x2={wallAt} y1={0} y2={height} vector-effect="non-scaling-stroke" />
      )}
    </svg>
  );
}
