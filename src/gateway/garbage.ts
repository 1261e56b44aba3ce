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

/**
 * One that frees less than a quarter was in vain: the memory is in use, or not the engine's. The next one comes
 * when the process has grown by a quarter, or later.
 */
const worthShare = 0.25;
const vainRestMs = 60_000;

export class GarbageGuard {
  readonly #deps: GarbageDeps;
  readonly #bytesMax: number;
  /** What the last one has left, where it was in vain. */
  #keptBytes = 0;
  #vainUntilMs = 0;
  #cancel: () => void;

  constructor(deps: GarbageDeps) {
    this.#deps = deps;
    this.#bytesMax = Math.max(deps.bytesMax, bytesMin);
    this.#cancel = deps.clock.after(lookMs, () => this.#look());
  }

  close(): void {
    this.#cancel();
  }

  #look(): void {
    const { clock, runtime } = this.#deps;
    const bytes = runtime.memoryBytes();
    const isDue = bytes > this.#past();
    if (isDue) this.#collect(bytes);
    this.#cancel = clock.after(isDue ? restMs : lookMs, () => this.#look());
  }

  #past(): number {
    const isVain = this.#deps.clock.nowMs() < this.#vainUntilMs;
    return Math.max(this.#bytesMax, isVain ? this.#keptBytes * (1 + worthShare) : 0);
  }

  #collect(before: number): void {
    const { clock, runtime } = this.#deps;
    runtime.collectGarbage();
    this.#keptBytes = runtime.memoryBytes();
    const isVain = before - this.#keptBytes < before * worthShare;
    this.#vainUntilMs = isVain ? clock.nowMs() + vainRestMs : 0;
  }
}
