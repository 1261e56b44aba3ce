/** A plot on uPlot's canvas. uPlot draws; what is shown, and every zoom, is decided by the page. */

import type uPlot from "uplot";
import { type PlotColours, readColours } from "./colours.ts";
import type { Ticks } from "./time-axis.ts";

/** `null` breaks a line; `undefined` is no point, and the line goes on. */
export type Value = number | null | undefined;

export interface PlotLine {
  readonly name: string;
  readonly values: readonly Value[];
  /** The range that a point stands for, drawn as a band. */
  readonly low?: readonly Value[];
  readonly high?: readonly Value[];
  readonly drawn?: "line" | "bars";
  /** Where it has no value: a strip at the lower edge, where there are other lines. */
  readonly gaps?: readonly { readonly from: number; readonly to: number }[];
}

export interface PlotMark {
  readonly from: number;
  readonly to: number;
  /** Hatched: nothing was measured. Grey: not known yet. */
  readonly kind: "empty" | "later";
}

/** A vertical line, such as a median or a deadline. */
export interface PlotWall {
  readonly at: number;
  readonly name: string;
}

export interface PlotPicture {
  /** Rising. */
  readonly x: readonly number[];
  readonly lines: readonly PlotLine[];
  readonly from: number;
  readonly to: number;
  readonly ticks: (range: readonly [number, number], most: number) => Ticks;
  readonly marks?: readonly PlotMark[];
  readonly walls?: readonly PlotWall[];
}

export interface PlotEvents {
  /** The point nearest to the cursor; undefined: the cursor left. */
  cursor(index: number | undefined): void;
  zoom(from: number, to: number): void;
  zoomOut(): void;
  /** Pixels that the points may have; labels of the axis take some of them. */
  width(px: number): void;
}

export interface DrawnPlot {
  show(picture: PlotPicture): void;
  /** Shows the cursor at a point. */
  point(index: number): void;
  recolour(): void;
  destroy(): void;
}

const font = "12px system-ui, sans-serif";
/** Narrower selections are clicks. */
const selectedPxMin = 4;
const tickPx = 96;
const stripPx = 3;
/** What the axis of values takes at most, for usual values. */
const axisPx = 60;
/** With more room than this for each, all points are drawn. */
const pointPx = 14;

export function drawPlot(
  UPlot: typeof uPlot,
  box: HTMLElement,
  first: PlotPicture,
  events: PlotEvents,
): DrawnPlot {
  let picture = first;
  let colours = readColours(box);
  let ticks: Ticks = { at: [], texts: [] };
  const look: uPlot.Axis = {
    font,
    stroke: () => colours.text,
    grid: { stroke: () => colours.grid, width: 1 },
    ticks: { stroke: () => colours.grid, width: 1 },
  };
  const options: uPlot.Options = {
    ...sizeOf(box),
    legend: { show: false },
    scales: {
      x: { time: false, range: () => [picture.from, picture.to] },
      y: { range: (_, low, high) => valueRange(low, high, picture) },
    },
    series: seriesOf(
      () => picture,
      () => colours,
      UPlot,
    ),
    bands: bandsOf(picture, () => colours),
    axes: [
      {
        ...look,
        splits: ({ bbox }) => {
          const most = Math.max(2, Math.floor(bbox.width / UPlot.pxRatio / tickPx));
          ticks = picture.ticks([picture.from, picture.to], most);
          return [...ticks.at];
        },
        values: () => [...ticks.texts],
      },
      { ...look, ...valueAxis },
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          events.zoomOut();
          return null;
        },
      },
    },
    hooks: {
      drawClear: [(self) => drawMarks(self, picture, colours)],
      draw: [
        (self) => drawLoneRanges(self, picture, colours),
        (self) => drawGaps(self, picture, colours),
        (self) => drawWalls(self, picture, colours),
      ],
      setCursor: [({ cursor }) => events.cursor(cursor.idx ?? undefined)],
      setSelect: [
        (self) => {
          const { left, width } = self.select;
          if (width < selectedPxMin) return;
          events.zoom(self.posToVal(left, "x"), self.posToVal(left + width, "x"));
          // The picture stays as it is until the page has another.
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
  const plot = new UPlot(options, dataOf(picture), box);
  // Not of the area between the axes, which depends on the values: new points would ask for others.
  const tellWidth = () => events.width(box.clientWidth - axisPx);
  const observer = new ResizeObserver(() => {
    plot.setSize(sizeOf(box));
    tellWidth();
  });
  observer.observe(box);
  tellWidth();

  return {
    show(next) {
      picture = next;
      plot.setData(dataOf(next));
    },
    point(index) {
      const x = picture.x[index];
      if (x === undefined) return;
      plot.setCursor({ left: plot.valToPos(x, "x"), top: plot.bbox.height / UPlot.pxRatio / 2 });
    },
    recolour() {
      colours = readColours(box);
      plot.redraw(false);
    },
    destroy() {
      observer.disconnect();
      plot.destroy();
    },
  };
}

const valueAxis: uPlot.Axis = {
  values: (_, splits) => splits.map(valueText),
  size: (_, values) => 20 + 7 * Math.max(3, ...(values ?? []).map(({ length }) => length)),
};

function sizeOf(box: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, box.clientWidth), height: Math.max(80, box.clientHeight) };
}

/** uPlot's: the places, and for each line its values, its high ends and its low ends. */
function dataOf({ x, lines }: PlotPicture): uPlot.AlignedData {
  const columns = lines.flatMap(({ values, low, high }) =>
    low === undefined || high === undefined ? [values] : [values, high, low],
  );
  return [x as number[], ...(columns as (number | null | undefined)[][])];
}

function seriesOf(
  picture: () => PlotPicture,
  colours: () => PlotColours,
  UPlot: typeof uPlot,
): uPlot.Series[] {
  const edge: uPlot.Series = { points: { show: false }, width: 0 };
  return [
    {},
    ...picture().lines.flatMap(({ low, drawn }, at): uPlot.Series[] => {
      const bars = drawn === "bars" ? UPlot.paths.bars?.({ size: [1, 200], align: 1 }) : undefined;
      const own: uPlot.Series = {
        stroke: () => colours().lines[at]?.line ?? colours().text,
        width: 1.5,
        dash: [...(colours().lines[at]?.dash ?? [])],
        points: {
          show: false,
          size: 5,
          filter: (self) => pointsOf(picture(), at, self.bbox.width / UPlot.pxRatio),
        },
        ...(bars === undefined
          ? {}
          : { paths: bars, fill: () => colours().lines[at]?.band ?? colours().text }),
      };
      return low === undefined ? [own] : [own, edge, edge];
    }),
  ];
}

function bandsOf({ lines }: PlotPicture, colours: () => PlotColours): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let series = 1;
  for (const [at, { low }] of lines.entries()) {
    if (low !== undefined) {
      bands.push({
        series: [series + 1, series + 2],
        fill: () => colours().lines[at]?.band ?? colours().text,
      });
    }
    series += low === undefined ? 1 : 3;
  }
  return bands;
}

/** The points that are drawn as such: lone ones, and all of them where they have room. */
function pointsOf({ x, lines, from, to }: PlotPicture, at: number, px: number): number[] | null {
  const line = lines[at];
  if (line === undefined || line.drawn === "bars") return null;
  const within = line.values.flatMap((value, i) => {
    const place = x[i] ?? from;
    return typeof value === "number" && place >= from && place <= to ? [i] : [];
  });
  const shown = within.length * pointPx < px ? within : loneOf(line.values);
  return shown.length === 0 ? null : shown;
}

/** Points that no line leads to or from. */
export function loneOf(values: readonly Value[]): number[] {
  const lone: number[] = [];
  let isBroken = true;
  let candidate: number | undefined;
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    if (value === null) {
      if (candidate !== undefined) lone.push(candidate);
      candidate = undefined;
      isBroken = true;
    } else {
      candidate = isBroken ? i : undefined;
      isBroken = false;
    }
  }
  if (candidate !== undefined) lone.push(candidate);
  return lone;
}

function drawMarks(self: uPlot, { marks = [] }: PlotPicture, colours: PlotColours): void {
  const { ctx, bbox } = self;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { from, to, kind } of marks) {
    const left = Math.max(bbox.left, self.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, self.valToPos(to, "x", true));
    if (right <= left) continue;
    if (kind === "later") {
      ctx.fillStyle = colours.later;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    } else hatch(self, left, right, colours.empty);
  }
  ctx.restore();
}

function hatch({ ctx, bbox }: uPlot, left: number, right: number, colour: string): void {
  const step = 9 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  // From a common origin, so that the lines stay where they are while the gap grows.
  const first = Math.floor((left - bbox.height) / step) * step;
  for (let x = first; x < right; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

/** A band has no width at a lone point: its range is a vertical line. */
function drawLoneRanges(self: uPlot, { x, lines }: PlotPicture, colours: PlotColours): void {
  const { ctx } = self;
  for (const [at, { values, low, high }] of lines.entries()) {
    if (low === undefined || high === undefined) continue;
    ctx.save();
    ctx.strokeStyle = colours.lines[at]?.line ?? colours.text;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (const i of loneOf(values)) {
      const [place, bottom, top] = [x[i], low[i], high[i]];
      if (place === undefined || typeof bottom !== "number" || typeof top !== "number") continue;
      const left = self.valToPos(place, "x", true);
      ctx.moveTo(left, self.valToPos(bottom, "y", true));
      ctx.lineTo(left, self.valToPos(top, "y", true));
    }
    ctx.stroke();
    ctx.restore();
  }
}

/** A gap of one line among several cannot be hatched: the others have values there. */
function drawGaps(self: uPlot, { lines }: PlotPicture, colours: PlotColours): void {
  if (lines.length < 2) return;
  const { ctx, bbox } = self;
  const height = stripPx * devicePixelRatio;
  ctx.save();
  for (const [at, { gaps = [] }] of lines.entries()) {
    ctx.fillStyle = colours.lines[at]?.line ?? colours.text;
    const top = bbox.top + bbox.height - (at + 1) * (height + devicePixelRatio);
    for (const { from, to } of gaps) {
      const left = Math.max(bbox.left, self.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, self.valToPos(to, "x", true));
      if (right > left) ctx.fillRect(left, top, right - left, height);
    }
  }
  ctx.restore();
}

function drawWalls(self: uPlot, { walls = [], from, to }: PlotPicture, colours: PlotColours): void {
  const { ctx, bbox } = self;
  ctx.save();
  ctx.strokeStyle = colours.text;
  ctx.fillStyle = colours.text;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  for (const { at, name } of walls) {
    if (at < from || at > to) continue;
    const left = self.valToPos(at, "x", true);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    const isRight = left > bbox.left + bbox.width / 2;
    ctx.textAlign = isRight ? "right" : "left";
    ctx.fillText(
      name,
      left + (isRight ? -5 : 5) * devicePixelRatio,
      bbox.top + 14 * devicePixelRatio,
    );
  }
  ctx.restore();
}

/** Some room above and below; a range of one value is widened. Of bars it begins at 0. */
function valueRange(
  low: number | null,
  high: number | null,
  { lines }: PlotPicture,
): [number, number] {
  if (low === null || high === null) return [0, 1];
  const bottom = lines.some(({ drawn }) => drawn === "bars") ? Math.min(0, low) : low;
  const room = bottom === high ? Math.abs(high) * 0.1 || 1 : (high - bottom) * 0.06;
  const within = (value: number) => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
  return [bottom === 0 ? 0 : within(bottom - room), within(high + room)];
}

function valueText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(2);
  return String(Number(value.toPrecision(9)));
}
