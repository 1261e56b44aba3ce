/** The summary as a table for people. */

import {
  cpuShare,
  floorRemarks,
  isBusy,
  kilobytes,
  megabytes,
  ms,
  ratio,
  seconds,
  tableOf,
  titled,
  whole,
} from "../table.ts";
import type { FanoutSummary, IdleSummary, RunSummary } from "./summary.ts";

const widths = [22, 22] as const;

export function renderFanout(summary: FanoutSummary): string {
  const { subscribers, slow, events, rate, batch, bytes, transport, log, cores, runs, ratios } =
    summary;
  const { head, row } = tableOf(runs, ...widths);
  const many = slow > 0 ? ` and ${slow} that never read` : "";
  return [
    `${subscribers} ${transport} subscribers${many}, ${events} events of ${bytes} bytes at ${rate}/s in batches of ${batch}, log ${log}, ${cores} cores`,
    "",
    head,
    row("published in", (run) => `${run.publish_s.toFixed(2)} s`),
    row("all delivered in", (run) => `${run.complete_s.toFixed(2)} s`),
    row("deliveries", (run) => whole(run.delivered)),
    row("lost, duplicates", (run) => `${run.lost}, ${run.duplicates}`),
    row("latency p50", (run) => ms(run.latency_ms.p50)),
    row("        p90", (run) => ms(run.latency_ms.p90)),
    row("        p99", (run) => ms(run.latency_ms.p99)),
    row("        max", (run) => ms(run.latency_ms.max)),
    row("server CPU", (run) => seconds(run.cpu_s)),
    row("deliveries per CPU s", (run) => whole(run.deliveries_per_cpu_s)),
    row("PostgreSQL CPU", (run) => seconds(run.postgres_cpu_s)),
    row("resident memory", (run) => megabytes(run.rss_bytes)),
    row("memory each, idle", (run) => kilobytes(run.bytes_per_subscriber)),
    row("subscribers' CPU", (run) => cpuShare(run.load_cpu_s, run.complete_s)),
    row("publisher's CPU", (run) => cpuShare(run.publisher_cpu_s, run.complete_s)),
    ...(slow > 0 ? [row("slow ones closed", (run) => `${run.slow_closed} of ${slow}`)] : []),
    "",
    ...histogramLines(summary),
    "",
    `gateway by floor: ${ratio(ratios.deliveries_per_cpu_s)} of its deliveries per CPU second, ${ratio(ratios.p99)} of its p99, ${ratio(ratios.complete)} of its time`,
    ...remarks(summary),
    "",
  ].join("\n");
}

export function renderIdle({ idle, transport, log, runs }: IdleSummary): string {
  const { head, row } = tableOf(runs, ...widths);
  return [
    `${idle} idle ${transport} subscribers, log ${log}`,
    "",
    head,
    row("resident memory", (run) => megabytes(run.rss_bytes)),
    row("memory each", (run) => kilobytes(run.bytes_per_subscriber)),
    "",
  ].join("\n");
}

function histogramLines({ runs }: FanoutSummary): string[] {
  const { line } = tableOf(runs, ...widths);
  const all = titled(runs).map(([, run]) => run);
  const width = 20;
  const steps = runs.gateway.latency_ms.histogram;
  const used = steps.map((_, i) => all.some((run) => countAt(run, i) > 0));
  const out: string[] = [];
  for (let i = used.indexOf(true); i >= 0 && i <= used.lastIndexOf(true); i++) {
    const bars = all.map((run) => {
      const filled = (countAt(run, i) / Math.max(1, run.delivered)) * width;
      return filled > 0 && filled < 0.5 ? "." : "#".repeat(Math.round(filled));
    });
    const isLast = i === steps.length - 1;
    out.push(
      line(
        isLast ? "more" : `to ${steps[i]?.le ?? 0} ms`,
        bars.map((bar) => bar.padEnd(width)),
      ),
    );
  }
  return out;
}

function countAt(run: RunSummary, index: number): number {
  return run.latency_ms.histogram[index]?.count ?? 0;
}

/** What a reader must know before believing the figures. */
function remarks({ runs, ratios, ok }: FanoutSummary): string[] {
  const out = floorRemarks(ratios.floor_spread);
  for (const [title, run] of titled(runs)) {
    if (isBusy(run.load_cpu_s, run.complete_s)) {
      out.push(
        `${title}: the subscribers' process was as busy as it can be, time and latency are its own`,
      );
    }
    const { dropped, dropped_why: why } = run;
    if (dropped > 0) out.push(`${title}: ${dropped} subscribers were closed early: ${why}`);
  }
  if (!ok) out.push("EVENTS WERE LOST OR CAME TWICE");
  return out;
}
