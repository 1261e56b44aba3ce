/**
 * The engine collects garbage when its heap has grown by a share, and learns of large bodies late: a burst
 * of them can leave more garbage than callers may make this node keep. So the node collects it past that.
 */

import type { Clock } from "../core/clock.ts";
import type { Runtime } from "../runtime/runtime.ts";

export interface GarbageDeps {
  readonly clock: Clock;
  readonly runtime: Pick<Runtime, "memoryBytes" | "collectGarbage">;
  /** What callers may make this node keep. */
  readonly bytesMax: number;
}

/** A process that serves many connections is as large without any garbage. */
const bytesMin = 512 * 1024 * 1024;

const lookMs = 100;

/** A collection takes tens of milliseconds, in one piece. */
const restMs = 2000;

/** One that frees less than a quarter was in vain: the memory is in use, or not the engine's. */
const worthShare = 0.25;
const vainRestMs = 60_000;

export class GarbageGuard {
  readonly #deps: GarbageDeps;
  #cancel: () => void;

  constructor(deps: GarbageDeps) {
    this.#deps = deps;
    this.#cancel = deps.clock.after(lookMs, () => this.#look());
  }

  close(): void {
    this.#cancel();
  }

  #look(): void {
    const { clock, runtime, bytesMax } = this.#deps;
    const before = runtime.memoryBytes();
    let nextMs = lookMs;
    if (before > Math.max(bytesMax, bytesMin)) {
      runtime.collectGarbage();
      const isWorth = before - runtime.memoryBytes() > before * worthShare;
      nextMs = isWorth ? restMs : vainRestMs;
    }
    this.#cancel = clock.after(nextMs, () => this.#look());
  }
}
