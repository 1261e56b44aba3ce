/** A subscriber for whom some chunks contain nothing: it is not written to then, but gets heartbeats. */

import type { Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { Sent } from "../core/sink.ts";
import { Chunk, type Format } from "../hub/chunk.ts";
import type { EndReason, Subscriber } from "../hub/subscriber.ts";

/** The response or socket behind the filter, which takes bytes as they are. */
export interface ByteSubscriber<Bytes> extends Pick<Subscriber, "reset" | "end"> {
  write(bytes: Bytes): Sent;
}

/** Below what proxies take for a dead connection, as the hub's own heartbeats are. */
const quietMsMax = 10_000;

export class FilteredSubscriber<Bytes> implements Subscriber {
  readonly #subscriber: ByteSubscriber<Bytes>;
  readonly #format: Format<Bytes | undefined>;
  readonly #clock: Clock;
  #writtenMs: number;

  constructor(subscriber: ByteSubscriber<Bytes>, format: Format<Bytes | undefined>, clock: Clock) {
    this.#subscriber = subscriber;
    this.#format = format;
    this.#clock = clock;
    this.#writtenMs = clock.nowMs();
  }

  deliver(chunk: Chunk): Sent {
    const bytes = chunk.as(this.#format) ?? this.#heartbeat(chunk);
    if (bytes === undefined) return "sent";
    this.#writtenMs = this.#clock.nowMs();
    return this.#subscriber.write(bytes);
  }

  reset(position: Position, reason: Failure): Sent {
    return this.#subscriber.reset(position, reason);
  }

  end(reason: EndReason, position: Position): void {
    this.#subscriber.end(reason, position);
  }

  /** The topic's position moves on: the reader can resume after it although it got nothing. */
  #heartbeat({ topic, key, through }: Chunk): Bytes | undefined {
    if (this.#clock.nowMs() - this.#writtenMs < quietMsMax) return undefined;
    return this.#format.render(new Chunk(topic, key, [], through));
  }
}
