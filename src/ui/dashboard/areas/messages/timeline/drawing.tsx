/** The drawings of the timeline: SVG whose places are percent of its width. Their words are beside them. */

import type { ComponentChildren } from "preact";
import { renderSpan } from "../duration.ts";
import type { Clock, GhostRow, Row, SeenRow, Span } from "./rows.ts";
import type { Scale } from "./scale.ts";

interface Walls {
  readonly scale: Scale;
  readonly deadlineNs: bigint | undefined;
  readonly nowNs: bigint | undefined;
}

/** Breaks with their lengths, the deadline, and now. */
export function Axis({ scale, deadlineNs, nowNs }: Walls) {
  const deadlineX = deadlineNs === undefined ? undefined : scale.at(deadlineNs);
  const nowX = nowNs === undefined ? undefined : scale.at(nowNs);
  return (
    <svg class="axis" height={34} aria-hidden="true">
      {scale.breaks.map(({ fromNs, toNs, from, to }) => (
        <Label
          key={from}
          x={(from + to) / 2}
          y={12}
          class="break-label"
          text={renderSpan(toNs - fromNs)}
        />
      ))}
      {deadlineX !== undefined && (
        <Label x={deadlineX} beside={nowX} class="deadline" text="deadline" />
      )}
      {nowX !== undefined && <Label x={nowX} beside={deadlineX} class="now" text="now" />}
      <line class="base" x1="0" x2="100%" y1={33} y2={33} />
    </svg>
  );
}

function Label({
  x,
  y = 28,
  beside,
  class: name,
  text,
}: {
  readonly x: number;
  readonly y?: number;
  /** Where the other label of its line is: the text goes to the other side. */
  readonly beside?: number | undefined;
  readonly class: string;
  readonly text: string;
}) {
  return (
    <text class={name} x={`${x}%`} y={y} text-anchor={anchorOf(x, beside)}>
      {text}
    </text>
  );
}

function anchorOf(x: number, beside: number | undefined): "start" | "middle" | "end" {
  if (beside !== undefined && Math.abs(x - beside) < 15) return x < beside ? "end" : "start";
  if (x < 12) return "start";
  return x > 88 ? "end" : "middle";
}

export function Track({
  row,
  clock,
  ...walls
}: Walls & { readonly row: Row; readonly clock: Clock }) {
  const { scale } = walls;
  return (
    <div class="track">
      <svg aria-hidden="true">
        <Grid {...walls} />
        {row.kind === "ghost" ? (
          <GhostMark row={row} scale={scale} />
        ) : (
          <SeenMark row={row} scale={scale} clock={clock} />
        )}
      </svg>
    </div>
  );
}

function Grid({ scale, deadlineNs, nowNs }: Walls): ComponentChildren {
  return (
    <>
      {scale.breaks.map(({ from, to }) => (
        <rect key={from} class="break" x={`${from}%`} width={`${to - from}%`} y={0} height="100%" />
      ))}
      {deadlineNs !== undefined && <Wall x={scale.at(deadlineNs)} class="deadline" />}
      {nowNs !== undefined && <Wall x={scale.at(nowNs)} class="now" />}
    </>
  );
}

function Wall({ x, class: name }: { readonly x: number; readonly class: string }) {
  return <line class={`wall ${name}`} x1={`${x}%`} x2={`${x}%`} y1={0} y2="100%" />;
}

/** Two marks in two lines where both clocks are shown, joined so that their distance is seen. */
function SeenMark({
  row,
  scale,
  clock,
}: {
  readonly row: SeenRow;
  readonly scale: Scale;
  readonly clock: Clock;
}) {
  const { told, received } = row;
  const isBoth = clock === "both" && received !== undefined;
  const upper = clock === "received" ? (received ?? told) : told;
  const [toldY, receivedY] = isBoth ? [9, 21] : [15, 15];
  return (
    <>
      {isBoth && (
        <line
          class="join"
          x1={`${scale.at(told.fromNs)}%`}
          x2={`${scale.at(received.fromNs)}%`}
          y1={toldY}
          y2={receivedY}
        />
      )}
      <SpanMark
        class={clock === "received" ? "received" : "told"}
        span={upper}
        scale={scale}
        y={toldY}
      />
      {isBoth && <SpanMark class="received" span={received} scale={scale} y={receivedY} />}
    </>
  );
}

function SpanMark({
  class: name,
  span: { fromNs, toNs },
  scale,
  y,
}: {
  readonly class: string;
  readonly span: Span;
  readonly scale: Scale;
  readonly y: number;
}) {
  const [from, to] = [scale.at(fromNs), scale.at(toNs)];
  return (
    <g class={`mark-${name}`}>
      <line x1={`${from}%`} x2={`${to}%`} y1={y} y2={y} />
      <circle cx={`${from}%`} cy={y} r={5} />
      {to > from && <circle cx={`${to}%`} cy={y} r={3} />}
    </g>
  );
}

/** A hollow box from where half of all messages have it to where 99 of 100 do. */
function GhostMark({ row, scale }: { readonly row: GhostRow; readonly scale: Scale }) {
  const { usualNs, latestNs, reason } = row.ghost;
  if (usualNs === undefined || latestNs === undefined) return null;
  const [usual, latest] = [scale.at(usualNs), scale.at(latestNs)];
  return (
    <g class={`ghost-mark ${reason.replaceAll(" ", "-")}`}>
      <line class="whisker" x1={`${usual}%`} x2={`${latest}%`} y1={15} y2={15} />
      <line class="whisker" x1={`${latest}%`} x2={`${latest}%`} y1={10} y2={20} />
      <line class="usual" x1={`${usual}%`} x2={`${usual}%`} y1={6} y2={24} />
      <rect
        x={`${Math.min(usual, latest)}%`}
        y={8}
        width={`${Math.max(0.6, Math.abs(latest - usual))}%`}
        height={14}
        rx={3}
      />
    </g>
  );
}
