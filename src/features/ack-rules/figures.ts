/**
 * The two figures of a rule over a stretch of time: when ids were seen in each topic and acknowledged,
 * and how long acks took after an id's last occurrence. They follow from the acks in the output topic,
 * as those of `sluice analyse acks` do, and from the ids that have no ack yet.
 */

import type { Turns } from "../../core/budget/turn.ts";
import type { Clock } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import { ackType, type StoredRecord } from "../../core/record.ts";
import { parseTime } from "../../core/time.ts";
import { lossyTextFromUtf8 } from "../../core/utf8.ts";
import { boundsIfExists } from "../../log/bounds.ts";
import { quantile } from "./quantile.ts";
import type { AckQueryStore } from "./queries.ts";
import { type AckRule, placeNames } from "./rule.ts";

export interface FiguresDeps {
  readonly log: Pick<Log, "bounds" | "read" | "positionAt">;
  readonly queries: Pick<AckQueryStore, "seen">;
  readonly clock: Clock;
  readonly turns: Turns;
}

export interface FiguresQuery {
  readonly sinceMs: number;
  /** Not included. */
  readonly untilMs: number;
  readonly cells: number;
}

export interface Figures {
  readonly cellMs: number;
  /** Acks by cell. */
  readonly acks: readonly number[];
  /** First occurrences by place and cell. */
  readonly seen: ReadonlyMap<string, readonly number[]>;
  /** Milliseconds; undefined without an ack. */
  readonly delays:
    | { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number }
    | undefined;
  readonly histogram: readonly DelayCell[];
  /** Number of records of the output topic that were read. */
  readonly read: number;
  /** Up to where acks were read, if that is before the end of the time. */
  readonly readUntilMs: number | undefined;
}

export interface DelayCell {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** Some two seconds of one core, in slices. */
const recordsMax = 200_000;
const unfinishedMax = 50_000;
const histogramCells = 30;
const leastMs = 0.001;

interface AckBody {
  readonly rule?: unknown;
  readonly seen?: Readonly<Record<string, string>>;
  readonly delay_ms?: unknown;
}

export async function figuresOf(
  deps: FiguresDeps,
  rule: AckRule,
  query: FiguresQuery,
  signal: AbortSignal,
): Promise<Figures> {
  const places = placeNames(rule);
  const cells = new Cells(query);
  const acks = cells.row();
  const seen = new Map(places.map((place) => [place, cells.row()]));
  const delays: number[] = [];
  const { read, readUntilMs } = await readAcks(deps, rule, query, signal, ({ record }, ack) => {
    const delayMs = Number(ack.delay_ms);
    if (Number.isFinite(delayMs)) delays.push(delayMs);
    cells.count(acks, Number(record.timeNs / 1_000_000n));
    for (const [place, row] of seen) {
      const ns = parseTime(ack.seen?.[place] ?? "");
      if (ns !== undefined) cells.count(row, Number(ns / 1_000_000n));
    }
  });
  const { sinceMs } = query;
  const { cellMs } = cells;
  const asked = { sinceMs, cellMs, cells: query.cells, idsMax: unfinishedMax };
  for (const { place, cell, count } of await deps.queries.seen(rule, asked)) {
    const row = seen.get(places[place] ?? "");
    if (row !== undefined) row[cell] = (row[cell] ?? 0) + count;
  }
  const sorted = Float64Array.from(delays).toSorted();
  return { cellMs, acks, seen, ...delaysOf(sorted), read, readUntilMs };
}

/** Calls `take` with each ack of the rule that was received in the time, and its body. */
async function readAcks(
  { log, turns }: FiguresDeps,
  rule: AckRule,
  { sinceMs, untilMs }: FiguresQuery,
  signal: AbortSignal,
  take: (stored: StoredRecord, ack: AckBody) => void,
): Promise<Pick<Figures, "read" | "readUntilMs">> {
  const bounds = await boundsIfExists(log, rule.output);
  if (bounds === undefined) return { read: 0, readUntilMs: undefined };
  const turn = turns.open(signal);
  const sinceNs = BigInt(sinceMs) * 1_000_000n;
  const untilNs = BigInt(untilMs) * 1_000_000n;
  const after = await log.positionAt(rule.output, sinceNs);
  let read = 0;
  let lastNs = sinceNs;
  try {
    for await (const { records } of log.read(rule.output, {
      after,
      until: bounds.end,
      signal,
      turn,
    })) {
      for (const stored of records) {
        if (turn.isOver) await turn.next();
        if (stored.receivedNs >= untilNs) return { read, readUntilMs: undefined };
        if (read === recordsMax) return { read, readUntilMs: Number(lastNs / 1_000_000n) };
        read++;
        lastNs = stored.receivedNs;
        const ack = ackFrom(stored);
        if (ack?.rule === rule.name && stored.receivedNs >= sinceNs) take(stored, ack);
      }
    }
  } catch (error) {
    // The topic was removed, or trimmed past where it was read.
    const { code } = failureFrom(error);
    if (code !== "not_found" && code !== "position_gone") throw error;
  }
  turn.requireCaller();
  return { read, readUntilMs: undefined };
}

function ackFrom({ record }: StoredRecord): AckBody | undefined {
  if (record.contentType !== ackType) return undefined;
  try {
    const body: unknown = JSON.parse(lossyTextFromUtf8(record.value));
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    // Somebody else wrote it with the type of an ack.
    return undefined;
  }
}

/** Cells of equal width over the time of a query. */
class Cells {
  readonly cellMs: number;
  readonly #sinceMs: number;
  readonly #count: number;

  constructor({ sinceMs, untilMs, cells }: FiguresQuery) {
    this.cellMs = (untilMs - sinceMs) / cells;
    this.#sinceMs = sinceMs;
    this.#count = cells;
  }

  row(): number[] {
    return Array.from({ length: this.#count }, () => 0);
  }

  /** Times before and after the query's count nowhere. */
  count(row: number[], ms: number): void {
    const cell = Math.floor((ms - this.#sinceMs) / this.cellMs);
    if (cell >= 0 && cell < this.#count) row[cell] = (row[cell] ?? 0) + 1;
  }
}

/** The cells of the histogram grow by a factor: delays differ by orders of magnitude. */
function delaysOf(sorted: Float64Array): Pick<Figures, "delays" | "histogram"> {
  const low = Math.max(leastMs, sorted[0] ?? 0);
  const max = sorted.at(-1);
  if (max === undefined) return { delays: undefined, histogram: [] };
  const at = (share: number) => quantile(sorted, share);
  const delays = { p50: at(0.5), p90: at(0.9), p99: at(0.99), max };
  const factor = (Math.max(low, max) / low) ** (1 / histogramCells);
  if (factor < 1 + 1e-9) {
    return { delays, histogram: [{ fromMs: low, toMs: low, count: sorted.length }] };
  }
  const counts = Array.from({ length: histogramCells }, () => 0);
  for (const ms of sorted) {
    const cell = Math.floor(Math.log(Math.max(ms, low) / low) / Math.log(factor));
    const within = Math.min(cell, histogramCells - 1);
    counts[within] = (counts[within] ?? 0) + 1;
  }
  const edge = (i: number) => low * factor ** i;
  const histogram = counts.map((count, i) => ({ fromMs: edge(i), toMs: edge(i + 1), count }));
  return { delays, histogram };
}
