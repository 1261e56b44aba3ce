/** What the projection `measurements` has written, and how fast. */

import type { Clock } from "../../../core/clock.ts";
import { SlidingQuantiles } from "../../../core/metrics/sliding-quantiles.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { type MeasurementStoreStats, nsPerMs } from "../measurement.ts";
import type { DecodedBatch } from "./decoded-batch.ts";

export class ProjectionStats {
  readonly #counts = { rows: 0, merged: 0, undecodable: 0, untimely: 0 };
  readonly #batchRows: SlidingQuantiles;
  readonly #batchMs: SlidingQuantiles;
  readonly #storedMs: SlidingQuantiles;
  readonly #clock: Clock;
  #lastUndecodable: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#batchRows = new SlidingQuantiles(clock);
    this.#batchMs = new SlidingQuantiles(clock);
    this.#storedMs = new SlidingQuantiles(clock);
  }

  /** Counts a batch that is committed: `rows` of it, begun at `startedMs`. */
  add(
    records: readonly StoredRecord[],
    batch: DecodedBatch,
    rows: number,
    startedMs: number,
  ): void {
    const nowMs = this.#clock.nowMs();
    this.#batchMs.add(nowMs - startedMs);
    this.#batchRows.add(rows);
    for (const { receivedNs } of records) {
      this.#storedMs.add(nowMs - Number(receivedNs / nsPerMs));
    }
    this.#counts.rows += rows;
    this.#counts.merged += batch.measurements.length - rows;
    this.#counts.untimely += batch.untimely;
    this.#counts.undecodable += batch.undecodable;
    this.#lastUndecodable = batch.lastUndecodable ?? this.#lastUndecodable;
  }

  snapshot(): MeasurementStoreStats {
    return {
      ...this.#counts,
      lastUndecodable: this.#lastUndecodable,
      batchRows: this.#batchRows.quantiles(),
      batchMs: this.#batchMs.quantiles(),
      storedMs: this.#storedMs.quantiles(),
    };
  }
}
