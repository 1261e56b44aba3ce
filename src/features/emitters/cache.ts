/**
 * This node's view of emitters, so that an append or a subscriber costs no query. What is asked
 * for and not here is looked up; the end of what is here is told by `ended`.
 */
import { BoundedMap } from "../../core/bounded-map.ts";
import type { Emitter } from "../../core/emitters.ts";

export interface EmitterCache {
  readonly size: number;
  get(id: string, load: (id: string) => Promise<Emitter | undefined>): Promise<Emitter | undefined>;
  /** What is known, without asking. */
  peek(id: string): Emitter | undefined;
  set(emitter: Emitter): void;
}

/** About 300 bytes each. */
const entriesMax = 50_000;

export function createEmitterCache(max = entriesMax): EmitterCache {
  // In the order of last use: what is asked for is set again.
  const known = new BoundedMap<string, Emitter>(max);
  const loading = new Map<string, Promise<Emitter | undefined>>();

  function set(emitter: Emitter): void {
    const standing = known.get(emitter.id);
    // An end is final: an answer that was on its way does not undo it.
    const stale = standing?.endedMs !== undefined && emitter.endedMs === undefined;
    known.set(emitter.id, stale ? standing : emitter);
  }

  async function load(
    id: string,
    from: (id: string) => Promise<Emitter | undefined>,
  ): Promise<Emitter | undefined> {
    try {
      const emitter = await from(id);
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
    async get(id, from) {
      const emitter = known.get(id);
      if (emitter !== undefined) {
        known.set(id, emitter);
        return emitter;
      }
      const pending = loading.get(id) ?? load(id, from);
      // Only while it is asked for: one that is missing may be made at any moment.
      if (!known.has(id)) loading.set(id, pending);
      return await pending;
    },
    peek: (id) => known.get(id),
    set,
  };
}
