/** The live subscribers of one topic, or of one key of it, and what the next flush brings them. */

import { type Failure, failureFrom } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import { endType, recordBytes, type StoredRecord } from "../core/record.ts";
import type { ByteSink, Sent } from "../core/sink.ts";
import { Chunk, type Format } from "./chunk.ts";
import type { HubCounts } from "./counts.ts";
import { flushBytesMax } from "./options.ts";
import type { DirectSink, EndReason } from "./subscriber.ts";

/** What a channel needs of a live subscription. */
export interface Receiver {
  /** `ends`: nothing follows this chunk. */
  deliver(chunk: Chunk, ends: boolean): void;
  readonly direct: DirectSink | undefined;
  /** Handles what its `direct` sink answered to a chunk. */
  settle(sent: Sent, at: Position): void;
  reset(position: Position, reason: Failure): void;
  end(reason: EndReason): void;
}

export class Channel {
  readonly topic: string;
  readonly key: string | undefined;
  readonly #live = new Set<Receiver>();
  /**
   * Live members that have a sink in `#format`. Their chunks are written from here. Through the member
   * and its subscriber each delivery would load two more objects, which are in no cache when there are
   * many subscribers: 0.3 µs of the 7 µs that a delivery takes with its system call.
   */
  readonly #sinks = new Map<ByteSink, Receiver>();
  #format: Format<Uint8Array> | undefined;
  /** All members, whatever their state: a channel without any is dropped. */
  size = 0;
  pending: StoredRecord[] = [];
  deliveredMs: number;
  readonly counts: HubCounts;

  constructor(topic: string, key: string | undefined, nowMs: number, counts: HubCounts) {
    this.counts = counts;
    this.topic = topic;
    this.key = key;
    this.deliveredMs = nowMs;
  }

  get hasLive(): boolean {
    return this.#live.size > 0 || this.#sinks.size > 0;
  }

  /** Members that leave meanwhile are skipped. */
  *live(): Generator<Receiver> {
    yield* this.#live;
    yield* this.#sinks.values();
  }

  addLive(member: Receiver): void {
    const { direct } = member;
    this.#format ??= direct?.format;
    if (direct === undefined || direct.format !== this.#format) this.#live.add(member);
    else this.#sinks.set(direct.sink, member);
  }

  deleteLive(member: Receiver): void {
    this.#live.delete(member);
    if (member.direct !== undefined) this.#sinks.delete(member.direct.sink);
  }

  /** Delivers what is pending to all live members; returns when the oldest of it was received. */
  flush(through: Position): bigint | undefined {
    const records = this.pending;
    this.pending = [];
    const receivedNs = this.hasLive ? records[0]?.receivedNs : undefined;
    for (const chunk of chunksOf(this, records, through, flushBytesMax)) this.deliver(chunk);
    return receivedNs;
  }

  deliver(chunk: Chunk): void {
    const ends = this.endsWith(chunk);
    countDelivery(this.counts, chunk, this.#live.size + this.#sinks.size);
    for (const member of this.#live) member.deliver(chunk, ends);
    if (ends) for (const member of this.#sinks.values()) member.deliver(chunk, ends);
    else this.#write(chunk);
  }

  #write(chunk: Chunk): void {
    const format = this.#format;
    if (format === undefined) return;
    for (const sink of this.#sinks.keys()) {
      try {
        const sent = sink.write(chunk.as(format));
        // A member that closed itself during the write is not in `#sinks` any more.
        if (sent !== "sent") this.#sinks.get(sink)?.settle(sent, chunk.through);
      } catch (error) {
        this.#sinks.get(sink)?.end(failureFrom(error));
      }
    }
  }

  /** True when the chunk ends with the end of this channel's key. */
  endsWith(chunk: Chunk): boolean {
    return this.key !== undefined && chunk.records.at(-1)?.record.contentType === endType;
  }
}

/** The same chunk goes to all of them, so it is counted once. */
export function countDelivery(counts: HubCounts, { records }: Chunk, subscribers: number): void {
  let bytes = 0;
  for (const { record } of records) bytes += record.value.byteLength;
  counts.deliveries += records.length * subscribers;
  counts.bytes += bytes * subscribers;
}

/** Cuts records into chunks of at most `bytesMax` (one record at least), and after an end. */
export function* chunksOf(
  channel: Channel,
  records: readonly StoredRecord[],
  through: Position,
  bytesMax: number,
): Generator<Chunk> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const stored = records[i];
    if (stored === undefined) continue;
    const size = recordBytes(stored.record);
    const previous = records[i - 1];
    const cut =
      bytes + size > bytesMax ||
      (channel.key !== undefined && previous?.record.contentType === endType);
    if (previous !== undefined && i > from && cut) {
      yield new Chunk(channel.topic, channel.key, records.slice(from, i), previous.position);
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  const rest = from === 0 ? records : records.slice(from);
  yield new Chunk(channel.topic, channel.key, rest, through);
}
