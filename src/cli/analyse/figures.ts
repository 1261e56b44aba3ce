/** The two figures of an ack rule: when ids were seen and acknowledged, and how long acks took. */

import { quantile } from "../../features/ack-rules/quantile.ts";
import type { Acks } from "./acks.ts";
import { linearScale, logScale, roundStep } from "./scale.ts";
import { axes, type Box, legend, line, type Points, points, svg, text, tickText } from "./svg.ts";

/** Distinct for colour-blind readers as well (Okabe and Ito). */
const topicColours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d3b"];
const ackColour = "#d55e00";
const medianColour = "#1f2933";

/** More points are unreadable; a figure states how many it leaves out. */
const pointsMax = 20_000;
/** Ids of the second panel, far enough apart to be distinguished. */
const closeIds = 50;

const width = 1200;
const height = 620;
/** Two lines and a gap. */
const labelHeight = 36;

/** Each id's occurrences and its ack, in seconds since the first occurrence of all. */
export function timesFigure({ rule, topics, ids, firstMs }: Acks): string {
  const seconds = (ms: number) => (ms - firstMs) / 1000;
  const rows = ids.map(({ seenMs, ackMs }) => ({
    seen: seenMs.map((ms) => (ms === undefined ? undefined : seconds(ms))),
    ack: ackMs === undefined ? undefined : seconds(ackMs),
  }));
  const middle = Math.max(0, Math.floor((rows.length - closeIds) / 2));
  const stride = Math.ceil(rows.length / pointsMax);
  const hint = stride > 1 ? `, every ${stride}th is drawn` : "";
  const entries = [
    ...topics.map((label, index) => ({ label, colour: topicColour(index) })),
    { label: "ack", colour: ackColour },
  ];
  const left = { x: 90, y: 110, width: 620, height: 430 };
  const right = { x: 800, y: 110, width: 370, height: 430 };
  return svg(width, height, [
    text(90, 40, `Occurrences and acks of rule ${rule}`, { size: 20, bold: true }),
    text(90, 63, `${rows.length} ids${hint}, in the order in which they were first seen`, {
      colour: "#6b7785",
    }),
    legend(90, 92, entries),
    panel(left, 0, rows, stride, 1.6, false),
    panel(right, middle, rows.slice(middle, middle + closeIds), 1, 3.5, true),
  ]);

  function panel(
    box: Box,
    first: number,
    shown: typeof rows,
    stride: number,
    radius: number,
    isClose: boolean,
  ): string {
    const all = shown.flatMap(({ seen, ack }) => [...seen, ack]).filter(isNumber);
    const low = isClose ? reduce(all, Math.min, 0) : 0;
    const high = reduce(all, Math.max, low);
    const room = (high - low) * 0.04 || 1;
    const y = linearScale([low - (isClose ? room : 0), high + room], [bottom(box), box.y], 6);
    const x = linearScale(
      [first, first + Math.max(1, shown.length)],
      [box.x, box.x + box.width],
      5,
      // There is no half id.
      1,
    );
    const place = (index: number, value: number): [number, number] => [
      x.at(first + index),
      y.at(value),
    ];
    const drawn = shown.map((row, index) => ({ ...row, index })).filter((_, i) => i % stride === 0);
    const series = topics.map((label, topic): Points => {
      const at = drawn.flatMap(({ seen, index }) => placed(place, index, seen[topic]));
      return { label, colour: topicColour(topic), radius, at };
    });
    const acks = drawn.flatMap(({ ack, index }) => placed(place, index, ack));
    const threads = drawn.flatMap(({ seen, ack, index }) => {
      const times = [...seen, ack].filter(isNumber);
      if (!isClose || times.length < 2) return [];
      const [top, end] = [y.at(Math.max(...times)), y.at(Math.min(...times))];
      return [line(x.at(first + index), top, x.at(first + index), end, "#c3ccd6")];
    });
    const label = isClose ? `${shown.length} ids of the middle` : "id, by when it was first seen";
    return [
      axes(box, x, y, { xLabel: label, yLabel: "seconds since the first" }),
      ...threads,
      ...series.map(points),
      points({ label: "ack", colour: ackColour, radius, at: acks }),
    ].join("\n");
  }
}

/** From the last occurrence of each id to its ack. */
export function delaysFigure({ rule, ids, firstMs }: Acks): string {
  const acked = ids.flatMap(({ ackMs, delayMs }) =>
    ackMs === undefined || delayMs === undefined ? [] : [{ ackMs, delayMs }],
  );
  const sorted = acked.map(({ delayMs }) => delayMs).toSorted((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const high = sorted.at(-1) ?? 1;
  const stride = Math.ceil(acked.length / pointsMax);
  const hint = stride > 1 ? `, every ${stride}th is drawn` : "";
  const box = { x: 90, y: 110, width: 1000, height: 430 };
  const lastS = acked.reduce((max, { ackMs }) => Math.max(max, (ackMs - firstMs) / 1000), 0);
  const x = linearScale([0, lastS || 1], [box.x, box.x + box.width], 8);
  // A few very long delays must not press all others onto the axis.
  const isWide = median > 0 && high > 15 * median;
  const y = isWide
    ? logScale([Math.max(sorted.find((ms) => ms > 0) ?? 1, 0.001), high], [bottom(box), box.y])
    : linearScale([0, roundUp(high * 1.05)], [bottom(box), box.y], 6);
  const at = acked
    .filter((_, index) => index % stride === 0)
    .map(({ ackMs, delayMs }): [number, number] => [x.at((ackMs - firstMs) / 1000), y.at(delayMs)]);
  const levels =
    acked.length === 0
      ? []
      : [
          { share: 0.99, label: "p99", dash: "6 4", width: 1.2 },
          { share: 0.5, label: "median", dash: "", width: 2 },
        ].map((level) => ({ ...level, ms: quantile(sorted, level.share) }));
  // The upper label makes room for the lower one.
  const lowest = y.at(median);
  return svg(width, height, [
    text(90, 40, `Delay of the acks of rule ${rule}`, { size: 20, bold: true }),
    text(90, 63, `${acked.length} acks${hint}, from an id's last occurrence to its ack`, {
      colour: "#6b7785",
    }),
    axes(box, x, y, {
      xLabel: "seconds since the first occurrence",
      yLabel: `milliseconds${isWide ? ", logarithmic" : ""}`,
    }),
    points({ label: "ack", colour: ackColour, radius: 2.2, at }),
    ...levels.map(({ share, label, dash, width, ms }) => {
      const level = y.at(ms);
      const words = share === 0.5 ? level : Math.min(level, lowest - labelHeight);
      return [
        line(box.x, level, box.x + box.width, level, medianColour, { dash, width }),
        text(box.x + box.width + 8, words - 3, label, { bold: share === 0.5 }),
        text(box.x + box.width + 8, words + 13, `${tickText(Number(ms.toPrecision(3)))} ms`),
      ].join("\n");
    }),
  ]);
}

function placed(
  place: (index: number, value: number) => [number, number],
  index: number,
  value: number | undefined,
): [number, number][] {
  return value === undefined ? [] : [place(index, value)];
}

function topicColour(index: number): string {
  return topicColours[index % topicColours.length] ?? "#0072b2";
}

function bottom(box: Box): number {
  return box.y + box.height;
}

/** Rounds up to a multiple of half a round step. */
function roundUp(value: number): number {
  const step = roundStep(value / 6) / 2;
  return Math.ceil(value / step) * step || 1;
}

/** For more values than a call can have arguments. */
function reduce(values: readonly number[], of: (a: number, b: number) => number, none: number) {
  return values.length === 0 ? none : values.reduce((a, b) => of(a, b));
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}
