/** The result as one JSON object (`--json`). Latencies are in milliseconds. */

import { availableParallelism } from "node:os";
import { median, rounded } from "../figures.ts";

export interface FloodTurn {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly failed: number;
}

export interface FloodRound {
  readonly calm: FloodTurn;
  readonly flooded: FloodTurn;
}

export interface FloodSummary {
  readonly bench: "flood";
  /** No request of the steady caller failed. */
  readonly ok: boolean;
  readonly cores: number;
  readonly log: string;
  readonly rounds: number;
  /** Medians over the rounds. */
  readonly calm: LatencyFigures;
  readonly flooded: LatencyFigures;
  /** With the flood divided by without; the median of what each round gives. */
  readonly ratio_p99: number | null;
}

export interface LatencyFigures {
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
}

export function summarizeFlood(log: string, rounds: readonly FloodRound[]): FloodSummary {
  return {
    bench: "flood",
    ok: rounds.every(({ calm, flooded }) => calm.failed + flooded.failed === 0),
    cores: availableParallelism(),
    log,
    rounds: rounds.length,
    calm: figuresOf(rounds.map(({ calm }) => calm)),
    flooded: figuresOf(rounds.map(({ flooded }) => flooded)),
    ratio_p99: rounded(median(rounds.map(({ calm, flooded }) => flooded.p99 / calm.p99)), 3),
  };
}

function figuresOf(turns: readonly FloodTurn[]): LatencyFigures {
  const over = (figure: (turn: FloodTurn) => number) => rounded(median(turns.map(figure)), 2);
  return {
    p50_ms: over(({ p50 }) => p50),
    p99_ms: over(({ p99 }) => p99),
    max_ms: over(({ max }) => max),
  };
}
