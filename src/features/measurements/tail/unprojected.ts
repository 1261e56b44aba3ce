/**
 * What the log has and the store has not yet: follows the topic `measurements` from where the
 * projection stands, and lets go of what the projection has passed. It is a node's own, so an answer
 * is as fresh as this node's reading of the log, however far the store is behind.
 */
import { sleep, type Clock } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Log, LogBatch, StoredFrame } from "../../../core/log.ts";
import type { Logger } from "../../../core/logger.ts";
import {
  measurementsTopic,
  nsPerMs,
  type Measurement,
  type MeasurementTail,
} from "../measurement.ts";
import { comparePositions, epochStart, type Position } from "../../../core/position.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import { Recent, type Quantiles } from "../../../core/recent.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { FramePoints } from "./frame-points.ts";
import { measurementFromRecord } from "../record.ts";
import { TailEntries } from "./unprojected-entries.ts";

export interface TailParts {
  readonly log: Pick<Log, "read" | "bounds">;
  /** Where the projection stands, as the store has it. */
  readonly position: () => Promise<Position | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** What it may hold; 256 MB when left out: more than a million measurements of ten values. */
  readonly bytesMax?: number;
  readonly pollMs?: number;
}

export interface RunningTail extends MeasurementTail {
  /** The projection of this node has committed up to here. */
  committed(to: Position): void;
  status(): TailStatus;
  /** It holds less than half of what it may: rows can wait. */
  readonly hasRoom: boolean;
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
}

export interface TailStatus {
  readonly measurements: number;
  readonly bytes: number;
  readonly complete: boolean;
  readonly behindMs: number;
  /** From the gateway's receipt of a record until answers have it. */
  readonly queryableMs: Quantiles;
}

const bytesMaxDefault = 256 * 1024 * 1024;
/** Commits of another node's projection are learnt by asking. */
const pollMsDefault = 500;
const retryMs = 200;
const nothing = epochStart(0);

/** Has the tail hear of the commits of this node's own projection at once. */
export function notifyCommits(
  target: ProjectionTarget,
  committed: (to: Position) => void,
): ProjectionTarget {
  return {
    ...target,
    async commit(records, from, to) {
      await target.commit(records, from, to);
      committed(to);
    },
  };
}

export function followMeasurements(parts: TailParts): RunningTail {
  const { log, clock, logger, signal } = parts;
  const bytesMax = parts.bytesMax ?? bytesMaxDefault;
  const entries = new TailEntries(bytesMax);
  const points = new FramePoints();
  const queryableMs = new Recent(clock);
  /** Of the projection, as far as it is known here. */
  let stored = nothing;
  /** How far it has read; undefined while it does not know where to begin. */
  let through: Position | undefined;
  /** It has been at the log's end since it began to read. */
  let caughtUp = false;
  /** An end of the log that was seen and is yet to be reached. */
  let ahead: { readonly end: Position; readonly sinceMs: number } | undefined;
  /** Since when the log has not told its end. */
  let unknownSinceMs: number | undefined;

  async function follow(): Promise<void> {
    while (!signal.aborted) {
      try {
        await read();
      } catch (error) {
        const { code, message } = failureFrom(error);
        if (signal.aborted) return;
        // The topic is not there (yet), or is another one: from where the projection goes on.
        if (code === "not_found" || code === "position_gone") begin(undefined);
        else logger("warn", "following the measurements failed, trying again", { code, message });
      }
      await sleep(clock, retryMs, signal);
    }
  }

  async function read(): Promise<void> {
    const after = through ?? (await start());
    for await (const batch of log.read(measurementsTopic, { after, signal })) {
      take(batch);
      through = batch.through;
      if (ahead !== undefined && comparePositions(through, ahead.end) >= 0) reachedEnd();
    }
  }

  /** Where the projection stands; as long as there was none, from the log's beginning. */
  async function start(): Promise<Position> {
    const position = (await parts.position()) ?? (await log.bounds(measurementsTopic)).start;
    begin(position);
    return position;
  }

  /** Anew, with nothing, behind this position. */
  function begin(position: Position | undefined): void {
    entries.clear();
    through = position;
    stored = position ?? nothing;
    caughtUp = false;
    ahead = undefined;
  }

  function reachedEnd(): void {
    ahead = undefined;
    caughtUp = true;
  }

  function take(batch: LogBatch): void {
    const { frames } = batch;
    let at = 0;
    for (const frame of frames ?? []) {
      // What is laid out in another way is read as records, from there on.
      if (!points.read(frame.bytes)) break;
      takeFrame(frame);
      at++;
    }
    if (frames !== undefined && at === frames.length) return;
    const taken = frames?.[at - 1]?.last ?? nothing;
    for (const stored of batch.records) {
      if (comparePositions(stored.position, taken) > 0) takeRecord(stored);
    }
  }

  /** The measurements in `points`. */
  function takeFrame({ receivedNs, last }: StoredFrame): void {
    if (comparePositions(last, stored) <= 0) return;
    queryableMs.add(clock.nowMs() - Number(receivedNs / nsPerMs), points.count);
    entries.addFrame(points, last);
  }

  function takeRecord({ record, position, receivedNs }: StoredRecord): void {
    if (comparePositions(position, stored) <= 0) return;
    queryableMs.add(clock.nowMs() - Number(receivedNs / nsPerMs));
    let measurement: Measurement;
    try {
      measurement = measurementFromRecord(record);
    } catch {
      // The projection counts it, says it and passes it over.
      return;
    }
    entries.add(measurement, position);
  }

  function committed(to: Position): void {
    if (comparePositions(to, stored) <= 0) return;
    stored = to;
    entries.trimTo(to);
  }

  /** What cannot be learnt from the records: that there are no more of them, and others' commits. */
  async function poll(): Promise<void> {
    while (!signal.aborted) {
      await Promise.all([askStore(), askLog()]);
      await sleep(clock, parts.pollMs ?? pollMsDefault, signal);
    }
  }

  async function askStore(): Promise<void> {
    // Nothing is held that a commit could make superfluous, or that is waited for.
    if (entries.count === 0 && tail.isComplete) return;
    // While the store is away nothing is committed.
    const position = await parts.position().catch(() => undefined);
    if (position !== undefined) committed(position);
  }

  async function askLog(): Promise<void> {
    const askedMs = clock.nowMs();
    try {
      const { end } = await log.bounds(measurementsTopic);
      unknownSinceMs = undefined;
      if (through === undefined || comparePositions(through, end) < 0) {
        ahead ??= { end, sinceMs: askedMs };
      } else reachedEnd();
    } catch (error) {
      // A topic that is not there has no end to be behind of.
      if (failureFrom(error).code === "not_found") reachedEnd();
      else unknownSinceMs ??= askedMs;
    }
  }

  const tail = {
    get hasRoom() {
      return entries.bytes * 2 < bytesMax;
    },
    of: (tag: string) => entries.of(tag),
    newest: () => entries.newest(),
    get isComplete() {
      return caughtUp && comparePositions(entries.droppedThrough, stored) <= 0;
    },
    get behindMs() {
      const sinceMs = ahead?.sinceMs ?? unknownSinceMs;
      return sinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - sinceMs);
    },
  };
  const done = Promise.all([follow(), poll()]).then(() => {});
  return Object.assign(tail, {
    committed,
    done,
    status: () => ({
      measurements: entries.count,
      bytes: entries.bytes,
      complete: tail.isComplete,
      behindMs: tail.behindMs,
      queryableMs: queryableMs.quantiles(),
    }),
  });
}
