/** The result as one JSON object (`--json`); the report for people is rendered from it. */

import { availableParallelism } from "node:os";
import { median, rounded, spread } from "../figures.ts";
import type { LogChoice } from "../program.ts";

export interface AccessOptions {
  readonly rounds: number;
  readonly records: number;
  readonly calls: number;
  readonly subscribers: number;
  readonly events: number;
  /** Of each load over HTTP. */
  readonly seconds: number;
  readonly log: LogChoice;
  readonly json: boolean;
}

/** Records, calls or deliveries. */
export interface Figure {
  readonly perSecond: number;
  /** Of the gateway's own process. */
  readonly perCpuSecond: number;
  /** Nothing was lost. */
  readonly isWhole: boolean;
}

/** By load: `collect`, `publish`, `subscribe`, `save`, `events`. */
export interface Round {
  readonly open: Readonly<Record<string, Figure>>;
  readonly closed: Readonly<Record<string, Figure>>;
}

export interface AccessSummary {
  readonly bench: "access";
  readonly ok: boolean;
  readonly cores: number;
  readonly log: string;
  readonly rounds: number;
  readonly loads: Readonly<Record<string, LoadSummary>>;
  /** The faster floor divided by the slower: 1 on a quiet machine. */
  readonly floor_spread: number | null;
}

export interface LoadSummary {
  /** Medians over the rounds. */
  readonly open_per_s: number | null;
  readonly closed_per_s: number | null;
  readonly open_per_cpu_s: number | null;
  readonly closed_per_cpu_s: number | null;
  /** With a credential divided by without; the median of what each round gives. */
  readonly ratio_per_s: number | null;
  readonly ratio_per_cpu_s: number | null;
}

export function summarizeAccess(
  { log, rounds: asked }: AccessOptions,
  rounds: readonly Round[],
  floors: readonly number[],
): AccessSummary {
  const names = Object.keys(rounds[0]?.open ?? {});
  const all = rounds.flatMap(({ open, closed }) => [
    ...Object.values(open),
    ...Object.values(closed),
  ]);
  return {
    bench: "access",
    ok: all.length > 0 && all.every(({ isWhole }) => isWhole),
    cores: availableParallelism(),
    log,
    rounds: asked,
    loads: Object.fromEntries(names.map((name) => [name, summarizeLoad(rounds, name)])),
    floor_spread: spread(floors),
  };
}

function summarizeLoad(rounds: readonly Round[], name: string): LoadSummary {
  const pairs = rounds.flatMap(({ open, closed }) => {
    const [without, having] = [open[name], closed[name]];
    return without === undefined || having === undefined ? [] : [{ without, having }];
  });
  const over = (figure: (pair: (typeof pairs)[number]) => number) => median(pairs.map(figure));
  return {
    open_per_s: rounded(
      over(({ without }) => without.perSecond),
      0,
    ),
    closed_per_s: rounded(
      over(({ having }) => having.perSecond),
      0,
    ),
    open_per_cpu_s: rounded(
      over(({ without }) => without.perCpuSecond),
      0,
    ),
    closed_per_cpu_s: rounded(
      over(({ having }) => having.perCpuSecond),
      0,
    ),
    ratio_per_s: rounded(
      over(({ without, having }) => having.perSecond / without.perSecond),
      3,
    ),
    ratio_per_cpu_s: rounded(
      over(({ without, having }) => having.perCpuSecond / without.perCpuSecond),
      3,
    ),
  };
}
