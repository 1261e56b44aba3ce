/** The live subscribers of one topic, or of one key of it, and what the next flush brings them. */
import { endType, recordBytes, type StoredRecord } from "../core/record.ts";
import type { Position } from "../core/position.ts";
import { Chunk } from "./chunk.ts";
import type { Member } from "./member.ts";
import { flushBytesMax } from "./options.ts";
import type { Sent } from "../core/sink.ts";

export class Channel {
  readonly topic: string;
  readonly key: string | undefined;
  /** All members, whatever their state: an empty channel is dropped. */
  readonly members = new Set<Member>();
  readonly live = new Set<Member>();
  pending: StoredRecord[] = [];
  deliveredMs = 0;

  constructor(topic: string, key: string | undefined) {
    this.topic = topic;
    this.key = key;
  }

  /** Delivers what is pending to all live members; `off` takes those that do not go on. */
  flush(through: Position, off: (member: Member, sent: Exclude<Sent, "sent">) => void): void {
    const records = this.pending;
    this.pending = [];
    for (const chunk of chunksOf(this, records, through, flushBytesMax)) {
      this.deliver(chunk, off);
    }
  }

  deliver(chunk: Chunk, off: (member: Member, sent: Exclude<Sent, "sent">) => void): void {
    const ends = this.endsWith(chunk);
    for (const member of this.live) {
      const sent = member.subscriber.deliver(chunk);
      if (sent === "sent" && !ends) continue;
      member.detach(chunk.through);
      if (ends) member.end("ended");
      else if (sent !== "sent") off(member, sent);
    }
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
