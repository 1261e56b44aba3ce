/** A ring that fills while a series is silent: full once that is longer than its pauses usually are. */

import { renderSpan } from "../../kit/plot/time-axis.ts";

const radius = 8;
const round = 2 * Math.PI * radius;

export function SilenceClock({
  silentNs,
  pauseNs,
}: {
  readonly silentNs: bigint;
  /** The 99th percentile of its pauses; undefined where it has none. */
  readonly pauseNs: bigint | undefined;
}) {
  const part =
    pauseNs === undefined || pauseNs <= 0n ? 0 : Math.min(1, Number(silentNs) / Number(pauseNs));
  const usually = pauseNs === undefined ? "" : `, usually at most ${renderSpan(pauseNs)}`;
  const words = `silent for ${renderSpan(silentNs)}${usually}`;
  return (
    <span class={`silence ${part >= 1 ? "long" : ""}`} title={words}>
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r={radius} class="ring" />
        <circle
          cx="10"
          cy="10"
          r={radius}
          class="part"
          stroke-dasharray={`${part * round} ${round}`}
          transform="rotate(-90 10 10)"
        />
      </svg>
      <span aria-hidden="true">{renderSpan(wholeSeconds(silentNs))}</span>
      <span class="for-readers">{words}</span>
    </span>
  );
}

/** A silence grows while it is looked at: its fractions would only flicker. */
function wholeSeconds(ns: bigint): bigint {
  return ns < 1_000_000_000n ? ns : (ns / 1_000_000_000n) * 1_000_000_000n;
}
