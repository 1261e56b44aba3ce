/** The two halves of a subscription: what a protocol implements, and what it gets. */

import type { Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { ByteSink, Sent } from "../core/sink.ts";
import type { Chunk, Format } from "./chunk.ts";

/** The protocol's half. The hub calls it synchronously and never awaits it. */
export interface Subscriber {
  /**
   * Takes one chunk. After `queued` the hub sends nothing before `Subscription.drained()`;
   * `refused` closes the subscription.
   */
  deliver(chunk: Chunk): Sent;
  /**
   * The records after the last one delivered are no longer available: reading continues after
   * `position`. A protocol that cannot report this to its client closes the subscription instead.
   */
  reset(position: Position, reason: Failure): Sent;
  /** The subscription is over, at its last position. The client must get the reason. */
  end(reason: EndReason, position: Position): void;
  /** Where a delivery is one write, the hub writes to this sink on its own and does not call `deliver`. */
  readonly direct?: DirectSink;
}

/** The sink of one subscriber, and the format that renders a chunk to the bytes it writes. */
export interface DirectSink {
  readonly format: Format<Uint8Array>;
  readonly sink: ByteSink;
}

/**
 * `ended`: the emitter came to its end. Otherwise a failure: `slow_subscriber`, `shutting_down`,
 * `not_found` (the topic was removed), `unauthenticated` (the credential of its caller has ended).
 */
export type EndReason = "ended" | Failure;

/** The hub's half. */
export interface Subscription {
  /** Everything up to here was delivered. */
  readonly position: Position;
  /** The subscriber's sink took all that was queued. */
  drained(): void;
  close(): void;
  /** Closes it, and has the subscriber told why with its last position: its caller may not go on. */
  cancel(reason: Failure): void;
}

/** Where a subscription starts; `live`: after the newest record at the time of subscribing. */
export type Start = Position | "earliest" | "live";

/** As a reader requests it; `tail`: the newest n records, then live. */
export type RequestedStart = Start | { readonly tail: number };
