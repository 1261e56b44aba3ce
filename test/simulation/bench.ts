/** A hub alone in virtual time, on a log that does nothing unexpected. */

import { Share } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import { Failure } from "../../src/core/failure.ts";
import { silent } from "../../src/core/logger.ts";
import { type Position, renderPosition } from "../../src/core/position.ts";
import { jsonType } from "../../src/core/record.ts";
import type { Sent } from "../../src/core/sink.ts";
import type { Chunk } from "../../src/hub/chunk.ts";
import { Hub } from "../../src/hub/hub.ts";
import { defaultHubOptions, type HubOptions } from "../../src/hub/options.ts";
import type { EndReason, Start, Subscriber, Subscription } from "../../src/hub/subscriber.ts";
import { SimClock } from "./clock.ts";
import { calm, SimLog } from "./log.ts";
import { Random } from "./random.ts";

/** Records what it gets, and when. */
export class Listener implements Subscriber {
  sent: Sent = "sent";
  readonly chunks: { readonly ms: number; readonly chunk: Chunk }[] = [];
  readonly resets: string[] = [];
  readonly ends: { readonly ms: number; readonly reason: string; readonly position: string }[] = [];
  readonly #clock: SimClock;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  /** Each delivery: when, and how many records. */
  get timeline(): [ms: number, records: number][] {
    return this.chunks.map(({ ms, chunk }) => [ms, chunk.records.length]);
  }

  deliver(chunk: Chunk): Sent {
    this.chunks.push({ ms: this.#clock.nowMs(), chunk });
    return this.sent;
  }

  reset(position: Position): Sent {
    this.resets.push(renderPosition(position));
    return this.sent;
  }

  end(reason: EndReason, position: Position): void {
    const code = reason instanceof Failure ? reason.code : reason;
    this.ends.push({ ms: this.#clock.nowMs(), reason: code, position: renderPosition(position) });
  }
}

export class Bench {
  readonly clock = new SimClock();
  readonly log: SimLog;
  readonly hub: Hub;
  readonly startMs: number;

  constructor(options: Partial<HubOptions> = {}, windowsBytesMax = Number.POSITIVE_INFINITY) {
    this.log = new SimLog(this.clock, new Random(1), { ...calm });
    this.log.create("t");
    this.hub = new Hub({
      log: this.log,
      clock: this.clock,
      logger: silent,
      options: { ...defaultHubOptions, ...options },
      windows: new Share("windows", windowsBytesMax),
      turns: new Turns(),
    });
    this.startMs = this.clock.nowMs();
  }

  listener(): Listener {
    return new Listener(this.clock);
  }

  /** Subscribes at this instant. */
  subscribe(subscriber: Subscriber, key?: string, start: Start = "live"): Subscription {
    const call = this.call(this.hub.subscribe("t", key, start, subscriber));
    if (call.result === undefined) throw call.failure ?? new Error("subscribe has not answered");
    return call.result;
  }

  /** What a call has returned by now. */
  call<Result>(promise: Promise<Result>): { result?: Result; failure?: Failure } {
    const answer: { result?: Result; failure?: Failure } = {};
    promise.then(
      (result) => (answer.result = result),
      (error: Failure) => (answer.failure = error),
    );
    this.clock.settle();
    return answer;
  }

  publish(count = 1, key = "", contentType = jsonType): string {
    const record = { value: new Uint8Array(8), key, contentType, schemaId: 0, timeNs: 0n };
    const stored = this.log.publish(
      "t",
      Array.from({ length: count }, () => record),
      false,
    );
    this.clock.settle();
    return renderPosition(stored.at(-1)?.position ?? { epoch: 0, sequence: 0, index: 0 });
  }
}
