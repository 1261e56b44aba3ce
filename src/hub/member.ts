/** One subscription inside its feed. */

import { Failure, failureFrom } from "../core/failure.ts";
import { type Position, renderPosition } from "../core/position.ts";
import type { Sent } from "../core/sink.ts";
import type { Channel, Receiver } from "./channel.ts";
import type { Chunk } from "./chunk.ts";
import type { DirectSink, EndReason, Subscriber, Subscription } from "./subscriber.ts";

/**
 * `live`: gets every flush. `replaying`: being brought up to the live position, from the window
 * or the log. `ahead`: its position is after what this node has read. `stalled`: its sink is full.
 */
export type MemberState = "live" | "replaying" | "ahead" | "stalled" | "closed";

/** What a member needs of its feed. */
export interface MemberHost {
  readonly flushed: Position;
  stall(member: Member): void;
  resume(member: Member): void;
  leave(member: Member): void;
}

export class Member implements Subscription, Receiver {
  readonly channel: Channel;
  readonly subscriber: Subscriber;
  state: MemberState = "replaying";
  /** A replay of it is running; there is at most one. */
  replays = false;
  /** By the hub's clock: when it stalled, or else when it last got anything. */
  sinceMs = 0;
  /** Its position while it is not live; all live members are where the feed was flushed. */
  at: Position;
  readonly #host: MemberHost;

  constructor(host: MemberHost, channel: Channel, subscriber: Subscriber, at: Position) {
    this.#host = host;
    this.channel = channel;
    this.subscriber = subscriber;
    this.at = at;
  }

  get direct(): DirectSink | undefined {
    return this.subscriber.direct;
  }

  get position(): Position {
    return this.state === "live" ? this.#host.flushed : this.at;
  }

  drained(): void {
    if (this.state === "stalled") this.#host.resume(this);
  }

  /** `ends`: the chunk is the last one. */
  deliver(chunk: Chunk, ends: boolean): void {
    let sent: Sent;
    try {
      sent = this.subscriber.deliver(chunk);
    } catch (error) {
      return this.end(failureFrom(error));
    }
    // For nearly all of a channel's members nothing changes: they must not cost more than this.
    if (sent === "sent" && !ends && this.state === "live") return;
    if (ends && sent !== "refused") this.end("ended", chunk.through);
    else this.settle(sent, chunk.through);
  }

  reset(position: Position, reason: Failure): void {
    let sent: Sent;
    try {
      sent = this.subscriber.reset(position, reason);
    } catch (error) {
      return this.end(failureFrom(error));
    }
    this.settle(sent, position);
  }

  close(at: Position = this.position): void {
    if (this.state === "closed") return;
    this.#host.leave(this);
    this.state = "closed";
    this.at = at;
  }

  cancel(reason: Failure): void {
    this.end(reason);
  }

  /** Closes, and notifies the subscriber why. */
  end(reason: EndReason, at: Position = this.position): void {
    if (this.state === "closed") return;
    this.close(at);
    try {
      this.subscriber.end(reason, at);
    } catch {
      // It is over either way, and a broken subscriber must not affect the other members.
    }
  }

  endSlow(stallMs: number): void {
    const position = renderPosition(this.at);
    const message = `Closed after ${stallMs} ms without reading: resume after ${position}`;
    this.end(new Failure("slow_subscriber", message, { position }));
  }

  /** Handles what its sink answered. */
  settle(sent: Sent, at: Position): void {
    // It may have closed itself during the call.
    if (this.state === "closed") return;
    if (sent === "refused") return this.close();
    if (sent === "queued") this.#host.stall(this);
    if (this.state !== "live") this.at = at;
  }
}
