/** What a plot shows, in words: for its caption, for its cursor, and for readers who do not see it. */

import { renderSpan } from "../../kit/plot/time-axis.ts";
import { renderTime, timeFromNs, type Zone } from "../../kit/time-text.ts";
import { type Cell, gapAfterNs, type Line, type Stretch } from "./lines.ts";
import type { Loaded } from "./load.ts";

const rendersMax = 80;

export function lineName({ shown, column }: Pick<Line, "shown" | "column">): string {
  const tag = shown.tag.length > rendersMax ? `${shown.tag.slice(0, rendersMax)}…` : shown.tag;
  return shown.agg === "count" ? `${tag} count` : `${tag} [${column}] ${shown.agg}`;
}

/** `500 cells of 1.8 s · mean · a silence of more than 3 s is a gap`. */
export function cellWords({ answered, startNs, endNs }: Loaded): string {
  const sizes = new Set(
    answered.map(({ shown, answer }) => {
      if (shown.agg === "lttb") {
        return `${answer.points.length} measurements of ${shown.tag.slice(0, 40)}`;
      }
      const count = BigInt(Math.max(1, answer.band.length));
      return `${answer.band.length} cells of ${renderSpan((endNs - startNs) / count)}`;
    }),
  );
  const aggs = [
    ...new Set(answered.map(({ shown: { agg, of } }) => (of === "" ? agg : `${agg} ${of}`))),
  ];
  const gaps = [...new Set(answered.map((each) => renderSpan(gapAfterNs(each))))];
  return [
    [...sizes].join(", "),
    aggs.join(", "),
    ...(gaps.length === 1 ? [`a silence of more than ${gaps[0]} is a gap`] : []),
  ].join(" · ");
}

/** The cell of a line at a time, or the one before it. */
export function cellAt({ cells }: Pick<Line, "cells">, ns: bigint): Cell | undefined {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cells[middle]?.timeNs ?? ns) <= ns) low = middle + 1;
    else high = middle;
  }
  return cells[low - 1];
}

export function renderNs(ns: bigint, zone: Zone): string {
  return renderTime(timeFromNs(ns), zone);
}

/** All digits that a float64 has. */
export function renderValue(value: number | null): string {
  return value === null ? "—" : String(value);
}

export function pointWords(lines: readonly Line[], ns: bigint | undefined, zone: Zone): string {
  if (ns === undefined) return "";
  const values = lines.map((line) => {
    const value = cellAt(line, ns)?.value ?? null;
    return `${lineName(line)}: ${value === null ? "nothing was measured" : value}`;
  });
  return `${renderNs(ns, zone)}. ${values.join(". ")}`;
}

export function sentenceOf(lines: readonly Line[], span: Stretch, zone: Zone): string {
  const from = `From ${renderNs(span.fromNs, zone)} to ${renderNs(span.toNs, zone)}: `;
  const each = lines.map((line) => {
    const numbers = line.cells.flatMap(({ value }) => (value === null ? [] : [value]));
    if (numbers.length === 0) return `${lineName(line)} has no value`;
    const { low, high } = rangeOf(line.cells);
    const last = numbers.at(-1) ?? 0;
    const longest = line.gaps.reduce((most, gap) => {
      const ns = gap.toNs - gap.fromNs;
      return ns > most ? ns : most;
    }, 0n);
    const gaps =
      line.gaps.length === 0
        ? "without a gap"
        : `${line.gaps.length} ${line.gaps.length === 1 ? "gap" : "gaps"}, the longest ${renderSpan(longest)}`;
    return `${lineName(line)} is between ${low} and ${high}, at last ${last}, ${gaps}`;
  });
  return `${from}${each.join("; ") || "nothing is drawn"}.`;
}

function rangeOf(cells: readonly Cell[]): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells) {
    if (cell.value === null) continue;
    low = Math.min(low, cell.low ?? cell.value);
    high = Math.max(high, cell.high ?? cell.value);
  }
  return { low, high };
}

/** `time` in nanoseconds, and a column for each line; empty where it has no value. */
export function csvOf(lines: readonly Line[], times: readonly bigint[]): string {
  const head = ["time", ...lines.map((line) => csvText(lineName(line)))];
  const rows = times.map((ns) => {
    const values = lines.map((line) => {
      const cell = cellAt(line, ns);
      return cell?.timeNs === ns && cell.value !== null ? String(cell.value) : "";
    });
    return [String(ns), ...values].join(",");
  });
  return `${[head.join(","), ...rows].join("\n")}\n`;
}

/** A program that opens the file must not take a tag for a formula. */
function csvText(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${plain.replaceAll('"', '""')}"`;
}
