/** The summary as text for people. */

import { megabytes, whole } from "../table.ts";
import type { SoakSummary } from "./summary.ts";

const minutesPerLine = 10;

export function renderSoak(summary: SoakSummary): string {
  const { load, log, cores, minutes, warm_up_minutes, deliveries, live } = summary;
  const { connections, delivered, lost, duplicates, failed, failed_why } = deliveries;
  const [before, after] = live.bytes;
  return [
    `${minutes} minutes, log ${log}, ${cores} cores: ${Object.entries(load)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}`,
    "",
    "resident memory, mean of each minute",
    ...memoryLines(summary),
    "",
    `connections ${whole(connections)}, delivered ${whole(delivered)}, lost ${whole(lost)}, duplicates ${whole(duplicates)}`,
    ...(failed === 0 ? [] : [`${whole(failed)} connections failed, the first: ${failed_why}`]),
    `live after a collection: ${megabytes(before)} after ${warm_up_minutes} minutes, ${megabytes(after)} in the end`,
    ...live.grown.map(
      (one) =>
        `  ${one.name.padEnd(32)}${whole(one.before).padStart(10)}${whole(one.after).padStart(10)}`,
    ),
    "",
    ...remarks(summary),
    "",
  ].join("\n");
}

function memoryLines({ memory: { resident_bytes } }: SoakSummary): string[] {
  const lines: string[] = [];
  for (let from = 0; from < resident_bytes.length; from += minutesPerLine) {
    const cells = resident_bytes.slice(from, from + minutesPerLine);
    const text = cells.map((bytes) => megabytes(bytes).padStart(8)).join("");
    lines.push(`  ${String(from).padStart(4)}${text}`);
  }
  return lines;
}

function remarks({ memory, deliveries, warm_up_minutes }: SoakSummary): string[] {
  const { slope_bytes_per_minute: slope, slope_max_bytes_per_minute: max } = memory;
  if (deliveries.lost + deliveries.duplicates > 0) return ["EVENTS WERE LOST OR CAME TWICE"];
  if (slope === null) return [`the run ended with the warm-up of ${warm_up_minutes} minutes`];
  const perMinute = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(2)} MB a minute`;
  const grows = `memory grows by ${perMinute(slope)} after ${warm_up_minutes} minutes`;
  return [slope > max ? `${grows}: MORE THAN ${perMinute(max)}` : grows];
}
