/**
 * A plot of lines with bands, or of bars, for mouse and keyboard. uPlot is loaded with the first one.
 * It asks for a zoom and draws none: the page brings the picture of the new range.
 */

import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { messageOf } from "../../../http.ts";
import { onColours } from "./colours.ts";
import { type DrawnPlot, drawPlot, type PlotPicture } from "./draw.ts";

export interface PlotProps extends PlotPicture {
  readonly label: string;
  /** What a reader hears of a point: its time, and each value. */
  readonly say: (index: number) => string;
  /** Called with the point at the cursor, undefined where there is no cursor. */
  readonly onCursor?: (index: number | undefined) => void;
  readonly onZoom?: (from: number, to: number) => void;
  readonly onZoomOut?: () => void;
  /** Moves the range without a zoom; 1 is by its width, to what is later. */
  readonly onPan?: (widths: number) => void;
  /** Pixels for points: more than twice as many cannot be seen. */
  readonly onWidth?: (px: number) => void;
  /** Half as high. */
  readonly isLow?: boolean;
}

/** Points that an arrow key passes with Shift. */
const strideFast = 10;
/** Of the range, by a key. */
const panWidths = 0.5;

export function Plot(props: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnPlot | undefined>(undefined);
  const newest = useRef(props);
  newest.current = props;
  const [failure, setFailure] = useState<string>();
  const [at, setAt] = useState<number>();
  const { x, lines, from, to, marks, walls, ticks } = props;
  // uPlot is made for a fixed set of lines.
  const shape = lines.map(({ low, drawn: as }) => `${as ?? "line"}${low ? "+" : ""}`).join();

  useEffect(() => {
    let isGone = false;
    const events = {
      cursor(index: number | undefined) {
        setAt(index);
        newest.current.onCursor?.(index);
      },
      zoom: (low: number, high: number) => newest.current.onZoom?.(low, high),
      zoomOut: () => newest.current.onZoomOut?.(),
      width: (px: number) => newest.current.onWidth?.(px),
    };
    import("uplot").then(
      ({ default: UPlot }) => {
        if (isGone || box.current === null) return;
        drawn.current = drawPlot(UPlot, box.current, newest.current, events);
      },
      (error: unknown) => setFailure(messageOf(error)),
    );
    const forget = onColours(() => drawn.current?.recolour());
    return () => {
      isGone = true;
      forget();
      drawn.current?.destroy();
      drawn.current = undefined;
    };
  }, [shape]);
  useEffect(() => {
    drawn.current?.show(newest.current);
  }, [x, lines, from, to, marks, walls, ticks]);

  const last = x.length - 1;
  const move = (index: number) => {
    const next = Math.min(last, Math.max(0, index));
    if (last >= 0) drawn.current?.point(next);
  };
  const zoomBy = (factor: number) => {
    const middle = at === undefined ? (from + to) / 2 : (x[at] ?? (from + to) / 2);
    const half = ((to - from) * factor) / 2;
    props.onZoom?.(middle - half, middle + half);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const stride = event.shiftKey ? strideFast : 1;
    const actions: Readonly<Record<string, (() => void) | undefined>> = {
      ArrowLeft: () => move((at ?? last + 1) - stride),
      ArrowRight: () => move((at ?? -1) + stride),
      Home: () => move(0),
      End: () => move(last),
      "+": () => zoomBy(0.5),
      "-": () => zoomBy(2),
      Escape: props.onZoomOut,
      PageUp: props.onPan && (() => props.onPan?.(-panWidths)),
      PageDown: props.onPan && (() => props.onPan?.(panWidths)),
    };
    const action = actions[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };
  const spoken = at === undefined || at > last ? "" : props.say(at);

  return (
    <div class="plot">
      <ErrorMessage text={failure && `Cannot load the plot: ${failure}`} />
      <div
        ref={box}
        class={`plot-box ${props.isLow === true ? "low" : ""}`}
        role="slider"
        tabIndex={0}
        aria-label={props.label}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.min(at ?? 0, Math.max(0, last))}
        aria-valuetext={spoken === "" ? "The arrow keys move the cursor" : spoken}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
