/** The summary as a table for people. */
import type { SaveRunSummary, SaveSummary } from "./summary.ts";

const columns = ["floor", "gateway", "floorAgain"] as const;
const titles = ["floor", "gateway", "floor again"];

export function renderSave(summary: SaveSummary): string {
  const { by, connections, tags, log, cores, runs, ratios } = summary;
  const row = (title: string, cell: (run: SaveRunSummary) => string) =>
    line(
      title,
      columns.map((name) => cell(runs[name])),
    );
  const load = by === "wrk" ? "wrk" : "connections of this process";
  return [
    `one measurement a request, of ${whole(tags)} tags, over ${connections} connections by ${load}, log ${log}, ${cores} cores`,
    "",
    line("", titles),
    row("requests per second", (run) => whole(run.requests_per_s)),
    row("acknowledged", (run) => whole(run.acknowledged)),
    row("refused, broken", (run) => `${whole(run.refused)}, ${whole(run.broken)}`),
    row("counted in the store", (run) => whole(run.stored)),
    row("latency p50", (run) => `${run.latency_ms.p50.toFixed(2)} ms`),
    row("        p99", (run) => `${run.latency_ms.p99.toFixed(2)} ms`),
    row("        max", (run) => `${run.latency_ms.max.toFixed(2)} ms`),
    row("server CPU", (run) => seconds(run.cpu_s)),
    row("requests per CPU s", (run) => whole(run.requests_per_cpu_s)),
    row("PostgreSQL CPU", (run) => seconds(run.postgres_cpu_s)),
    row("peak memory", (run) => megabytes(run.peak_bytes)),
    "",
    `gateway by floor: ${ratio(ratios.requests_per_s)} of its requests per second, ${ratio(ratios.requests_per_cpu_s)} per CPU second`,
    ...remarks(summary),
    "",
  ].join("\n");
}

/** What a reader has to know before believing the figures. */
function remarks({ runs, ratios, ok }: SaveSummary): string[] {
  const out: string[] = [];
  if ((ratios.floor_spread ?? 1) > 1.15) {
    out.push(
      `the floor itself differs by ${ratio(ratios.floor_spread)} between its two runs: the machine is busy with something else`,
    );
  }
  const { acknowledged, stored } = runs.gateway;
  if (stored !== null && stored > acknowledged) {
    out.push(
      `${stored - acknowledged} more are stored than were acknowledged: on their way when the time was over`,
    );
  }
  if (!ok) out.push("MEASUREMENTS WERE REFUSED, LOST OR CAME TWICE");
  return out;
}

function line(title: string, cells: readonly string[]): string {
  return `${title.padEnd(24)}${cells.map((cell) => cell.padStart(16)).join("")}`.trimEnd();
}

function whole(value: number | null): string {
  return value?.toLocaleString("en") ?? "-";
}

function seconds(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(2)} s`;
}

function megabytes(value: number | null): string {
  return value === null ? "-" : `${(value / 1024 ** 2).toFixed(0)} MB`;
}

function ratio(value: number | null): string {
  return value === null ? "-" : value.toFixed(2);
}
