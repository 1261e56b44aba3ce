/** Messages of one call that wait for their schemas. */

import type { Buffer } from "node:buffer";
import type { InFlight } from "./in-flight.ts";

export interface MessageQueueHost {
  readonly inFlight: InFlight;
  /** Checks and appends one message. Never rejects. */
  process(message: Buffer): Promise<void>;
  /** Called after each message, once it no longer counts as in flight. */
  processed(): void;
  /** Called when the queue has become empty. */
  drained(): void;
}

/** What a queued message counts as, besides its bytes. */
const overheadBytes = 64;
/** Each removal from the front moves all that stay, so many go at a time. */
const removedAtOnce = 256;

/** Processes one message after another; all that are queued count as in flight. */
export class MessageQueue {
  readonly #host: MessageQueueHost;
  /** The first is being processed; undefined: the queue is empty. */
  #messages: Buffer[] | undefined;

  constructor(host: MessageQueueHost) {
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#messages === undefined;
  }

  /** The message's bytes must stay as they are until it was processed. */
  push(message: Buffer): void {
    this.#host.inFlight.add(message.byteLength + overheadBytes);
    if (this.#messages !== undefined) this.#messages.push(message);
    else void this.#drain((this.#messages = [message]));
  }

  async #drain(messages: Buffer[]): Promise<void> {
    let done = 0;
    for (let message = messages[0]; message !== undefined; message = messages[done]) {
      await this.#host.process(message);
      if (++done === removedAtOnce) {
        messages.splice(0, done);
        done = 0;
      }
      if (done === messages.length) this.#messages = undefined;
      this.#host.inFlight.release(message.byteLength + overheadBytes);
      this.#host.processed();
    }
    this.#host.drained();
  }
}
