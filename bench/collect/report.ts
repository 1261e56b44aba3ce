/** The summary as a table for people. */

import {
  cpuShare,
  floorRemarks,
  isBusy,
  megabytes,
  ratio,
  seconds,
  tableOf,
  titled,
  whole,
} from "../table.ts";
import type { CollectSummary } from "./summary.ts";

/**
 * Published figures of the collector that Sluice replaces: seconds for ten million messages of 126 to
 * 254 bytes, the mean of four runs each.
 */
const published = {
  records: 10_000_000,
  connections: [250, 2500, 25_000],
  "4 vCPU": [45.4, 52.6, 63.1],
  "8 vCPU": [30.7, 32.5, 37.4],
} as const;

export function renderCollect(summary: CollectSummary): string {
  const { connections, records, batch, method, log, cores, runs, ratios } = summary;
  const { head, row } = tableOf(runs, 28, 20);
  const how = method === "publish" ? "unary calls" : "client streams";
  return [
    `${whole(records)} records of 126 to 254 bytes, ${batch} a message, over ${whole(connections)} connections, ${how}, log ${log}, ${cores} cores`,
    "",
    head,
    row("all acknowledged in", (run) => `${run.seconds.toFixed(2)} s`),
    row("records per second", (run) => whole(run.records_per_s)),
    row("accepted, refused", (run) => `${whole(run.accepted)}, ${whole(run.refused)}`),
    row("counted in the log", (run) => whole(run.counted)),
    row("server CPU", (run) => seconds(run.cpu_s)),
    row("records per CPU s", (run) => whole(run.records_per_cpu_s)),
    row("PostgreSQL CPU", (run) => seconds(run.postgres_cpu_s)),
    row("peak memory", (run) => megabytes(run.peak_bytes)),
    row("load's CPU", (run) => cpuShare(run.load_cpu_s, run.seconds)),
    "",
    `gateway by floor: ${ratio(ratios.records_per_s)} of its records per second, ${ratio(ratios.records_per_cpu_s)} per CPU second`,
    ...remarks(summary),
    ...(method === "collect" ? ["", ...publishedLines(summary)] : []),
    "",
  ].join("\n");
}

/** The published figures, and how their set-up differs: without that it is not a comparison. */
function publishedLines({ connections, batch, cores, log, runs }: CollectSummary): string[] {
  const { records, connections: counts } = published;
  const { line } = tableOf(runs, 28, 20);
  const rate = runs.gateway.records_per_s;
  const cell = (count: number) => {
    if (count !== connections || batch !== 1 || rate === null || rate === 0) return "";
    return `${(records / rate).toFixed(1)} s`;
  };
  const times = (name: "4 vCPU" | "8 vCPU") => published[name].map((time) => `${time} s`);
  const here = `here, ${cores} cores for all`;
  return [
    line(
      `${records / 1e6} million, one a message`,
      counts.map((count) => `${whole(count)} conn.`),
    ),
    line("forerunner, 4 vCPU", times("4 vCPU")),
    line("forerunner, 8 vCPU", times("8 vCPU")),
    line(here, counts.map(cell)),
    ...(counts.every((count) => cell(count) === "")
      ? [`(filled in where --batch is 1 and --connections ${counts.join(", ")})`]
      : []),
    "The forerunner had its cores to itself: ten machines sent, its broker (Kafka, acknowledged by the",
    "leader of two replicas) was on others, with a network in between. Here load, gateway and log share",
    `the cores and one disk (${log}), and the time is that of this run's rate.`,
  ];
}

/** What a reader must know before believing the figures. */
function remarks({ runs, ratios, ok }: CollectSummary): string[] {
  const out = floorRemarks(ratios.floor_spread);
  for (const [title, run] of titled(runs)) {
    if (isBusy(run.load_cpu_s, run.seconds)) {
      out.push(`${title}: the load was as busy as it can be, the time is its own`);
    }
  }
  if (runs.gateway.counted === null) {
    out.push("not counted: NATS_URL or DATABASE_URL has to say where the gateway's log is");
  }
  if (!ok) out.push("RECORDS WERE REFUSED, LOST OR CAME TWICE");
  return out;
}
