/** The time of an append whose stream does not take it, or does not answer: it elects a leader, or was removed. */

import { sleep } from "../../core/clock.ts";
import { type Failure, failureFrom } from "../../core/failure.ts";
import type { Connection } from "./connection.ts";
import { jetstreamUnavailable } from "./failures.ts";
import { answerMsMax } from "./requests.ts";
import type { Topics } from "./topics.ts";

/** NATS elects a leader within 4 to 9 s; a caller waits 10 s. */
const lastAttemptMs = 8_000;
const appendMsMax = 10_000;
/** What is published again under the same id need not wait for an answer that was lost with a leader. */
const repeatMs = 2_500;
const retryMs = 100;

export class LeaderWait {
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #topic: string;
  readonly #startMs: number;
  #removed: Failure | undefined;

  constructor(connection: Connection, topics: Topics, topic: string) {
    this.#connection = connection;
    this.#topics = topics;
    this.#topic = topic;
    this.#startMs = connection.clock.nowMs();
  }

  /** How long the answer to an attempt may take; `isRepeatable`: the attempt after it does no harm. */
  answerMs(isRepeatable: boolean): number {
    return Math.min(isRepeatable ? repeatMs : answerMsMax, appendMsMax - this.#elapsedMs);
  }

  /** Throws `unavailable` once it is too late for another attempt. */
  check(): void {
    if (this.#elapsedMs > lastAttemptMs) {
      throw jetstreamUnavailable(this.#topic, "it has no leader");
    }
  }

  /** Resolves when the next attempt may be made. Throws `not_found`, and what `check` throws. */
  async next(): Promise<void> {
    this.check();
    const ready = this.#connection.ready();
    if (ready !== true) await ready;
    // Not awaited: without a leader it takes seconds to fail, while the stream may take messages again.
    this.#topics.confirm(this.#topic).catch((error: unknown) => {
      const failure = failureFrom(error);
      if (failure.code === "not_found") this.#removed = failure;
    });
    await sleep(this.#connection.clock, retryMs);
    if (this.#removed !== undefined) throw this.#removed;
  }

  get #elapsedMs(): number {
    return this.#connection.clock.nowMs() - this.#startMs;
  }
}
