/** How many messages of an app are in each state, each number with the list behind it. */

import { renderCount } from "../../../format.ts";
import { hrefTo } from "../../shell/place.ts";
import { type StateCounts, states } from "./api.ts";

export function AppCounts({
  appId,
  counts,
}: {
  readonly appId: string;
  readonly counts: StateCounts;
}) {
  return (
    <p class="app-counts">
      {states.map((state) => (
        <a
          key={state}
          class={`state-word ${state}`}
          href={hrefTo("/messages", { app: appId, state })}
        >
          {countText(counts[state], counts.counted_to)} {state}
        </a>
      ))}
    </p>
  );
}

function countText(count: number, countedTo: number): string {
  return count < countedTo ? renderCount(count) : `${renderCount(countedTo)} or more`;
}
