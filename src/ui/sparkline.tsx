/** The events of the last minute, one bar per second. */

export function Sparkline({ counts }: { readonly counts: readonly number[] }) {
  const highest = Math.max(1, ...counts);
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${counts.length * 2} 20`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {counts.map((count, at) => {
        const height = count === 0 ? 0.5 : Math.max(1.5, (count / highest) * 20);
        return <rect key={at} x={at * 2} y={20 - height} width="1.4" height={height} />;
      })}
    </svg>
  );
}
