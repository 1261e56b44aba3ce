/** Chunks of a call whose socket brings more than its share of the event loop: they are taken in turns. */

import { Buffer } from "node:buffer";
import type { Share } from "../../core/budget/memory.ts";
import type { Turns } from "../../core/budget/turn.ts";
import type { StreamLease } from "./socket-backpressure.ts";

export interface LateChunksOptions {
  readonly turns: Turns;
  readonly receiving: Share;
  readonly lease: Pick<StreamLease, "pause" | "resume">;
  /** Takes one chunk. Never throws. */
  readonly take: (chunk: Uint8Array) => void;
}

export class LateChunks {
  readonly #options: LateChunksOptions;
  #chunks: Buffer[] | undefined;
  #after: (() => void) | undefined;

  constructor(options: LateChunksOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#chunks === undefined;
  }

  /** Copies the chunk: its memory is used again for the next one. */
  push(chunk: Uint8Array): void {
    this.#options.receiving.add(chunk.byteLength);
    const copy = Buffer.from(chunk);
    if (this.#chunks !== undefined) this.#chunks.push(copy);
    else {
      this.#chunks = [copy];
      this.#options.lease.pause();
      void this.#drain();
    }
  }

  /** Calls back once no chunk is late; at once where none is. */
  after(callback: () => void): void {
    if (this.isEmpty) callback();
    else this.#after = callback;
  }

  /** Forgets the chunks that were not taken: the call is over. */
  drop(): void {
    const chunks = this.#chunks;
    if (chunks === undefined) return;
    this.#after = undefined;
    for (const { byteLength } of chunks.splice(0)) this.#options.receiving.release(byteLength);
    this.#end();
  }

  async #drain(): Promise<void> {
    const { turns, receiving, take } = this.#options;
    const turn = turns.goOn();
    const chunks = this.#chunks ?? [];
    // A call that is dropped meanwhile has an empty list, and may get another one.
    for (let chunk: Buffer | undefined; this.#chunks === chunks;) {
      await turn.next();
      do {
        chunk = chunks.shift();
        if (chunk === undefined) break;
        receiving.release(chunk.byteLength);
        take(chunk);
      } while (!turn.isOver);
      if (chunks.length === 0 && this.#chunks === chunks) this.#over();
    }
  }

  /** All were taken. */
  #over(): void {
    const after = this.#after;
    this.#after = undefined;
    this.#end();
    after?.();
  }

  #end(): void {
    this.#chunks = undefined;
    this.#options.lease.resume();
  }
}
