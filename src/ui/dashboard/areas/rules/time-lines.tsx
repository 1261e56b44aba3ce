/** Counts over time as lines, distinct by colour and by dash. */

import { renderCount } from "../../../format.ts";
import { SafeText } from "../../kit/safe-text.tsx";

const height = 100;
/** More lines cannot be told apart; the table has all of them. */
const linesMax = 8;

export interface CountLine {
  readonly name: string;
  readonly counts: readonly number[];
}

export function TimeLines({
  lines,
  sentence,
}: {
  /** The last one is drawn strongest. */
  readonly lines: readonly CountLine[];
  readonly sentence: string;
}) {
  const last = lines.at(-1);
  const shown = [...lines.slice(0, -1).slice(0, linesMax - 1), ...(last ? [last] : [])];
  const width = Math.max(1, ...shown.map(({ counts }) => counts.length - 1));
  const highest = Math.max(1, ...shown.flatMap(({ counts }) => counts));
  return (
    <>
      <span class="about">{renderCount(highest)}</span>
      <svg
        class="time-lines"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
      >
        <title>{sentence}</title>
        {shown.map(({ name, counts }, at) => (
          <path
            key={name}
            class={at === shown.length - 1 ? "line-ack" : `line-${at}`}
            vector-effect="non-scaling-stroke"
            d={counts
              .map((count, x) => {
                const y = ((1 - count / highest) * (height - 2) + 1).toFixed(1);
                return `${x === 0 ? "M" : "L"}${x} ${y}`;
              })
              .join("")}
          />
        ))}
      </svg>
      <ul class="plain legend">
        {shown.map(({ name }, at) => (
          <li key={name}>
            <svg class="time-lines swatch" viewBox="0 0 24 8" aria-hidden="true">
              <path class={at === shown.length - 1 ? "line-ack" : `line-${at}`} d="M0 4L24 4" />
            </svg>
            <SafeText text={name} max={60} />
          </li>
        ))}
        {shown.length < lines.length && (
          <li class="about">{lines.length - shown.length} more in the table</li>
        )}
      </ul>
    </>
  );
}
