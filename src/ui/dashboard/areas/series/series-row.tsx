/** One series of the list: what it did in ten minutes, how fast it comes, how long it is silent. */

import { renderRate, slowPerSecond } from "../../kit/rate-text.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo } from "../../shell/place.ts";
import type { ListedSeries } from "./list.ts";
import { SilenceClock } from "./silence-clock.tsx";
import type { Seen } from "./use-list.ts";
import { renderShown } from "./view.ts";

export const rowHeight = 40;
const valuesMax = 3;
/** The pause of a slow series, at least. */
const slowPauseNs = BigInt(1e9 / slowPerSecond);
/** After so many of its pauses a series is silent. */
const pausesMax = 3n;

export function SeriesRow({
  row,
  seen,
  elapsedMs,
  isChosen,
  choose,
}: {
  readonly row: ListedSeries;
  readonly seen: Seen | undefined;
  /** `performance.now()` when the list was drawn. */
  readonly elapsedMs: number;
  readonly isChosen: boolean;
  readonly choose: (isChosen: boolean) => void;
}) {
  const { tag } = row;
  const last = seen?.last ?? row.last;
  const silentNs = seen && last && silenceNs(seen, last.timeNs, elapsedMs);
  return (
    <div class="series-row" role="listitem">
      <input
        type="checkbox"
        checked={isChosen}
        aria-label={`Choose ${tag.slice(0, 80)}`}
        onChange={({ currentTarget: { checked } }) => choose(checked)}
      />
      <a class="series-tag" href={plotHref([tag])} title={tag.slice(0, 512)}>
        <SafeText text={tag} max={120} />
      </a>
      <Counts counts={seen?.counts} />
      <span class="number">{seen !== undefined && renderRate(rateOf(seen, silentNs))}</span>
      <span class="series-silence">
        {silentNs === undefined || seen === undefined ? (
          last === undefined && "nothing kept"
        ) : (
          <SilenceClock silentNs={silentNs} pauseNs={seen.pauseNs} />
        )}
      </span>
      <span class="series-values">{last !== undefined && valuesText(last.values)}</span>
    </div>
  );
}

/** In a minute a slow series has one measurement or none: its pauses say more, until it is silent. */
function rateOf({ rate, medianPauseNs = 0n }: Seen, silentNs = 0n): number {
  if (rate >= slowPerSecond || medianPauseNs < slowPauseNs) return rate;
  return silentNs > pausesMax * medianPauseNs ? 0 : 1e9 / Number(medianPauseNs);
}

/** By the gateway's clock, which goes on since the answer. */
function silenceNs({ nowNs, seenMs }: Seen, lastNs: bigint, elapsedMs: number): bigint {
  const passedNs = BigInt(Math.max(0, Math.round(elapsedMs - seenMs))) * 1_000_000n;
  const ns = nowNs + passedNs - lastNs;
  return ns < 0n ? 0n : ns;
}

function valuesText(values: readonly number[]): string {
  const shown = values.slice(0, valuesMax).map(String).join(" · ");
  return values.length > valuesMax ? `${shown} · ${values.length - valuesMax} more` : shown;
}

/** Measurements of each ten seconds, as bars. */
function Counts({ counts }: { readonly counts: readonly number[] | undefined }) {
  const highest = Math.max(1, ...(counts ?? []));
  const bars = (counts ?? [])
    .map((count, at) =>
      count === 0 ? "" : `M${at * 2 + 1} 20v-${((count / highest) * 19).toFixed(1)}`,
    )
    .join("");
  return (
    <svg class="series-counts" viewBox="0 0 120 20" preserveAspectRatio="none" aria-hidden="true">
      <path d={bars} />
    </svg>
  );
}

/** A plot that follows what comes. */
export function plotHref(tags: readonly string[]): string {
  const shown = tags.map((tag) => renderShown({ tag, columns: [0], agg: "mean", of: "" }));
  return hrefTo("/plot", { s: shown, last: "15m", live: "1" });
}
