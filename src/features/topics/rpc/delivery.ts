/** Between the hub, which pushes, and a call, which is pulled: what waits here is bounded. */

import { Failure } from "../../../core/failure.ts";
import { type Position, renderPosition } from "../../../core/position.ts";
import { recordBytes } from "../../../core/record.ts";
import type { Sent } from "../../../core/sink.ts";
import type { Chunk } from "../../../hub/chunk.ts";
import type { EndReason, Subscriber, Subscription } from "../../../hub/subscriber.ts";

/** Bytes of records that may wait before the answer to the hub is `queued`: a few chunks of a replay. */
const waitingBytesMax = 256 * 1024;

/** One subscription as an iteration over its chunks, which ends with the subscription. */
export class Delivery implements Subscriber, AsyncIterable<Chunk> {
  #waiting: { readonly chunk: Chunk; readonly bytes: number }[] = [];
  #waitingBytes = 0;
  #full = false;
  #end: EndReason | "closed" | undefined;
  #wake: (() => void) | undefined;
  #subscription: Subscription | undefined;

  /** Call this before iterating. The caller may have left already. */
  attach(subscription: Subscription): void {
    if (this.#end === "closed") subscription.close();
    else this.#subscription = subscription;
  }

  /** The caller left: nothing more is delivered. */
  close(): void {
    this.#waiting = [];
    this.#finish("closed");
    this.#subscription?.close();
  }

  deliver(chunk: Chunk): Sent {
    if (this.#end !== undefined) return "refused";
    const bytes = chunk.records.reduce((sum, { record }) => sum + recordBytes(record), 0);
    this.#waiting.push({ chunk, bytes });
    this.#waitingBytes += bytes;
    this.#full = this.#waitingBytes > waitingBytesMax;
    this.#wake?.();
    return this.#full ? "queued" : "sent";
  }

  /** A call cannot be redirected: it ends, and the caller begins another at `position`. */
  reset(position: Position, reason: Failure): Sent {
    this.end(new Failure("position_gone", reason.message), position);
    return "refused";
  }

  end(reason: EndReason, at: Position): void {
    if (reason === "ended") return this.#finish(reason);
    const position = reason.position ?? renderPosition(at);
    this.#finish(new Failure(reason.code, reason.message, { position }));
  }

  /** Throws the failure that ended the subscription, after what was delivered before it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next.chunk;
        this.#taken(next.bytes);
      } else if (this.#end instanceof Failure) throw this.#end;
      else if (this.#end !== undefined) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #taken(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (!this.#full || this.#waiting.length > 0) return;
    this.#full = false;
    this.#subscription?.drained();
  }

  #finish(end: EndReason | "closed"): void {
    this.#end ??= end;
    this.#wake?.();
  }
}
