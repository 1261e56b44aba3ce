/** The summary as a table for people. */

import { floorRemarks, ratio, whole } from "../table.ts";
import type { AccessSummary, LoadSummary } from "./summary.ts";

const titles: Readonly<Record<string, string>> = {
  collect: "records in client streams",
  publish: "unary calls",
  subscribe: "deliveries",
  save: "requests to /save",
  events: "events of an emitter",
};

export function renderAccess({ loads, rounds, log, cores, floor_spread }: AccessSummary): string {
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(16))).join("");
  const row = (name: string, load: LoadSummary) => [
    line([
      `${titles[name] ?? name} per s`,
      whole(load.open_per_s),
      whole(load.closed_per_s),
      ratio(load.ratio_per_s),
    ]),
    line([
      "  per CPU s",
      whole(load.open_per_cpu_s),
      whole(load.closed_per_cpu_s),
      ratio(load.ratio_per_cpu_s),
    ]),
  ];
  return [
    `Medians of ${rounds} turns, log ${log}, ${cores} cores`,
    "",
    line(["", "open", "with a key", "ratio"]),
    ...Object.entries(loads).flatMap(([name, load]) => row(name, load)),
    ...floorRemarks(floor_spread),
    "",
  ].join("\n");
}
