/** The summary as a table for people. */

import { ratio } from "../table.ts";
import type { FloodSummary, LatencyFigures } from "./summary.ts";

export function renderFlood({
  calm,
  flooded,
  ratio_p99,
  rounds,
  log,
  cores,
  ok,
}: FloodSummary): string {
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(24) : cell.padStart(14))).join("");
  const ms = (value: number | null) => (value === null ? "?" : `${value} ms`);
  const row = (name: string, { p50_ms, p99_ms, max_ms }: LatencyFigures) =>
    line([name, ms(p50_ms), ms(p99_ms), ms(max_ms)]);
  return [
    `Medians of ${rounds} turns of 1,000 records/s in 50 requests/s, log ${log}, ${cores} cores`,
    "",
    line(["", "p50", "p99", "max"]),
    row("alone", calm),
    row("beside the flood", flooded),
    "",
    `p99 beside the flood: ${ratio(ratio_p99)} of its value alone`,
    ...(ok ? [] : ["Requests of the steady caller failed."]),
    "",
  ].join("\n");
}
