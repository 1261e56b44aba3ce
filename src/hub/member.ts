/** One subscription inside its feed. */
import { Failure } from "../core/failure.ts";
import { renderPosition, type Position } from "../core/position.ts";
import type { Channel } from "./channel.ts";
import type { EndReason, Subscriber, Subscription } from "./subscriber.ts";

/**
 * `live`: gets every flush. `replaying`: being brought up to the live position, from the window
 * or the log. `ahead`: stands after what this node has read so far. `stalled`: its sink is full.
 */
export type MemberState = "live" | "replaying" | "ahead" | "stalled" | "closed";

/** What a member asks of its feed. */
export interface MemberHost {
  readonly flushed: Position;
  resume(member: Member): void;
  leave(member: Member): void;
}

export class Member implements Subscription {
  readonly channel: Channel;
  readonly subscriber: Subscriber;
  state: MemberState = "replaying";
  /** When it stalled, by the hub's clock. */
  stalledMs = 0;
  /** Where it stands while it is not live; live members all stand where the feed was flushed. */
  at: Position;
  readonly #host: MemberHost;

  constructor(host: MemberHost, channel: Channel, subscriber: Subscriber, at: Position) {
    this.#host = host;
    this.channel = channel;
    this.subscriber = subscriber;
    this.at = at;
  }

  get position(): Position {
    return this.state === "live" ? this.#host.flushed : this.at;
  }

  drained(): void {
    if (this.state === "stalled") this.#host.resume(this);
  }

  /** It was live, and stands at `at` now. */
  detach(at: Position): void {
    if (this.state !== "live") return;
    this.channel.live.delete(this);
    this.state = "replaying";
    this.at = at;
  }

  close(): void {
    if (this.state === "closed") return;
    this.at = this.position;
    this.#host.leave(this);
    this.state = "closed";
  }

  /** Closes and tells the face why. */
  end(reason: EndReason): void {
    if (this.state === "closed") return;
    this.close();
    this.subscriber.end(reason, this.at);
  }

  endSlow(stallMs: number): void {
    const position = renderPosition(this.at);
    this.end(
      new Failure("slow_subscriber", `Closed after ${stallMs} ms without reading: resume after ${position}`, {
        position,
      }),
    );
  }
}
