/** What a load sends, and the answers it gets. */

import type { LatencySummary } from "../latencies.ts";

export type LoadChoice = "auto" | "wrk" | "own";

export interface SaveLoad {
  readonly connections: number;
  readonly seconds: number;
  readonly tags: number;
  readonly load: LoadChoice;
}

export interface SaveResult {
  readonly by: "wrk" | "own";
  readonly seconds: number;
  /** Number of answers that confirm a durable measurement. */
  readonly acknowledged: number;
  /** Number of other answers. */
  readonly refused: number;
  /** Number of broken connections and of requests without an answer in time. */
  readonly broken: number;
  readonly latencyMs: Pick<LatencySummary, "p50" | "p99" | "max">;
}
