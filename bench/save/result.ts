/** What is sent by whichever load, and what it was told. */

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
  /** Answers that say that the measurement is durable. */
  readonly acknowledged: number;
  /** Other answers. */
  readonly refused: number;
  /** Connections that broke, requests without an answer in time. */
  readonly broken: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}
