/** The life of a message, to scale: one row for each event that was seen, and for each that is missing. */

import { SafeText } from "../../../kit/safe-text.tsx";
import { Time } from "../../../kit/time.tsx";
import type { AppSettings, Funnel, Lifecycle } from "../api.ts";
import { renderSpan, timeOf } from "../duration.ts";
import { Axis, Track } from "./drawing.tsx";
import { deadlineOf, ghostsOf } from "./ghosts.ts";
import { type Clock, nameOf, type Row, rowsOf, type SeenRow, timesOf } from "./rows.ts";
import { scaleOf } from "./scale.ts";
import { type Skew, skewsOf } from "./skew.ts";

export interface TimelineProps {
  readonly lifecycle: Lifecycle;
  readonly app: AppSettings;
  readonly funnel: Funnel | undefined;
  readonly nowNs: bigint;
  readonly clock: Clock;
  readonly fold: boolean;
  /** The event whose occurrences are listed. */
  readonly selected: string;
  readonly onSelect: (event: string) => void;
}

export function Timeline(props: TimelineProps) {
  const { lifecycle, app, funnel, nowNs, clock, fold, selected, onSelect } = props;
  const ghosts = ghostsOf({ lifecycle, app, funnel, nowNs });
  const rows = rowsOf(lifecycle.events, ghosts, clock);
  const skews = skewsOf(lifecycle.events, app.expected);
  const isOpen = ghosts.length > 0;
  const deadlineNs = isOpen ? deadlineOf(lifecycle, app) : undefined;
  const marks = isOpen ? [nowNs, ...(deadlineNs === undefined ? [] : [deadlineNs])] : [];
  const scale = scaleOf([...timesOf(rows, clock), ...marks], fold);
  const walls = { deadlineNs, nowNs: isOpen ? nowNs : undefined };
  const breaks = scale.breaks.map(({ fromNs, toNs }) => renderSpan(toNs - fromNs));
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="timeline-head">
        <span class="timeline-from">
          <Time of={timeOf(scale.startNs)} />
        </span>
        <Axis scale={scale} {...walls} />
        <span class="timeline-length">{renderSpan(scale.endNs - scale.startNs)}</span>
      </div>
      <ol class="stages">
        {rows.map((row) => (
          <li key={nameOf(row)} class={classOf(row, selected)}>
            <button
              type="button"
              class="stage-name"
              aria-pressed={selected === nameOf(row)}
              title="Show its occurrences below"
              onClick={() => onSelect(selected === nameOf(row) ? "" : nameOf(row))}
            >
              <SafeText text={nameOf(row)} max={80} />
            </button>
            <Track row={row} scale={scale} clock={clock} {...walls} />
            <div class="stage-text">
              {row.kind === "ghost" ? (
                <p>
                  <strong class={`reason ${row.ghost.reason.replaceAll(" ", "-")}`}>
                    {row.ghost.why}
                  </strong>{" "}
                  <SafeText text={row.ghost.usual} max={900} />
                </p>
              ) : (
                <SeenText row={row} clock={clock} />
              )}
              <Skews skews={skews.filter(({ event }) => event === nameOf(row))} />
            </div>
          </li>
        ))}
      </ol>
      {breaks.length > 0 && (
        <p class="about">
          {breaks.length === 1 ? "An idle stretch is" : `${breaks.length} idle stretches are`}{" "}
          folded: {breaks.join(", ")}. The rest is to scale.
        </p>
      )}
    </section>
  );
}

function classOf(row: Row, selected: string): string {
  return `stage ${row.kind} ${selected === nameOf(row) ? "selected" : ""}`;
}

function SeenText({ row, clock }: { readonly row: SeenRow; readonly clock: Clock }) {
  const { seen, told, received, gapNs } = row;
  const isReceived = clock === "received" && seen.received_first_at !== null;
  const [first, last] = isReceived
    ? [seen.received_first_at ?? seen.first_at, seen.received_last_at ?? seen.last_at]
    : [seen.first_at, seen.last_at];
  return (
    <p>
      {gapNs !== undefined && <strong>+{renderSpan(gapNs)} </strong>}
      <Time of={first} show="clock" />
      {seen.count > 1 && (
        <>
          {" "}
          <strong>× {seen.count}</strong> until <Time of={last} show="clock" />
        </>
      )}
      {clock === "both" && received !== undefined && (
        <span class="received"> received {renderSpan(received.fromNs - told.fromNs)} later</span>
      )}
      {clock !== "told" && received === undefined && (
        <span class="received"> time of receipt not kept</span>
      )}
    </p>
  );
}

function Skews({ skews }: { readonly skews: readonly Skew[] }) {
  return skews.map(({ sentence }) => (
    <p key={sentence} class="skew">
      <strong>Impossible order.</strong> <SafeText text={sentence} max={900} />
    </p>
  ));
}
