/** The summary as a table for people. */

import { floorRemarks, megabytes, ms, ratio, seconds, tableOf, whole } from "../table.ts";
import type { SaveSummary } from "./summary.ts";

export function renderSave(summary: SaveSummary): string {
  const { by, connections, tags, log, cores, runs, ratios } = summary;
  const { head, row } = tableOf(runs, 24, 16);
  const load = by === "wrk" ? "wrk" : "connections of this process";
  return [
    `one measurement a request, of ${whole(tags)} tags, over ${connections} connections by ${load}, log ${log}, ${cores} cores`,
    "",
    head,
    row("requests per second", (run) => whole(run.requests_per_s)),
    row("acknowledged", (run) => whole(run.acknowledged)),
    row("refused, broken", (run) => `${whole(run.refused)}, ${whole(run.broken)}`),
    row("counted in the store", (run) => whole(run.stored)),
    row("latency p50", (run) => ms(run.latency_ms.p50)),
    row("        p99", (run) => ms(run.latency_ms.p99)),
    row("        max", (run) => ms(run.latency_ms.max)),
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

/** What a reader must know before believing the figures. */
function remarks({ runs, ratios, ok }: SaveSummary): string[] {
  const out = floorRemarks(ratios.floor_spread);
  const { acknowledged, stored } = runs.gateway;
  if (stored !== null && stored > acknowledged) {
    out.push(
      `${stored - acknowledged} more are stored than were acknowledged: on their way when the time was over`,
    );
  }
  if (!ok) out.push("MEASUREMENTS WERE REFUSED, LOST OR CAME TWICE");
  return out;
}
