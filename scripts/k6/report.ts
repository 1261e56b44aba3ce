// The programs' use as text for the terminal, and as a part of k6's page.

import type { ProgramUsage } from "./usage.ts";

const megabyte = 1024 ** 2;
const cellsMax = 12;
const chart = { width: 720, height: 120 };

export function usageText(usage: readonly ProgramUsage[]): string {
  const width = Math.max(...usage.map(({ name }) => name.length));
  return [
    "",
    "resident memory in MB, from the start to the end; its growth after a sixth of the run; processor",
    ...usage.map(
      (one) => `${one.name.padEnd(width)}  ${spread(one).join(" ")}  ${slope(one)}  ${cpu(one)}`,
    ),
    "",
  ].join("\n");
}

/** To be put at the end of the page, which leaves its elements open. */
export function usageHtml(usage: readonly ProgramUsage[]): string {
  const rows = usage.map(
    (one) =>
      `<tr><th>${one.name}</th><td>${spread(one).join(" ")}</td><td>${slope(one)}</td><td>${cpu(one)}</td></tr>
<tr><td colspan="4">${line(one)}</td></tr>`,
  );
  return `<h2>Memory and processor</h2><table><tr><th>program</th><td>resident MB, from the start to the end</td><td>growth after a sixth of the run</td><td>of one core</td></tr>${rows.join("")}</table>
`;
}

/** At most twelve samples, evenly apart, with the first and the last. */
function spread({ samples }: ProgramUsage): string[] {
  const count = Math.min(cellsMax, samples.length);
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : Math.round((i * (samples.length - 1)) / (count - 1));
    return ((samples[at]?.bytes ?? 0) / megabyte).toFixed(0).padStart(4);
  });
}

function slope({ slope: bytes }: ProgramUsage): string {
  return bytes === undefined ? "–" : `${(bytes / megabyte).toFixed(2)} MB/min`;
}

function cpu({ cpuShare }: ProgramUsage): string {
  return `${(cpuShare * 100).toFixed(0)} %`;
}

function line({ samples }: ProgramUsage): string {
  const minutes = Math.max(...samples.map((one) => one.minutes), 1e-9);
  const bytes = Math.max(...samples.map((one) => one.bytes), 1);
  const points = samples.map(
    (one) =>
      `${((one.minutes / minutes) * chart.width).toFixed(1)},${(chart.height * (1 - one.bytes / bytes)).toFixed(1)}`,
  );
  return `<svg viewBox="0 0 ${chart.width} ${chart.height}" width="100%" height="${chart.height}" preserveAspectRatio="none"><polyline fill="none" stroke="currentColor" points="${points.join(" ")}"/></svg>`;
}
