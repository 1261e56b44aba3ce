/**
 * Sends the records of a job. Each record that is read has a number, which is the sequence of the job's
 * producer in the log: after a kill the same records have the same numbers, so the log stores none of
 * them twice. What is not committed as progress is read again. JetStream keeps producers of topics with
 * the layout `frames` alone; to others the numbers are dedup ids, which it remembers for two minutes.
 */

import type { Caller } from "../../core/access/caller.ts";
import type { Turns } from "../../core/budget/turn.ts";
import { type Clock, sleep } from "../../core/clock.ts";
import type { RecordFilter, RecordFilters } from "../../core/filter/record-filter.ts";
import type { Log, TopicAdmin } from "../../core/log.ts";
import { comparePositions, type Position, renderPosition } from "../../core/position.ts";
import { endType, type LogRecord, recordBytes, type StoredRecord } from "../../core/record.ts";
import type { Ingest } from "../../ingest/ingest.ts";
import { copiedFromHeader, type CopyJob, type CopyProgress, type CopyStore } from "./copy.ts";

export interface SenderDeps {
  readonly log: Pick<Log, "driver" | "read"> & Pick<TopicAdmin, "describe">;
  readonly ingest: Ingest;
  readonly filters: RecordFilters;
  readonly store: Pick<CopyStore, "advance">;
  readonly turns: Turns;
  readonly clock: Clock;
}

/** Records of one append: they are in memory together, and so many may be sent again after a kill. */
const chunkMax = 500;
/** And their bytes; a larger record is a chunk by itself. */
const chunkBytesMax = 1024 * 1024;
/** Records that are read before progress is written, where few of them match. */
const readMax = 5000;

/** Sends from where the job is; resolves to whether it came to its end. `stop` ends it earlier. */
export async function sendRecords(
  deps: SenderDeps,
  job: CopyJob,
  by: Caller,
  stop: AbortSignal,
): Promise<boolean> {
  const { driver } = deps.log;
  const target = driver === "jetstream" ? await deps.log.describe(job.target) : undefined;
  const hasProducer = driver !== "jetstream" || target?.settings.layout === "frames";
  const sending = new Sending(deps, { job, by, stop, hasProducer });
  return await sending.run(await deps.filters.compile(job.filter));
}

interface Numbered {
  readonly stored: StoredRecord;
  readonly sequence: number;
}

class Sending {
  readonly #deps: SenderDeps;
  readonly #job: CopyJob;
  readonly #by: Caller;
  readonly #stop: AbortSignal;
  readonly #chunkMax: number;
  /** Whether the log knows of the job's producer in the target. */
  readonly #hasProducer: boolean;
  #progress: CopyProgress;
  /** As the store has it. */
  #readBefore: number;
  #waiting: Numbered[] = [];
  #waitingBytes = 0;
  #read: number;
  /** Of the last record that was read. */
  #at: Position;

  constructor(
    deps: SenderDeps,
    {
      job,
      by,
      stop,
      hasProducer,
    }: {
      readonly job: CopyJob;
      readonly by: Caller;
      readonly stop: AbortSignal;
      readonly hasProducer: boolean;
    },
  ) {
    this.#deps = deps;
    this.#hasProducer = hasProducer;
    this.#job = job;
    this.#by = by;
    this.#stop = stop;
    this.#progress = job;
    this.#readBefore = job.read;
    this.#read = job.read;
    this.#at = job.position;
    // Four appends a second keep the rate even.
    this.#chunkMax = Math.max(1, Math.min(chunkMax, Math.ceil(job.rate / 4)));
  }

  async run(filter: RecordFilter | undefined): Promise<boolean> {
    const { source, until, filter: asked, position } = this.#job;
    if (comparePositions(position, until) >= 0) return true;
    const { log, turns } = this.#deps;
    const turn = turns.open(this.#stop);
    const key = asked.key === undefined ? {} : { key: asked.key };
    const reading = log.read(source, { after: position, until, signal: this.#stop, turn, ...key });
    for await (const { records, through } of reading) {
      const matching = filter === undefined ? records : (await filter.apply(records, turn)).records;
      const matches = new Set(matching);
      for (const stored of records) {
        const isSent = matches.has(stored) && stored.record.contentType !== endType;
        if (isSent && !(await this.#makeRoom(recordBytes(stored.record)))) return false;
        this.#read++;
        this.#at = stored.position;
        if (isSent) this.#waiting.push({ stored, sequence: this.#read });
        const isFull = this.#waiting.length >= this.#chunkMax;
        const isFar = this.#read - this.#readBefore >= readMax;
        if ((isFull || isFar) && !(await this.#flush(this.#at))) return false;
      }
      if (this.#stop.aborted) return false;
      const isAtEnd = comparePositions(through, until) >= 0;
      if (isAtEnd) return await this.#flush(until);
    }
    return false;
  }

  /** Counts one more record among those that wait, and sends these first where it is one too many. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const isOver = this.#waiting.length > 0 && this.#waitingBytes + bytes > chunkBytesMax;
    if (isOver && !(await this.#flush(this.#at))) return false;
    this.#waitingBytes += bytes;
    return true;
  }

  /** Appends what waits and writes the progress; false where this node must not go on. */
  async #flush(position: Position): Promise<boolean> {
    // Its creator may have used up what a second allows, here or in requests.
    if (this.#waiting.length > 0) await this.#by.allowance?.rest(this.#stop);
    if (this.#stop.aborted) return false;
    const startedMs = this.#deps.clock.nowMs();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const { refused, lastRefusal } = await this.#append(waiting);
    this.#progress = {
      position,
      read: this.#read,
      matched: this.#progress.matched + waiting.length,
      sent: this.#progress.sent + waiting.length - refused,
      refused: this.#progress.refused + refused,
      lastRefusal: lastRefusal ?? this.#progress.lastRefusal,
    };
    const goesOn = await this.#deps.store.advance(this.#job.id, this.#readBefore, this.#progress);
    this.#readBefore = this.#read;
    const paceMs = (waiting.length * 1000) / this.#job.rate;
    await sleep(
      this.#deps.clock,
      Math.max(0, paceMs - (this.#deps.clock.nowMs() - startedMs)),
      this.#stop,
    );
    return goesOn && !this.#stop.aborted;
  }

  async #append(
    waiting: readonly Numbered[],
  ): Promise<{ readonly refused: number; readonly lastRefusal: string | undefined }> {
    if (waiting.length === 0) return { refused: 0, lastRefusal: undefined };
    const { ingest } = this.#deps;
    const { source, target, life } = this.#job;
    const records = waiting.map(({ stored }) => copyOf(stored, source));
    const checked = await ingest.check(target, records, this.#by);
    const refusedAt = new Set(checked.refused.map(({ index }) => index));
    const sequences = waiting
      .filter((_, index) => !refusedAt.has(index))
      .map(({ sequence }) => sequence);
    if (this.#hasProducer) {
      // Numbers of records that did not match are missing, which is no gap: the job has read them.
      const producer = { id: `copy/${life}`, epoch: 0, first: 1, sequences };
      await ingest.appendChecked(checked, { producer });
    } else {
      await ingest.appendEach(checked, (i) => ({ dedupId: `copy/${life}/${sequences[i]}` }));
    }
    return { refused: refusedAt.size, lastRefusal: checked.refused.at(-1)?.message };
  }
}

/** With the time of its producer, and a header that says where it is from. */
export function copyOf({ record, position }: StoredRecord, source: string): LogRecord {
  const from = new TextEncoder().encode(`${source}@${renderPosition(position)}`);
  return { ...record, headers: { ...record.headers, [copiedFromHeader]: from } };
}
