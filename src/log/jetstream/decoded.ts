/**
 * The newest entries of the topics that are read, as records. A node's readers of a topic (hub,
 * projections, rules) come to each entry within a moment of each other: the first decodes it for all.
 */
import { BoundedMap } from "../../core/bounded-map.ts";
import type { StoredRecord } from "../../core/record.ts";
import { recordsFromEntry, type StoredEntry } from "./entry.ts";
import type { TopicIncarnation } from "./stream.ts";

/** Of a topic: what its readers are apart. */
const entriesMax = 64;
const bytesMax = 1024 ** 2;
/** Topics that were read last. */
const topicsMax = 64;

export class DecodedEntries {
  readonly #lives = new BoundedMap<string, DecodedLife>(topicsMax);

  of(life: TopicIncarnation): DecodedLife {
    const name = `${life.epoch} ${life.stream}`;
    const known = this.#lives.get(name) ?? new DecodedLife(life);
    // Again where it stands: those that were read longest ago go.
    this.#lives.set(name, known);
    return known;
  }
}

interface Decoded {
  readonly records: readonly StoredRecord[];
  /** A server that lost its end gives the sequence again, but not the time. */
  readonly receivedNs: bigint;
  readonly bytes: number;
}

export class DecodedLife {
  readonly #root: string;
  readonly #epoch: number;
  /** By sequence, in the order in which they were decoded. */
  readonly #entries = new Map<number, Decoded>();
  #bytes = 0;

  constructor({ root, epoch }: TopicIncarnation) {
    this.#root = root;
    this.#epoch = epoch;
  }

  records(entry: StoredEntry): readonly StoredRecord[] {
    const known = this.#entries.get(entry.sequence);
    if (known?.receivedNs === entry.receivedNs) return known.records;
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
