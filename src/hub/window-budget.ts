/**
 * The bytes of all windows of a node together. Past the bound the window that readers needed longest
 * ago gives up its oldest records: a reader that comes back to its topic is replayed from the log.
 */

import type { Share } from "../core/budget/memory.ts";

export interface WindowOwner {
  readonly windowBytes: number;
  /** Drops at least so many bytes of its oldest records, as far as it may. */
  shrinkWindow(bytes: number): void;
}

export class WindowBudget {
  readonly #share: Share;
  /** Bytes of each as the share counts them; those that were used longest ago come first. */
  readonly #bytesOf = new Map<WindowOwner, number>();

  constructor(share: Share) {
    this.#share = share;
  }

  /** The window was created, or a reader has come that it may serve. */
  used(owner: WindowOwner): void {
    const bytes = this.#bytesOf.get(owner);
    this.#bytesOf.delete(owner);
    this.#bytesOf.set(owner, bytes ?? 0);
  }

  /** Counts what the window contains now, and shrinks others, and at last itself, past the bound. */
  update(owner: WindowOwner): void {
    // A feed may take a last batch after it was closed.
    if (!this.#bytesOf.has(owner)) return;
    this.#count(owner);
    for (const other of this.#bytesOf.keys()) {
      const excess = this.#share.bytes - this.#share.bytesMax;
      if (excess <= 0) break;
      if (other.windowBytes === 0) continue;
      other.shrinkWindow(excess);
      this.#count(other);
    }
  }

  drop(owner: WindowOwner): void {
    this.#share.release(this.#bytesOf.get(owner) ?? 0);
    this.#bytesOf.delete(owner);
  }

  #count(owner: WindowOwner): void {
    const bytes = owner.windowBytes;
    this.#share.add(bytes - (this.#bytesOf.get(owner) ?? 0));
    this.#bytesOf.set(owner, bytes);
  }
}
