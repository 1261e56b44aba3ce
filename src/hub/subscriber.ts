/** The two halves of a subscription: what a face implements, and what it is given. */
import type { Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { ByteSink, Sent } from "../core/sink.ts";
import type { Chunk, Format } from "./chunk.ts";

/** A face's half. The hub calls it synchronously and never awaits it. */
export interface Subscriber {
  /**
   * Takes one chunk. After `queued` the hub sends nothing before `Subscription.drained()`;
   * `refused` closes the subscription.
   */
  deliver(chunk: Chunk): Sent;
  /**
   * The records after the last one delivered cannot be had any more: reading goes on after
   * `position`. A face that cannot tell its client in-band closes the subscription instead.
   */
  reset(position: Position, reason: Failure): Sent;
  /** The subscription is over, for a reason the client is told, at its last position. */
  end(reason: EndReason, position: Position): void;
  /** What `deliver` comes to, where that is one write of the chunk's bytes. */
  readonly direct?: Direct;
}

/** A sink of this subscriber alone, and the format in which it gets chunks. */
export interface Direct {
  readonly format: Format<Uint8Array>;
  readonly sink: ByteSink;
}

/**
 * `ended`: the emitter came to its end. Otherwise a failure: `slow_subscriber`, `shutting_down`,
 * `not_found` (the topic was removed).
 */
export type EndReason = "ended" | Failure;

/** The hub's half. */
export interface Subscription {
  /** Everything up to here was delivered. */
  readonly position: Position;
  /** The subscriber's sink took all that was queued. */
  drained(): void;
  close(): void;
}

/** Where a subscription starts; `live`: after the newest record at the time of subscribing. */
export type Start = Position | "earliest" | "live";

/** As a reader requests it; `tail`: the newest n records, then live. */
export type RequestedStart = Start | { readonly tail: number };
