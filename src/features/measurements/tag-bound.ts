/**
 * The number of tags, bounded without a look-up for each point. A tag is never dropped, so a producer
 * that invents tags would fill the store.
 *
 * A node looks at the number of tags once a second. Until the bound is reached a point costs one
 * comparison. From then on the known tags are in a Bloom filter, ten bits for each: a point of a known
 * tag always passes, and one of a new tag is refused, but for one in a hundred.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { failureFrom, type Issue, quoted } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { textFromUtf8 } from "../../core/utf8.ts";

export interface TagStore {
  /** An upper bound of the number of tags, which costs nothing to find. */
  count(): Promise<number>;
  /** Tags in the order of their ids, those after `after`. */
  page(
    after: number,
    limit: number,
  ): Promise<readonly { readonly id: number; readonly tag: string }[]>;
}

export interface TagBoundDeps {
  readonly store: TagStore;
  readonly max: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const everyMs = 1000;
/** A few milliseconds of a query, and of hashing. */
const pageTags = 10_000;

export class TagBound {
  /** Resolves, never rejects, once the signal has ended it. */
  readonly done: Promise<void>;
  readonly #deps: TagBoundDeps;
  #count = 0;
  #known: TagFilter | undefined;
  #lastId = 0;
  #isFull = false;

  constructor(deps: TagBoundDeps) {
    this.#deps = deps;
    this.done = this.#watch();
  }

  /** Whether points of new tags are refused: `refusal` must be asked about each. */
  get isFull(): boolean {
    return this.#isFull;
  }

  status(): { readonly count: number; readonly max: number } {
    return { count: this.#count, max: this.#deps.max };
  }

  /** Why a point of this tag is refused, `bytes[0 … length]`; undefined: the tag is known. */
  refusal(bytes: Uint8Array, length: number): Issue | undefined {
    if (this.#known?.has(bytes, length) !== false) return undefined;
    const tag = textFromUtf8(bytes.subarray(0, length));
    const { max } = this.#deps;
    const message = `Cannot take a measurement of the new tag ${quoted(tag)}: there are ${this.#count} tags, expected at most ${max} (SLUICE_TAGS_MAX)`;
    return { field: "tag", code: "overloaded", message };
  }

  async #watch(): Promise<void> {
    const { clock, logger, signal } = this.#deps;
    let isReadable = true;
    while (!signal.aborted) {
      try {
        await this.#look();
        isReadable = true;
      } catch (error) {
        const reason = failureFrom(error).message;
        if (isReadable) logger("warn", "counting the tags failed; retrying", { reason });
        isReadable = false;
      }
      await sleep(clock, everyMs, signal);
    }
  }

  async #look(): Promise<void> {
    const { store, max, logger, signal } = this.#deps;
    this.#count = await store.count();
    if (this.#count < max) return;
    // Twice as many: the filter stays exact enough for what other nodes add before they look.
    this.#known ??= new TagFilter(2 * Math.max(max, this.#count));
    for (;;) {
      const page = await store.page(this.#lastId, pageTags);
      for (const { tag } of page) this.#known.add(tag);
      this.#lastId = page.at(-1)?.id ?? this.#lastId;
      if (signal.aborted) return;
      if (page.length < pageTags) break;
    }
    if (this.#isFull) return;
    this.#isFull = true;
    logger("warn", "measurements of new tags are refused: SLUICE_TAGS_MAX is reached", { max });
  }
}

const bitsPerTag = 10;
/** The best number for ten bits. */
const hashes = 7;
const utf8 = new TextEncoder();

class TagFilter {
  readonly #bits: Uint8Array;
  readonly #size: number;

  constructor(tags: number) {
    this.#bits = new Uint8Array(Math.max(64, Math.ceil((tags * bitsPerTag) / 8)));
    this.#size = this.#bits.byteLength * 8;
  }

  add(tag: string): void {
    const bytes = utf8.encode(tag);
    for (const bit of this.#places(bytes, bytes.byteLength)) {
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  has(bytes: Uint8Array, length: number): boolean {
    return this.#places(bytes, length).every(
      (bit) => ((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0,
    );
  }

  /** Double hashing: two hashes of the bytes make all of them. */
  #places(bytes: Uint8Array, length: number): readonly number[] {
    const first = fnv(bytes, length, 0x811c9dc5);
    const second = (fnv(bytes, length, 0x01000193) | 1) >>> 0;
    return Array.from({ length: hashes }, (_, i) => (first + i * second) % this.#size);
  }
}

/** FNV-1a with a final mix, 32 bits: tags differ in their last characters. */
function fnv(bytes: Uint8Array, length: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
