/**
 * Formats whose bytes may take time to render, such as those of records whose schema this node has to
 * fetch first.
 *
 * The hub treats a subscriber whose bytes are still being rendered like one with a full sink: it sends
 * nothing, then replays. At most one chunk of each waits, the hub keeps the order, and the other
 * subscribers of the channel are not affected.
 */

import { type Failure, failureFrom } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { Sent } from "../core/sink.ts";
import type { Chunk, Format } from "./chunk.ts";
import type { EndReason, Subscriber, Subscription } from "./subscriber.ts";

/** Renders synchronously where it can. A promise that rejects ends the subscriptions that wait for it. */
export type AsyncFormat<Bytes> = Format<Bytes | Promise<Bytes>>;

/** A format that renders each chunk once, also where other formats of its channel alternate with it. */
export function asyncFormat<Bytes>(
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

/** The protocol's half: gets the bytes as they are rendered. */
export interface AsyncTarget<Bytes> extends Pick<Subscriber, "reset" | "end"> {
  write(bytes: Bytes): Sent;
}

/** Stands between the hub, whose subscriber it is, and the protocol, whose subscription it is. */
export class AsyncSubscriber<Bytes> implements Subscriber, Subscription {
  readonly #target: AsyncTarget<Bytes>;
  readonly #format: AsyncFormat<Bytes>;
  #subscription: Subscription | undefined;
  /** After what was written. */
  #at: Position;
  #waits = false;
  /** Drained before the hub's half was attached. */
  #hasDrained = false;
  #ends = false;
  /** Before the hub's half was attached. */
  #cancelled: Failure | undefined;
  #closed = false;

  constructor(target: AsyncTarget<Bytes>, format: AsyncFormat<Bytes>, start: Position) {
    this.#target = target;
    this.#format = format;
    this.#at = start;
  }

  get position(): Position {
    return this.#at;
  }

  /** The hub's half; `close` may have been called before. */
  attach(subscription: Subscription): void {
    if (this.#closed) return subscription.close();
    this.#subscription = subscription;
    if (this.#cancelled !== undefined) subscription.cancel(this.#cancelled);
    else if (this.#hasDrained) subscription.drained();
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
    return this.#target.reset(position, reason);
  }

  /** A failure is reported at once; what still waits is dropped and can be read again after the position. */
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

  /** What still waits is dropped, as at any other end. */
  cancel(reason: Failure): void {
    if (this.#subscription === undefined) this.#cancelled = reason;
    else this.#subscription.cancel(reason);
  }

  async #writeLater(chunk: Chunk, rendering: Promise<Bytes>): Promise<void> {
    let sent: Sent;
    try {
      const bytes = await rendering;
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
    const sent = this.#target.write(bytes);
    if (sent !== "refused") this.#at = chunk.through;
    return sent;
  }

  #end(reason: EndReason, position: Position): void {
    this.close();
    this.#target.end(reason, position);
  }
}
