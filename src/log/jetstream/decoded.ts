/**
 * The newest entries of the topics that are read, as records. A node's readers of a topic (hub,
 * projections, rules) reach each entry at about the same time: the first decodes it for all.
 */

import { BoundedMap } from "../../core/budget/bounded-map.ts";
import type { StoredRecord } from "../../core/record.ts";
import { recordsFromEntry, type StoredEntry } from "./entry.ts";
import type { TopicIncarnation } from "./stream.ts";

/** Bounds per topic: how far its readers may be apart. */
const entriesMax = 64;
const bytesMax = 1024 ** 2;
/** Number of topics, those that were read last. */
const topicsMax = 64;

export class DecodedEntries {
  readonly #lives = new BoundedMap<string, DecodedIncarnation>(topicsMax);

  of(incarnation: TopicIncarnation): DecodedIncarnation {
    const name = `${incarnation.epoch} ${incarnation.stream}`;
    const known = this.#lives.get(name) ?? new DecodedIncarnation(incarnation);
    // Inserted again at the end: the topics that were read longest ago are evicted.
    this.#lives.set(name, known);
    return known;
  }
}

interface Decoded {
  readonly records: readonly StoredRecord[];
  /** A server that lost its newest entries reuses their sequences, but not their times. */
  readonly receivedNs: bigint;
  readonly bytes: number;
}

export class DecodedIncarnation {
  readonly #root: string;
  readonly #epoch: number;
  /** By sequence, in the order in which they were decoded. */
  readonly #entries = new Map<number, Decoded>();
  #bytes = 0;

  constructor({ root, epoch }: TopicIncarnation) {
    this.#root = root;
    this.#epoch = epoch;
  }

  /** The entry's records, if a reader has decoded them. */
  cached({ sequence, receivedNs }: StoredEntry): readonly StoredRecord[] | undefined {
    const known = this.#entries.get(sequence);
    return known?.receivedNs === receivedNs ? known.records : undefined;
  }

  records(entry: StoredEntry): readonly StoredRecord[] {
    const known = this.cached(entry);
    if (known !== undefined) return known;
    const records = recordsFromEntry(this.#root, this.#epoch, entry);
    const { receivedNs, payload } = entry;
    this.#keep(entry.sequence, { records, receivedNs, bytes: payload.byteLength });
    return records;
  }

  #keep(sequence: number, decoded: Decoded): void {
    this.#bytes += decoded.bytes - (this.#entries.get(sequence)?.bytes ?? 0);
    this.#entries.delete(sequence);
    this.#entries.set(sequence, decoded);
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#entries.size <= entriesMax && this.#bytes <= bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
