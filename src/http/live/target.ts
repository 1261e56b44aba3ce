/** What a socket can watch besides topics and emitters: each feature declares what it shows of its topic. */

import type { Caller } from "../../core/access/caller.ts";
import type { Chunk } from "../../hub/chunk.ts";

/** The members of messages that name a target. */
export const targetKinds = ["series", "message", "app", "rule"] as const;
export type TargetKind = (typeof targetKinds)[number];

/** A target as messages name it: `"series":"tag-1"`. */
export interface NamedTarget {
  readonly kind: TargetKind;
  readonly name: string;
}

/**
 * A chunk as the readers of a target get it: without the records that are not theirs, the others in the
 * form in which they are shown. Subscriptions with the same function share what is rendered.
 */
export type Show = (chunk: Chunk) => Chunk;

export interface WatchedRecords {
  readonly topic: string;
  readonly key: string | undefined;
  readonly show: Show;
}

export interface SocketTarget {
  readonly kind: TargetKind;
  /** Throws `forbidden`, `invalid`, `not_found`. */
  watch(name: string, caller: Caller): WatchedRecords | Promise<WatchedRecords>;
}

export const showAll: Show = (chunk) => chunk;

/** Calls `show` once for each chunk, for all formats. */
export function shownOnce(show: Show): Show {
  const shown = new WeakMap<Chunk, Chunk>();
  return (chunk) => {
    let known = shown.get(chunk);
    if (known === undefined) {
      known = show(chunk);
      shown.set(chunk, known);
    }
    return known;
  };
}
