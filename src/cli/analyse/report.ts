/** What the command prints and writes about a rule's acks, besides the figures. */

import { quantile } from "../../features/ack-rules/quantile.ts";
import { counted } from "../terminal/listing.ts";
import type { AckedId, Acks } from "./acks.ts";

/** Named on the terminal; all are in the CSV. */
const namedMax = 20;

export function summaryOf({ rule, topics, ids, repeated, withoutId }: Acks): string {
  const delays = delaysOf(ids);
  const open = ids.filter(({ ack }) => ack === undefined);
  const lines = [
    `rule ${rule}: ${topics.join(", ")}`,
    `${counted(ids.length, "id")}, ${delays.length} acknowledged, ${open.length} not`,
  ];
  if (delays.length > 0) {
    const figures = [0.5, 0.9, 0.99].map(
      (share) => `p${share * 100} ${ms(quantile(delays, share))}`,
    );
    lines.push(`delay ${figures.join(", ")}, at most ${ms(delays.at(-1) ?? 0)}`);
  }
  if (repeated > 0) lines.push(`${counted(repeated, "ack")} more for ids that had one already`);
  if (withoutId > 0) lines.push(`${counted(withoutId, "record")} without an id`);
  if (open.length > 0) {
    const named = open.slice(0, namedMax).map((id) => `  ${id.id}: ${whyOpen(id, topics)}`);
    lines.push("never complete:", ...named);
    if (open.length > namedMax) lines.push(`  and ${open.length - namedMax} more, see the CSV`);
  }
  return `${lines.join("\n")}\n`;
}

/** The summary for programs, with the ids that were never complete. */
export function reportOf({ rule, topics, ids, repeated, withoutId }: Acks): object {
  const delays = delaysOf(ids);
  const open = ids.filter(({ ack }) => ack === undefined);
  const at = (share: number) => (delays.length === 0 ? null : quantile(delays, share));
  return {
    rule,
    topics,
    ids: ids.length,
    acknowledged: delays.length,
    repeated,
    without_id: withoutId,
    delay_ms: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: delays.at(-1) ?? null },
    open: open.map((one) => ({ message_id: one.id, missing: missingOf(one, topics) })),
  };
}

/** One line for each id, times in RFC 3339; an absent time is empty. */
export function csvOf({ topics, ids }: Acks): string {
  const header = ["message_id", ...topics, "ack", "delay_ms", "missing"];
  const rows = ids.map((one) => [
    one.id,
    ...one.seen.map((time) => time ?? ""),
    one.ack ?? "",
    one.delayMs === undefined ? "" : String(Number(one.delayMs.toFixed(3))),
    missingOf(one, topics).join(" "),
  ]);
  return [header, ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("");
}

function delaysOf(ids: readonly AckedId[]): number[] {
  return ids.flatMap(({ delayMs }) => delayMs ?? []).toSorted((a, b) => a - b);
}

function whyOpen(id: AckedId, topics: readonly string[]): string {
  const missing = missingOf(id, topics);
  return missing.length > 0 ? `not in ${missing.join(", ")}` : "in all of them, without an ack";
}

function missingOf({ seen }: AckedId, topics: readonly string[]): string[] {
  return topics.filter((_, index) => seen[index] === undefined);
}

function ms(value: number): string {
  return `${Number(value.toPrecision(3))} ms`;
}

/** Ids come from outside: a spreadsheet must not read one as a formula. */
function csvCell(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
