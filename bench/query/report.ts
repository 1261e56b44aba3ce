/** The summary for people. */

import { megabytes, ms, seconds, whole } from "../table.ts";
import type { Quantiles, QuerySummary } from "./summary.ts";

export function renderQuery(summary: QuerySummary): string {
  const { profile, rate, tags, clients, queries_per_s: perSecond, preloaded, log, cores } = summary;
  const { queries, read_back: back } = summary;
  return [
    `${whole(rate)} measurements/s (${profile}) of ${whole(tags)} tags over ${whole(preloaded)} stored before, ${clients} clients with ${perSecond} queries/s, log ${log}, ${cores} cores`,
    "",
    row("sent", whole(summary.sent)),
    row("acknowledged", whole(summary.acknowledged)),
    row("refused, sent again", `${whole(summary.refused)}, ${whole(summary.sent_again)}`),
    row("expected in the store", whole(summary.expected)),
    row("counted in the store", whole(summary.stored)),
    "",
    row("queries answered", whole(queries.answered)),
    row("failed", failed(queries.failed, queries.why)),
    row("latency", quantiles(queries.latency_ms)),
    `stats: ${mapOf(queries.histogram)}`,
    "",
    row("written and read back", whole(back.written)),
    row("by the first answer", whole(back.at_once)),
    row("failed", failed(back.failed, back.why)),
    row("lag", quantiles(back.lag_ms)),
    ...lagLines(summary),
    "",
    row("answers compared", `${whole(summary.verified)}, ${summary.wrong ?? "all right"}`),
    row("gateway CPU", seconds(summary.gateway_cpu_s)),
    row("PostgreSQL CPU", seconds(summary.postgres_cpu_s)),
    row("peak memory", megabytes(summary.peak_bytes)),
    ...(summary.ok ? [] : ["SOMETHING WAS REFUSED, LOST OR WRONG"]),
    "",
  ].join("\n");
}

/** As the original measurements demo prints it. */
function mapOf(histogram: Readonly<Record<string, number>>): string {
  const entries = Object.entries(histogram).map(([bound, count]) => `${bound}:${count}`);
  return `map[${entries.join(" ")}]`;
}

function lagLines({ read_back: { histogram } }: QuerySummary): string[] {
  return histogram.flatMap(({ le, count }, i) => {
    if (count === 0) return [];
    const bound = i === histogram.length - 1 ? "more" : `to ${le} ms`;
    return [row(`  ${bound}`, whole(count))];
  });
}

function row(title: string, cell: string): string {
  return `${title.padEnd(24)}${cell}`;
}

function failed(count: number, why: string): string {
  return count === 0 ? "0" : `${whole(count)}: ${why}`;
}

function quantiles({ p50, p99, max }: Quantiles): string {
  return `p50 ${ms(p50)}, p99 ${ms(p99)}, max ${ms(max)}`;
}
