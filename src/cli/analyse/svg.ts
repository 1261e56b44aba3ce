/** Charts as SVG: panels with axes, points and lines. */

import type { Scale } from "./scale.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Points {
  readonly label: string;
  readonly colour: string;
  readonly radius: number;
  /** Coordinates. */
  readonly at: readonly (readonly [x: number, y: number])[];
}

const ink = "#1f2933";
const faint = "#6b7785";
const grid = "#e3e8ee";
/** The first is a dependency, for the PNG; the others are installed on most systems. */
const fonts = "'DejaVu Sans', Verdana, system-ui, sans-serif";

export function svg(width: number, height: number, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${fonts}" font-size="13" fill="${ink}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

export interface TextOptions {
  readonly size?: number;
  readonly bold?: boolean;
  readonly colour?: string;
  readonly anchor?: "start" | "middle" | "end";
  /** Degrees, around its coordinates. */
  readonly turn?: number;
}

export function text(x: number, y: number, words: string, options: TextOptions = {}): string {
  const { size = 13, bold = false, colour = ink, anchor = "start", turn } = options;
  const rotation = turn === undefined ? "" : ` transform="rotate(${turn} ${px(x)} ${px(y)})"`;
  const weight = bold ? ' font-weight="bold"' : "";
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}"${weight} fill="${colour}" text-anchor="${anchor}"${rotation}>${escaped(words)}</text>`;
}

export interface AxesOptions {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xTick?: (value: number) => string;
  readonly yTick?: (value: number) => string;
}

/** The frame of a panel: grid, ticks with their values, labels of the axes. */
export function axes(box: Box, x: Scale, y: Scale, options: AxesOptions): string {
  const { xTick = tickText, yTick = tickText } = options;
  const bottom = box.y + box.height;
  const parts = [
    ...y.ticks.map((value) => {
      const at = y.at(value);
      return (
        line(box.x, at, box.x + box.width, at, grid) +
        text(box.x - 8, at + 4.5, yTick(value), { anchor: "end", colour: faint, size: 12 })
      );
    }),
    ...x.ticks.map((value) => {
      const at = x.at(value);
      return (
        line(at, bottom, at, bottom + 5, faint) +
        text(at, bottom + 20, xTick(value), { anchor: "middle", colour: faint, size: 12 })
      );
    }),
    line(box.x, bottom, box.x + box.width, bottom, faint),
    text(box.x + box.width / 2, bottom + 42, options.xLabel, { anchor: "middle" }),
    text(box.x - 58, box.y + box.height / 2, options.yLabel, { anchor: "middle", turn: -90 }),
  ];
  return parts.join("\n");
}

/** One path for all points: viewers are slow with thousands of elements. */
export function points({ at, colour, radius }: Points): string {
  const path = at.map(([x, y]) => `M${px(x)} ${px(y)}h0`).join("");
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${radius * 2}" stroke-linecap="round" stroke-opacity="0.75"/>`;
}

export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: string,
  { dash = "", width = 1 }: { readonly dash?: string; readonly width?: number } = {},
): string {
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return `<path d="M${px(x1)} ${px(y1)}L${px(x2)} ${px(y2)}" stroke="${colour}" stroke-width="${width}"${dashes} fill="none"/>`;
}

/** The meaning of the colours, in a row. */
export function legend(x: number, y: number, entries: readonly Pick<Points, "label" | "colour">[]) {
  let at = x;
  return entries
    .map(({ label, colour }) => {
      const left = at;
      // An estimate: SVG does not report the width of a text.
      at += 34 + label.length * 8;
      return `<circle cx="${px(left + 6)}" cy="${px(y - 4.5)}" r="5" fill="${colour}"/>${text(left + 17, y, label)}`;
    })
    .join("\n");
}

export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 10_000) return Number(value.toPrecision(6)).toLocaleString("en");
  return String(Number(value.toPrecision(6)));
}

/** A tenth of a pixel is fine enough. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(words: string): string {
  return (
    words
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      // XML does not allow these characters.
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\uFFFD")
      .toWellFormed()
  );
}
