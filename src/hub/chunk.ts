/** What one flush delivers to every subscriber of a channel: rendered once per format (invariant 5). */

import type { Position } from "../core/position.ts";
import type { StoredRecord } from "../core/record.ts";

/** Renders records as the bytes of one protocol. Compared by identity: keep one object per format. */
export interface Format<Bytes> {
  render(chunk: Chunk): Bytes;
}

export class Chunk {
  /** The channel: a topic, and the key when it is a key's own sub-stream. */
  readonly topic: string;
  readonly key: string | undefined;
  /** In order; empty in a heartbeat, which has only `through`. */
  readonly records: readonly StoredRecord[];
  /** The position of a subscriber once it has this chunk. */
  readonly through: Position;
  // Nearly every channel is read in one format at a time: two fields are faster than a map.
  #format: Format<unknown> | undefined;
  #bytes: unknown;

  constructor(
    topic: string,
    key: string | undefined,
    records: readonly StoredRecord[],
    through: Position,
  ) {
    this.topic = topic;
    this.key = key;
    this.records = records;
    this.through = through;
  }

  as<Bytes>(format: Format<Bytes>): Bytes {
    if (this.#format !== format) {
      this.#bytes = format.render(this);
      this.#format = format;
    }
    return this.#bytes as Bytes;
  }
}
