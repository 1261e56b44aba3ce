/**
 * The number of tags, bounded without a look-up for each point. A tag is never dropped, so a producer
 * that invents tags would fill the store.
 *
 * A node looks at the number of tags once a second. Until the bound is reached a point costs one
 * comparison. From then on the known tags are in a Bloom filter, ten bits for each: a point of a known
 * tag always passes, and one of a new tag is refused, but for one in a hundred. Where callers may create
 * a number of tags in an hour, the filter is there from the start, and each new tag counts once.
 */

import type { Caller } from "../../core/access/caller.ts";
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
  /** Whether new tags count among what their caller creates. */
  readonly isCounted: boolean;
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
  /** All tags that this node has seen in the store are known. */
  #isLoaded = false;
  #isFull = false;

  constructor(deps: TagBoundDeps) {
    this.#deps = deps;
    this.done = this.#watch();
  }

  /** Whether points of new tags are refused. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether `refusal` must be asked about each point of this caller. */
  asks(by: Caller | undefined): boolean {
    return this.#isFull || (this.#isLoaded && by?.allowance !== undefined);
  }

  status(): { readonly count: number; readonly max: number } {
    return { count: this.#count, max: this.#deps.max };
  }

  /**
   * Why a point of this tag is refused, `bytes[0 … length]`. Undefined: the tag is known, or is now, as one
   * that the caller creates.
   */
  refusal(bytes: Uint8Array, length: number, by: Caller | undefined): Issue | undefined {
    const known = this.#known;
    if (known === undefined || known.has(bytes, length)) return undefined;
    const { max } = this.#deps;
    if (this.#isFull) {
      const why = `there are ${this.#count} tags, expected at most ${max} (SLUICE_TAGS_MAX)`;
      return newTagIssue(bytes, length, why);
    }
    const allowance = by?.allowance;
    if (allowance === undefined) return undefined;
    if (allowance.mayCreate("tags")) {
      known.add(bytes, length);
      return undefined;
    }
    const { createsPerHour } = allowance;
    const why = `this caller may create at most ${createsPerHour} tags in an hour (SLUICE_CALLER_CREATES_PER_HOUR)`;
    return newTagIssue(bytes, length, why);
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
    const { store, max, isCounted, logger, signal } = this.#deps;
    this.#count = await store.count();
    if (this.#count < max && !isCounted) return;
    // Twice as many: the filter stays exact enough for what other nodes add before they look.
    this.#known ??= new TagFilter(2 * Math.max(max, this.#count));
    for (;;) {
      const page = await store.page(this.#lastId, pageTags);
      for (const { tag } of page) {
        const bytes = utf8.encode(tag);
        this.#known.add(bytes, bytes.byteLength);
      }
      this.#lastId = page.at(-1)?.id ?? this.#lastId;
      if (signal.aborted) return;
      if (page.length < pageTags) break;
    }
    this.#isLoaded = isCounted;
    if (this.#isFull || this.#count < max) return;
    this.#isFull = true;
    logger("warn", "measurements of new tags are refused: SLUICE_TAGS_MAX is reached", { max });
  }
}

function newTagIssue(bytes: Uint8Array, length: number, why: string): Issue {
  const tag = textFromUtf8(bytes.subarray(0, length));
  const message = `Cannot take a measurement of the new tag ${quoted(tag)}: ${why}`;
  return { field: "tag", code: "overloaded", message };
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

  /** The tag is `bytes[0 … length]`. */
  add(bytes: Uint8Array, length: number): void {
    const first = firstHash(bytes, length);
    const second = secondHash(bytes, length);
    for (let i = 0; i < hashes; i++) {
      const bit = (first + i * second) % this.#size;
      this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  has(bytes: Uint8Array, length: number): boolean {
    const first = firstHash(bytes, length);
    const second = secondHash(bytes, length);
    for (let i = 0; i < hashes; i++) {
      const bit = (first + i * second) % this.#size;
      if (((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}

/** Double hashing: two hashes of the bytes make all of them. */
function firstHash(bytes: Uint8Array, length: number): number {
  return fnv(bytes, length, 0x811c9dc5);
}

function secondHash(bytes: Uint8Array, length: number): number {
  return (fnv(bytes, length, 0x01000193) | 1) >>> 0;
}

/** FNV-1a with a final mix, 32 bits: tags differ in their last characters. */
function fnv(bytes: Uint8Array, length: number, seed: number): number {
  let hash = seed;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
