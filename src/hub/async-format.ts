/**
 * Formats whose bytes may take time to make, such as those of records that are decoded with a schema
 * that this node does not have yet.
 *
 * A subscriber that waits for its bytes is to the hub what one with a full sink is: nothing is sent
 * to it, and it is caught up once it has drained. So one chunk at most waits, order is the hub's, and
 * the others of its channel notice nothing.
 */
import { failureFrom, type Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { Sent } from "../core/sink.ts";
import type { Chunk, Format } from "./chunk.ts";
import type { EndReason, Subscriber, Subscription } from "./subscriber.ts";

/** Renders at once where it can. A promise that rejects ends the subscriptions that wait for it. */
export type AsyncFormat<Bytes> = Format<Bytes | Promise<Bytes>>;

/** A format that renders each chunk once, whatever else its channel is read in. */
export function lateFormat<Bytes>(
  render: (chunk: Chunk) => Bytes | Promise<Bytes>,
): AsyncFormat<Bytes> {
  const rendered = new WeakMap<Chunk, Bytes | Promise<Bytes>>();
  return {
    render(chunk) {
      const known = rendered.get(chunk);
      if (known !== undefined) return known;
      const bytes = render(chunk);
      rendered.set(chunk, bytes);
      return bytes;
    },
  };
}

/** A face's subscriber, for the bytes as they come. */
export interface LateFace<Bytes> extends Pick<Subscriber, "reset" | "end"> {
  write(bytes: Bytes): Sent;
}

/** The hub's subscriber and the face's subscription, between the two. */
export class LateSubscriber<Bytes> implements Subscriber, Subscription {
  readonly #face: LateFace<Bytes>;
  readonly #format: AsyncFormat<Bytes>;
  #subscription: Subscription | undefined;
  /** Where the face stands: after what was written. */
  #at: Position;
  #waits = false;
  /** Drained before the hub's half had come. */
  #hasDrained = false;
  #ends = false;
  #closed = false;

  constructor(face: LateFace<Bytes>, format: AsyncFormat<Bytes>, start: Position) {
    this.#face = face;
    this.#format = format;
    this.#at = start;
  }

  get position(): Position {
    return this.#at;
  }

  /** The hub's half; it may come after the face has closed. */
  attach(subscription: Subscription): void {
    if (this.#closed) return subscription.close();
    this.#subscription = subscription;
    if (this.#hasDrained) subscription.drained();
  }

  deliver(chunk: Chunk): Sent {
    if (this.#closed) return "refused";
    const bytes = this.#format.render(chunk);
    if (!(bytes instanceof Promise)) return this.#write(chunk, bytes);
    this.#waits = true;
    void this.#writeLater(chunk, bytes);
    return "queued";
  }

  reset(position: Position, reason: Failure): Sent {
    this.#at = position;
    return this.#face.reset(position, reason);
  }

  /** A failure is told at once: what waits is not, and can be read again after the position. */
  end(reason: EndReason, position: Position): void {
    if (this.#waits && reason === "ended") this.#ends = true;
    else this.#end(reason, this.#waits ? this.#at : position);
  }

  drained(): void {
    if (this.#waits) return;
    if (this.#subscription === undefined) this.#hasDrained = true;
    else this.#subscription.drained();
  }

  close(): void {
    this.#closed = true;
    this.#subscription?.close();
  }

  async #writeLater(chunk: Chunk, late: Promise<Bytes>): Promise<void> {
    let sent: Sent;
    try {
      const bytes = await late;
      if (this.#closed) return;
      sent = this.#write(chunk, bytes);
    } catch (error) {
      if (!this.#closed) this.#end(failureFrom(error), this.#at);
      return;
    }
    this.#waits = false;
    if (this.#ends) this.#end("ended", chunk.through);
    else if (sent === "refused") this.close();
    else if (sent === "sent") this.drained();
  }

  #write(chunk: Chunk, bytes: Bytes): Sent {
    const sent = this.#face.write(bytes);
    if (sent !== "refused") this.#at = chunk.through;
    return sent;
  }

  #end(reason: EndReason, position: Position): void {
    this.close();
    this.#face.end(reason, position);
  }
}
