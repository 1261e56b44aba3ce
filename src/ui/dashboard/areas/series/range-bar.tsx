/** Over which time the plot is, whether it follows what comes, and how it is filled. */

import { renderSpan } from "../../kit/plot/time-axis.ts";
import { TimeInput } from "../../kit/time-input.tsx";
import { nsFromTime, timeFromNs } from "../../kit/time-text.ts";
import type { Loaded } from "./load.ts";
import type { Zoom } from "./use-zoom.ts";
import { type Fill, fills, parseDuration, type PlotView, rangeBetween } from "./view.ts";

const spans = ["1m", "15m", "1h", "6h", "1d", "7d"];

const fillWords: Readonly<Record<Fill, string>> = {
  null: "stay gaps",
  previous: "repeat the last value",
  linear: "are interpolated",
  none: "are joined",
};

export function RangeBar({
  view,
  loaded,
  change,
  zoom,
}: {
  readonly view: PlotView;
  readonly loaded: Loaded | undefined;
  readonly change: (changes: Partial<PlotView>) => void;
  readonly zoom: Zoom;
}) {
  const { range, isLive, isTable, fill } = view;
  const startNs = loaded?.startNs;
  const endNs = loaded?.endNs;
  const setStart = (time: string) => {
    if (time !== "" && endNs !== undefined) zoom.to(nsFromTime(time), endNs);
  };
  const setEnd = (time: string) => {
    if (time !== "" && startNs !== undefined) zoom.to(startNs, nsFromTime(time));
  };
  const isLast = "lastNs" in range;

  return (
    <>
      <div class="buttons" role="group" aria-label="Range">
        {spans.map((span) => (
          <button
            key={span}
            type="button"
            aria-pressed={isLast && range.lastNs === parseDuration(span)}
            onClick={() => change({ range: { lastNs: parseDuration(span) ?? 1n } })}
          >
            {span}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={isLive}
          onClick={() => change(isLive ? { isLive: false } : followed(view, loaded))}
        >
          {isLive ? "Following" : "Follow"}
        </button>
        <ZoomButtons zoom={zoom} loaded={loaded} />
      </div>
      <div class="filters">
        <TimeInput
          label="From"
          value={startNs === undefined ? "" : timeFromNs(startNs)}
          onChange={setStart}
        />
        <TimeInput
          label="To"
          value={endNs === undefined ? "" : timeFromNs(endNs)}
          onChange={setEnd}
        />
        <label>
          <span>Gaps</span>
          <select
            value={fill}
            onChange={({ currentTarget: { value } }) =>
              change({ fill: fills.find((each) => each === value) ?? "null" })
            }
          >
            {fills.map((each) => (
              <option key={each} value={each}>
                {fillWords[each]}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={isTable}
            onChange={({ currentTarget: { checked } }) => change({ isTable: checked })}
          />
          Table
        </label>
      </div>
      <p class="about" role="status">
        {startNs !== undefined && endNs !== undefined && `${renderSpan(endNs - startNs)}. `}
        {isLive && "It follows what comes."}
        {zoom.hasEndedLive && "The zoom has ended the following; Follow starts it again."}
      </p>
    </>
  );
}

function ZoomButtons({
  zoom,
  loaded,
}: {
  readonly zoom: Zoom;
  readonly loaded: Loaded | undefined;
}) {
  const zoomIn = () => {
    if (loaded === undefined) return;
    const { startNs, endNs } = loaded;
    const quarter = (endNs - startNs) / 4n;
    zoom.to(startNs + quarter, endNs - quarter);
  };
  return (
    <>
      <button type="button" onClick={zoomIn}>
        Zoom in
      </button>
      <button type="button" onClick={zoom.out}>
        Zoom out
      </button>
      <button type="button" onClick={() => zoom.pan(-0.5)}>
        Earlier
      </button>
      <button type="button" onClick={() => zoom.pan(0.5)}>
        Later
      </button>
    </>
  );
}

/** A range of fixed times is followed with its width. */
function followed({ range }: PlotView, loaded: Loaded | undefined): Partial<PlotView> {
  if ("lastNs" in range) return { isLive: true };
  const { startNs, endNs } = loaded ?? rangeOf(range);
  return { isLive: true, range: { lastNs: endNs - startNs } };
}

function rangeOf(range: { readonly startNs: bigint; readonly endNs: bigint }) {
  const between = rangeBetween(range.startNs, range.endNs);
  return "lastNs" in between ? range : between;
}
