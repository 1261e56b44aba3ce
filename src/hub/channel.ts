/** The live subscribers of one topic, or of one key of it, and what the next flush brings them. */
import type { Failure } from "../core/failure.ts";
import { endType, recordBytes, type StoredRecord } from "../core/record.ts";
import type { Position } from "../core/position.ts";
import { Chunk } from "./chunk.ts";
import type { EndReason } from "./subscriber.ts";
import { flushBytesMax } from "./options.ts";

/** What a channel asks of a live subscription. */
export interface Receiver {
  /** `ends`: nothing follows this chunk. */
  deliver(chunk: Chunk, ends: boolean): void;
  reset(position: Position, reason: Failure): void;
  end(reason: EndReason): void;
}

export class Channel {
  readonly topic: string;
  readonly key: string | undefined;
  readonly live = new Set<Receiver>();
  /** All members, whatever their state: a channel without any is dropped. */
  size = 0;
  pending: StoredRecord[] = [];
  deliveredMs: number;

  constructor(topic: string, key: string | undefined, nowMs: number) {
    this.topic = topic;
    this.key = key;
    this.deliveredMs = nowMs;
  }

  /** Delivers what is pending to all live members. */
  flush(through: Position): void {
    const records = this.pending;
    this.pending = [];
    for (const chunk of chunksOf(this, records, through, flushBytesMax)) this.deliver(chunk);
  }

  deliver(chunk: Chunk): void {
    const ends = this.endsWith(chunk);
    for (const member of this.live) member.deliver(chunk, ends);
  }

  /** True when the chunk brings the end of the key that this channel follows. */
  endsWith(chunk: Chunk): boolean {
    return this.key !== undefined && chunk.records.at(-1)?.record.contentType === endType;
  }
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
