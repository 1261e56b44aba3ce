/** `/ui/plot`: lines of several series over one range, zoomed by new queries. */

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Empty } from "../../kit/empty.tsx";
import { linesMax } from "../../kit/plot/colours.ts";
import { Plot } from "../../kit/plot/plot.tsx";
import { renderSpan, timeTicks } from "../../kit/plot/time-axis.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { visibleText } from "../../kit/visible-text.ts";
import { hrefTo, setQuery, usePlace } from "../../shell/place.ts";
import { useZone } from "../../shell/zone.ts";
import { AddSeries } from "./add-series.tsx";
import { CellTable } from "./cell-table.tsx";
import { type Line, linesOf, type Picture, pictureOf } from "./lines.ts";
import type { Loaded } from "./load.ts";
import { PlotLegend } from "./plot-legend.tsx";
import { RangeBar } from "./range-bar.tsx";
import { ShownList } from "./shown-list.tsx";
import { usePlot } from "./use-plot.ts";
import { useZoom, type Zoom } from "./use-zoom.ts";
import { type PlotView, queryFromView, rangeBetween, viewFromQuery } from "./view.ts";
import { cellWords, pointWords, sentenceOf } from "./words.ts";

export function Page() {
  const { query } = usePlace();
  const text = query.toString();
  const view = useMemo(() => viewFromQuery(new URLSearchParams(text)), [text]);
  const [px, setPx] = useState<number>();
  const { loaded, failure, isLoading } = usePlot(view, px);
  const zoom = useZoom(view, loaded);
  const change = (changes: Partial<PlotView>) => setQuery(queryFromView({ ...view, ...changes }));
  const title = view.shown[0]?.tag ?? "Plot";
  useEffect(() => {
    document.title = `${visibleText(title, 80)} · Plot · Sluice`;
  }, [title]);

  return (
    <div class="page series-plot">
      <div class="page-head">
        <h1>Plot</h1>
        <a href={hrefTo("/series")}>All series</a>
        <CopyButton label="Copy link" text={() => absoluteLink(view, loaded)} />
      </div>
      <RangeBar view={view} loaded={loaded} change={change} zoom={zoom} />
      <ErrorMessage
        text={failure && `${failure}. What is shown is older; the next attempt follows.`}
      />
      {loaded?.refused.map(({ shown, why }) => (
        <ErrorMessage key={shown.tag} text={why} />
      ))}
      {view.shown.length === 0 ? (
        <Empty title="No series is shown yet">
          <p>Add one below, or choose some from the list of series.</p>
        </Empty>
      ) : (
        <Drawn view={view} loaded={loaded} isLoading={isLoading} zoom={zoom} onWidth={setPx} />
      )}
      <ShownList view={view} loaded={loaded} change={change} />
      <AddSeries
        add={(tag) => {
          const more = { tag, columns: [0], agg: "mean", of: "" } as const;
          change({ shown: [...view.shown, more] });
        }}
      />
    </div>
  );
}

/** Characters of the sentence below a plot: of all its lines, with long tags. */
const sentenceMax = 20_000;

interface DrawnProps {
  readonly view: PlotView;
  readonly loaded: Loaded | undefined;
  readonly isLoading: boolean;
  readonly zoom: Zoom;
  readonly onWidth: (px: number) => void;
}

function Drawn({ view, loaded, isLoading, zoom, onWidth }: DrawnProps) {
  const [zone] = useZone();
  const [cursor, setCursor] = useState<number>();
  const lines = useMemo(() => (loaded?.answered ?? []).flatMap(linesOf), [loaded]);
  const visible = useMemo(() => lines.slice(0, linesMax), [lines]);
  const startNs = loaded?.startNs ?? 0n;
  const endNs = loaded?.endNs ?? 1n;
  const picture = useMemo(
    () => pictureOf(visible, { fromNs: startNs, toNs: endNs }, loaded?.untilNs ?? endNs, view.fill),
    [visible, startNs, endNs, loaded?.untilNs, view.fill],
  );
  const ticks = useCallback(
    (range: readonly [number, number], most: number) =>
      timeTicks(picture.baseNs, range, most, zone),
    [picture.baseNs, zone],
  );
  const timeAt = (place: number) => picture.baseNs + BigInt(Math.round(place));
  const cursorNs = cursor === undefined ? undefined : picture.times[cursor];
  const { note } = timeTicks(picture.baseNs, [0, picture.to], 6, zone);
  const sentence = useMemo(
    () => sentenceOf(visible, { fromNs: startNs, toNs: endNs }, zone),
    [visible, startNs, endNs, zone],
  );

  return (
    <section class="plot-section" aria-label="Plot" aria-busy={isLoading}>
      <Plot
        x={picture.x}
        lines={picture.drawn}
        from={0}
        to={picture.to}
        marks={picture.marks}
        ticks={ticks}
        label={`Plot of ${visible.length} ${visible.length === 1 ? "line" : "lines"}`}
        say={(index) => pointWords(visible, picture.times[index], zone)}
        onCursor={setCursor}
        onZoom={(from, to) => zoom.to(timeAt(from), timeAt(to))}
        onZoomOut={zoom.out}
        onPan={zoom.pan}
        onWidth={onWidth}
      />
      <p class="about">{captionOf(loaded, visible, picture, note)}</p>
      {lines.length > linesMax && (
        <p class="about">
          {`The first ${linesMax} of ${lines.length} lines are drawn. Not drawn: `}
          <SafeText
            text={lines
              .slice(linesMax)
              .map(({ shown, column }) => `${shown.tag.slice(0, 80)} ${column}`)
              .join(", ")}
            max={sentenceMax}
          />
        </p>
      )}
      <PlotLegend lines={visible} cursorNs={cursorNs} newest={loaded?.newest} />
      <p class="about">
        <SafeText text={sentence} max={sentenceMax} />
      </p>
      <p class="about">
        Drag over a range to zoom; a double click, Esc or the browser's back goes out again. With
        the plot in focus the arrow keys move the cursor, + and − zoom, Page Up and Page Down show
        what is earlier and later.
      </p>
      {view.isTable && <CellTable lines={visible} times={picture.times} />}
    </section>
  );
}

/** The resolution, and what the marks mean that are there. */
function captionOf(
  loaded: Loaded | undefined,
  lines: readonly Line[],
  { marks }: Picture,
  note: string | undefined,
): string {
  if (loaded === undefined) return "Loading …";
  const { untilNs, endNs } = loaded;
  const parts = [cellWords(loaded)];
  if (note !== undefined) parts.push(`the axis counts ${note}`);
  if (marks.some(({ kind }) => kind === "empty")) parts.push("hatched: nothing was measured");
  if (lines.length > 1 && lines.some(({ gaps }) => gaps.length > 0)) {
    parts.push("strips below: gaps of each line");
  }
  if (untilNs < endNs) {
    parts.push(`grey: not queryable yet, the last ${renderSpan(endNs - untilNs)}`);
  }
  return parts.join(" · ");
}

/** With absolute times, so that it shows the same tomorrow. */
function absoluteLink(view: PlotView, loaded: Loaded | undefined): string {
  const range = loaded === undefined ? view.range : rangeBetween(loaded.startNs, loaded.endNs);
  const query = queryFromView({ ...view, range, isLive: false });
  return new URL(hrefTo("/plot", query), location.href).href;
}
