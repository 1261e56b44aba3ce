/**
 * The measurements that the log has and the store does not have yet. Each node follows the topic
 * `measurements` from the projection's position, and drops what the projection has committed. So an
 * answer is as fresh as this node's reading of the log, however far the store is behind.
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Log, LogBatch, StoredFrame } from "../../../core/log.ts";
import type { Logger } from "../../../core/logger.ts";
import { Histogram } from "../../../core/metrics/histogram.ts";
import { type Quantiles, SlidingQuantiles } from "../../../core/metrics/sliding-quantiles.ts";
import { comparePositions, epochStart, type Position } from "../../../core/position.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import type { StoredRecord } from "../../../core/record.ts";
import {
  type Measurement,
  measurementsTopic,
  type MeasurementTail,
  nsPerMs,
} from "../measurement.ts";
import { measurementFromRecord } from "../record.ts";
import { TailEntries } from "./entries.ts";
import { FramePoints } from "./frame-points.ts";
import { LogEnd } from "./log-end.ts";

export interface UnprojectedOptions {
  readonly log: Pick<Log, "read" | "bounds">;
  /** The projection's position, as the store has it. */
  readonly position: () => Promise<Position | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Bound of its memory; 256 MB when left out: more than a million measurements of ten values. */
  readonly bytesMax?: number;
  readonly pollMs?: number;
}

export interface UnprojectedStatus {
  readonly measurements: number;
  readonly bytes: number;
  readonly complete: boolean;
  readonly behindMs: number;
  /** From the gateway's receipt of a record until answers have it. */
  readonly queryableMs: Quantiles;
}

const bytesMaxDefault = 256 * 1024 * 1024;
/** Commits of another node's projection are found by polling. */
const pollMsDefault = 500;
const retryMs = 200;
const nothing = epochStart(0);

/** Notifies the tail of each commit of this node's projection, before its next poll. */
export function notifyCommits(
  target: ProjectionTarget,
  tail: Pick<Unprojected, "committed">,
): ProjectionTarget {
  return {
    ...target,
    async commit(records, from, to) {
      await target.commit(records, from, to);
      tail.committed(to);
    },
  };
}

export class Unprojected implements MeasurementTail {
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
  readonly #options: UnprojectedOptions;
  readonly #bytesMax: number;
  readonly #entries: TailEntries;
  readonly #points = new FramePoints();
  readonly #queryableMs: SlidingQuantiles;
  /** From a record's receipt until this node's answers include it. */
  readonly queryableSeconds = new Histogram();
  readonly #end = new LogEnd();
  /** The projection's position, as far as it is known here. */
  #stored = nothing;
  /** Read up to here; undefined while the position to start at is unknown. */
  #through: Position | undefined;

  constructor(options: UnprojectedOptions) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? bytesMaxDefault;
    this.#entries = new TailEntries(this.#bytesMax);
    this.#queryableMs = new SlidingQuantiles(options.clock);
    this.done = Promise.all([this.#follow(), this.#poll()]).then(() => {});
  }

  of(tag: string): readonly Measurement[] {
    return this.#entries.of(tag);
  }

  newest(): ReadonlyMap<string, Measurement> {
    return this.#entries.newest();
  }

  get isComplete(): boolean {
    return this.#end.isReached && comparePositions(this.#entries.droppedThrough, this.#stored) <= 0;
  }

  get behindMs(): number {
    return this.#end.behindMs(this.#options.clock.nowMs());
  }

  /** It uses less than half of its memory, so the projection may wait. */
  get hasRoom(): boolean {
    return this.#entries.bytes * 2 < this.#bytesMax;
  }

  status(): UnprojectedStatus {
    return {
      measurements: this.#entries.count,
      bytes: this.#entries.bytes,
      complete: this.isComplete,
      behindMs: this.behindMs,
      queryableMs: this.#queryableMs.quantiles(),
    };
  }

  /** Drops what the projection has committed, which is everything up to `to`. */
  committed(to: Position): void {
    if (comparePositions(to, this.#stored) <= 0) return;
    this.#stored = to;
    this.#entries.trimTo(to);
  }

  async #follow(): Promise<void> {
    const { clock, logger, signal } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#read();
      } catch (error) {
        const { code, message } = failureFrom(error);
        if (signal.aborted) return;
        // The topic does not exist, or was recreated: starts over at the projection's position.
        if (code === "not_found" || code === "position_gone") this.#begin(undefined);
        else logger("warn", "following the measurements failed; retrying", { code, message });
      }
      await sleep(clock, retryMs, signal);
    }
  }

  async #read(): Promise<void> {
    const { log, signal } = this.#options;
    const after = this.#through ?? (await this.#start());
    for await (const batch of log.read(measurementsTopic, { after, signal })) {
      this.#take(batch);
      this.#through = batch.through;
      this.#end.read(batch.through);
    }
  }

  /** The projection's position; the log's beginning while it has none. */
  async #start(): Promise<Position> {
    const { position, log } = this.#options;
    const start = (await position()) ?? (await log.bounds(measurementsTopic)).start;
    this.#begin(start);
    return start;
  }

  #begin(position: Position | undefined): void {
    this.#entries.clear();
    this.#through = position;
    this.#stored = position ?? nothing;
    this.#end.reset();
  }

  /** Reads `records` only where frames do not do: reading it decodes them all. */
  #take(batch: LogBatch): void {
    const { frames } = batch;
    let at = 0;
    for (const frame of frames ?? []) {
      // A frame in another layout, and all after it, are read as records.
      if (!this.#points.read(frame.bytes)) break;
      this.#takeFrame(frame);
      at++;
    }
    if (frames !== undefined && at === frames.length) return;
    const taken = frames?.[at - 1]?.last ?? nothing;
    for (const stored of batch.records) {
      if (comparePositions(stored.position, taken) > 0) this.#takeRecord(stored);
    }
  }

  /** Takes the measurements in `#points`. */
  #takeFrame({ receivedNs, last }: StoredFrame): void {
    if (comparePositions(last, this.#stored) <= 0) return;
    this.#queryable(receivedNs, this.#points.count);
    this.#entries.addFrame(this.#points, last);
  }

  #queryable(receivedNs: bigint, count: number): void {
    const ms = this.#options.clock.nowMs() - Number(receivedNs / nsPerMs);
    this.#queryableMs.add(ms, count);
    this.queryableSeconds.observe(ms / 1000, count);
  }

  #takeRecord({ record, position, receivedNs }: StoredRecord): void {
    if (comparePositions(position, this.#stored) <= 0) return;
    this.#queryable(receivedNs, 1);
    let measurement: Measurement;
    try {
      measurement = measurementFromRecord(record);
    } catch {
      // The projection counts and reports undecodable records.
      return;
    }
    this.#entries.add(measurement, position);
  }

  /** Finds what the records do not show: that there are no more of them, and other nodes' commits. */
  async #poll(): Promise<void> {
    const { clock, signal, pollMs = pollMsDefault } = this.#options;
    while (!signal.aborted) {
      await Promise.all([this.#pollStore(), this.#pollLog()]);
      await sleep(clock, pollMs, signal);
    }
  }

  async #pollStore(): Promise<void> {
    // A commit would change nothing: there is nothing to drop, and nothing missing.
    if (this.#entries.count === 0 && this.isComplete) return;
    // While the store is unavailable nothing is committed.
    const position = await this.#options.position().catch(() => undefined);
    if (position !== undefined) this.committed(position);
  }

  async #pollLog(): Promise<void> {
    const { log, clock } = this.#options;
    const atMs = clock.nowMs();
    try {
      const { end } = await log.bounds(measurementsTopic);
      this.#end.seen(end, this.#through, atMs);
    } catch (error) {
      if (failureFrom(error).code === "not_found") this.#end.seenNone();
      else this.#end.unknown(atMs);
    }
  }
}
