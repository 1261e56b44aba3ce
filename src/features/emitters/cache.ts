/**
 * This node's view of emitters, so that an append or a subscriber costs no query. Missing entries
 * are loaded from the store; ends made on other nodes are set by `EmitterEnds`.
 */

import { BoundedMap } from "../../core/budget/bounded-map.ts";
import type { Emitter } from "./emitters-port.ts";

export interface EmitterCache {
  readonly size: number;
  get(id: string, load: (id: string) => Promise<Emitter | undefined>): Promise<Emitter | undefined>;
  /** The cached emitter, without loading it. */
  peek(id: string): Emitter | undefined;
  set(emitter: Emitter): void;
  /** Loads it again when it is needed next. */
  drop(id: string): void;
}

/** About 300 bytes each. */
const entriesMax = 50_000;

export function createEmitterCache(max = entriesMax): EmitterCache {
  // In the order of last use: a hit is set again.
  const known = new BoundedMap<string, Emitter>(max);
  const loading = new Map<string, Promise<Emitter | undefined>>();

  function set(emitter: Emitter): void {
    const previous = known.get(emitter.id);
    // An end is final: an answer that was already in flight does not undo it.
    const isStale =
      previous?.endedMs !== undefined &&
      emitter.endedMs === undefined &&
      emitter.createdMs <= previous.createdMs;
    known.set(emitter.id, isStale ? previous : emitter);
  }

  async function loadAndSet(
    id: string,
    load: (id: string) => Promise<Emitter | undefined>,
  ): Promise<Emitter | undefined> {
    try {
      const emitter = await load(id);
      if (emitter !== undefined) set(emitter);
      return known.get(id) ?? emitter;
    } finally {
      loading.delete(id);
    }
  }

  return {
    get size() {
      return known.size;
    },
    async get(id, load) {
      const emitter = known.get(id);
      if (emitter !== undefined) {
        known.set(id, emitter);
        return emitter;
      }
      const pending = loading.get(id) ?? loadAndSet(id, load);
      // Shared only while it loads, because a missing emitter may be created at any moment.
      if (!known.has(id)) loading.set(id, pending);
      return await pending;
    },
    peek: (id) => known.get(id),
    set,
    drop: (id) => known.delete(id),
  };
}
