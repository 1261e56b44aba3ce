/** The summary as a table for people. */
import type { FanoutSummary, IdleRunSummary, IdleSummary, RunSummary } from "./summary.ts";

const columns = ["floor", "gateway", "floorAgain"] as const;
const titles = ["floor", "gateway", "floor again"];

/** A subscribers' process this busy may be what the run waited for. */
const busyShare = 0.9;

export function renderFanout(summary: FanoutSummary): string {
  const { subscribers, slow, events, rate, batch, bytes, transport, log, cores, runs, ratios } =
    summary;
  const row = rowOf<RunSummary>(runs);
  const many = slow > 0 ? ` and ${slow} that never read` : "";
  return [
    `${subscribers} ${transport} subscribers${many}, ${events} events of ${bytes} bytes at ${rate}/s in batches of ${batch}, log ${log}, ${cores} cores`,
    "",
    line("", titles),
    row("published in", (run) => `${run.publish_s.toFixed(2)} s`),
    row("all delivered in", (run) => `${run.complete_s.toFixed(2)} s`),
    row("deliveries", (run) => run.delivered.toLocaleString("en")),
    row("lost, duplicates", (run) => `${run.lost}, ${run.duplicates}`),
    row("latency p50", (run) => ms(run.latency_ms.p50)),
    row("        p90", (run) => ms(run.latency_ms.p90)),
    row("        p99", (run) => ms(run.latency_ms.p99)),
    row("        max", (run) => ms(run.latency_ms.max)),
    row("server CPU", (run) => seconds(run.cpu_s)),
    row("deliveries per CPU s", (run) => run.deliveries_per_cpu_s?.toLocaleString("en") ?? "?"),
    row("PostgreSQL CPU", (run) => seconds(run.postgres_cpu_s)),
    row("resident memory", (run) => megabytes(run.rss_bytes)),
    row("memory each, idle", (run) => kilobytes(run.bytes_per_subscriber)),
    row("subscribers' CPU", (run) => share(run.load_cpu_s, run)),
    row("publisher's CPU", (run) => share(run.publisher_cpu_s, run)),
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
  const row = rowOf<IdleRunSummary>(runs);
  return [
    `${idle} idle ${transport} subscribers, log ${log}`,
    "",
    line("", titles),
    row("resident memory", (run) => megabytes(run.rss_bytes)),
    row("memory each", (run) => kilobytes(run.bytes_per_subscriber)),
    "",
  ].join("\n");
}

function histogramLines({ runs }: FanoutSummary): string[] {
  const width = 20;
  const steps = runs.gateway.latency_ms.histogram;
  const used = steps.map((_, i) => columns.some((name) => countAt(runs[name], i) > 0));
  const out: string[] = [];
  for (let i = used.indexOf(true); i >= 0 && i <= used.lastIndexOf(true); i++) {
    const bars = columns.map((name) => {
      const filled = (countAt(runs[name], i) / Math.max(1, runs[name].delivered)) * width;
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

/** What a reader has to know before believing the figures. */
function remarks({ runs, ratios, ok }: FanoutSummary): string[] {
  const out: string[] = [];
  if ((ratios.floor_spread ?? 1) > 1.15) {
    out.push(
      `the floor itself differs by ${ratio(ratios.floor_spread)} between its two runs: the machine is busy with something else`,
    );
  }
  for (const [i, name] of columns.entries()) {
    const run = runs[name];
    if (run.load_cpu_s > busyShare * run.complete_s) {
      out.push(
        `${titles[i]}: the subscribers' process was as busy as it can be, time and latency are its own`,
      );
    }
    const { dropped, dropped_why: why } = run;
    if (dropped > 0) out.push(`${titles[i]}: ${dropped} subscribers were closed early: ${why}`);
  }
  if (!ok) out.push("EVENTS WERE LOST OR CAME TWICE");
  return out;
}

function rowOf<Run>(runs: Readonly<Record<(typeof columns)[number], Run>>) {
  return (title: string, cell: (run: Run) => string) =>
    line(
      title,
      columns.map((name) => cell(runs[name])),
    );
}

function line(title: string, cells: readonly string[]): string {
  return `${title.padEnd(22)}${cells.map((cell) => cell.padStart(22)).join("")}`.trimEnd();
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

function seconds(value: number | null): string {
  return value === null ? "?" : `${value.toFixed(2)} s`;
}

function megabytes(value: number | null): string {
  return value === null ? "?" : `${(value / 1024 ** 2).toFixed(0)} MB`;
}

function kilobytes(value: number | null): string {
  return value === null ? "?" : `${(value / 1024).toFixed(1)} KB`;
}

function share(value: number, run: RunSummary): string {
  return `${value.toFixed(2)} s, ${Math.round((value / Math.max(0.001, run.complete_s)) * 100)} %`;
}

function ratio(value: number | null): string {
  return value === null ? "?" : value.toFixed(2);
}
