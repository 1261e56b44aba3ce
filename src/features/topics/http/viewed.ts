/**
 * Writes what a view has of each chunk to its subscription. Where it has nothing, the subscription gets
 * heartbeats; where a filter passes records over, their number follows within a second.
 */

import type { Clock } from "../../../core/clock.ts";
import type { Failure } from "../../../core/failure.ts";
import type { Position } from "../../../core/position.ts";
import type { Sent } from "../../../core/sink.ts";
import { nonePassed, type Passed, type Rendered } from "../../../http/live/views.ts";
import type { AsyncTarget } from "../../../hub/async-format.ts";
import type { EndReason } from "../../../hub/subscriber.ts";
import type { WsSubscription } from "./subscription.ts";

/** Below what proxies take for a dead connection, as the hub's own heartbeats are. */
const quietMsMax = 10_000;
/** Records that were passed over are reported after this time. */
const passedMsMax = 1000;

export class ViewedSubscription implements AsyncTarget<Rendered> {
  readonly #subscription: WsSubscription;
  readonly #clock: Clock;
  readonly #isFiltered: boolean;
  #writtenMs: number;
  /** Since the last message. */
  #passed: Passed = nonePassed;
  #through: Position | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(subscription: WsSubscription, clock: Clock, isFiltered: boolean) {
    this.#subscription = subscription;
    this.#clock = clock;
    this.#isFiltered = isFiltered;
    this.#writtenMs = clock.nowMs();
  }

  write({ events, count, passed, isHeartbeat, through }: Rendered): Sent {
    this.#passed = sum(this.#passed, passed);
    this.#through = through;
    const quietMs = this.#clock.nowMs() - this.#writtenMs;
    const isDue = quietMs >= (this.#passed.passed > 0 ? passedMsMax : quietMsMax);
    if (count > 0 || isHeartbeat || isDue) return this.#send(events, through);
    if (this.#passed.passed > 0) {
      this.#cancelTimer ??= this.#clock.after(passedMsMax - quietMs, () => this.#flush());
    }
    return "sent";
  }

  reset(position: Position, reason: Failure): Sent {
    this.#flush();
    return this.#subscription.reset(position, reason);
  }

  end(reason: EndReason, position: Position): void {
    this.#flush();
    this.#subscription.end(reason, position);
  }

  #flush(): void {
    if (this.#through !== undefined && this.#passed.passed > 0) this.#send("", this.#through);
    this.#cancelTimer?.();
  }

  #send(events: string, through: Position): Sent {
    const passed = this.#isFiltered ? this.#passed : undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#passed = nonePassed;
    this.#writtenMs = this.#clock.nowMs();
    return this.#subscription.sendEvents(events, through, passed);
  }
}

function sum(one: Passed, other: Passed): Passed {
  return {
    passed: one.passed + other.passed,
    undecodable: one.undecodable + other.undecodable,
    failed: one.failed + other.failed,
    failure: one.failure ?? other.failure,
  };
}
