/** Streams of the records that a filter lets through: what it passes over is not written, and counted. */

import type { Clock } from "../../core/clock.ts";
import type { Failure } from "../../core/failure.ts";
import type { Filtered, RecordFilter } from "../../core/filter/record-filter.ts";
import type { Position } from "../../core/position.ts";
import type { MaybePromise } from "../../core/schemas.ts";
import type { Sent } from "../../core/sink.ts";
import { type AsyncFormat, asyncFormat, type AsyncTarget } from "../../hub/async-format.ts";
import { Chunk } from "../../hub/chunk.ts";
import type { EndReason } from "../../hub/subscriber.ts";

/** A chunk's matching records. `passed`: how many of its records the filter passed over. */
export interface FilteredChunk extends Omit<Filtered, "records"> {
  readonly chunk: Chunk;
  readonly passed: number;
}

/** What a chunk is for a filtered reader: bytes, or undefined where nothing in it matches. */
export interface FilteredBytes<Bytes> {
  readonly bytes: Bytes | undefined;
  /** For a reader that has got nothing for long. */
  readonly heartbeat: () => MaybePromise<Bytes>;
}

/** Heartbeats of the hub are rendered as they are; keep one object for each subscriber. */
export function filteredFormat<Bytes>(
  filter: RecordFilter,
  render: (found: FilteredChunk) => MaybePromise<Bytes>,
): AsyncFormat<FilteredBytes<Bytes>> {
  return asyncFormat((chunk) => {
    if (chunk.records.length === 0) return withBytes({ ...unfiltered, chunk });
    const filtered = filter.apply(chunk.records);
    if (!(filtered instanceof Promise)) return rendered(chunk, filtered);
    return filtered.then((found) => rendered(chunk, found));
  });

  function rendered(chunk: Chunk, { records, ...counts }: Filtered) {
    const { topic, key, through } = chunk;
    const passed = chunk.records.length - records.length;
    const found = { ...counts, passed, chunk: new Chunk(topic, key, records, through) };
    if (records.length > 0) return withBytes(found);
    return { bytes: undefined, heartbeat: () => render(found) };
  }

  function withBytes(found: FilteredChunk): MaybePromise<FilteredBytes<Bytes>> {
    const bytes = render(found);
    const heartbeat = () => bytes;
    return bytes instanceof Promise
      ? bytes.then((late) => ({ bytes: late, heartbeat }))
      : { bytes, heartbeat };
  }
}

const unfiltered = { passed: 0, undecodable: 0, failed: 0, failure: undefined };

/** Below what proxies take for a dead connection, as the hub's own heartbeats are. */
const quietMsMax = 10_000;

/** The response or socket behind a filtered format: it is written to now and then, also where nothing matches. */
export class QuietTarget<Bytes> implements AsyncTarget<FilteredBytes<Bytes>> {
  readonly #target: AsyncTarget<Bytes>;
  readonly #clock: Clock;
  #writtenMs: number;

  constructor(target: AsyncTarget<Bytes>, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    this.#writtenMs = clock.nowMs();
  }

  write({ bytes, heartbeat }: FilteredBytes<Bytes>): Sent {
    const isQuiet = this.#clock.nowMs() - this.#writtenMs >= quietMsMax;
    const due = bytes ?? (isQuiet ? heartbeat() : undefined);
    if (due === undefined || due instanceof Promise) return "sent";
    this.#writtenMs = this.#clock.nowMs();
    return this.#target.write(due);
  }

  reset(position: Position, reason: Failure): Sent {
    return this.#target.reset(position, reason);
  }

  end(reason: EndReason, position: Position): void {
    this.#target.end(reason, position);
  }
}
