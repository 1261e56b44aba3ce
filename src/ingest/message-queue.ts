/** Messages of one call that wait for their schemas. */

import type { Buffer } from "node:buffer";
import type { Portion } from "../core/access/portion.ts";
import { Failure } from "../core/failure.ts";
import { FRAME_RECORDS } from "../core/frame.ts";
import { WireCursor } from "../core/wire.ts";
import type { InFlight } from "./in-flight.ts";

export interface MessageQueueHost {
  readonly inFlight: InFlight;
  readonly portion: Portion | undefined;
  /** Checks and appends one message. Never rejects. */
  process(message: Buffer): Promise<void>;
  /** Called after each message, once it no longer counts as in flight. */
  processed(): void;
  /** Called when the queue has become empty. */
  drained(): void;
}

/**
 * The least that a record of a queued message counts as: each becomes an object, and takes some 10 us to
 * be checked. By its bytes alone, what may be in flight would be a minute of work.
 */
const recordBytesMin = 512;
/** Each removal from the front moves all that stay, so many go at a time. */
const removedAtOnce = 256;

interface Queued {
  readonly message: Buffer;
  /** What it counts as. */
  readonly bytes: number;
}

/** Processes one message after another; all that are queued count as in flight. */
export class MessageQueue {
  readonly #host: MessageQueueHost;
  /** The first is being processed; undefined: the queue is empty. */
  #messages: Queued[] | undefined;

  constructor(host: MessageQueueHost) {
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#messages === undefined;
  }

  /** The message's bytes must stay as they are until it was processed. */
  push(message: Buffer): void {
    const bytes = Math.max(message.byteLength, (countRecords(message) + 1) * recordBytesMin);
    this.#host.inFlight.add(bytes, this.#host.portion);
    const queued = { message, bytes };
    if (this.#messages !== undefined) this.#messages.push(queued);
    else void this.#drain((this.#messages = [queued]));
  }

  async #drain(messages: Queued[]): Promise<void> {
    let done = 0;
    for (let queued = messages[0]; queued !== undefined; queued = messages[done]) {
      await this.#host.process(queued.message);
      if (++done === removedAtOnce) {
        messages.splice(0, done);
        done = 0;
      }
      if (done === messages.length) this.#messages = undefined;
      this.#host.inFlight.release(queued.bytes, this.#host.portion);
      this.#host.processed();
    }
    this.#host.drained();
  }
}

const cursor = new WireCursor(new Uint8Array(0));

/** Up to where the bytes are a message: what is wrong with them is reported when they are processed. */
function countRecords(message: Buffer): number {
  let count = 0;
  cursor.reset(message, 0, message.byteLength);
  try {
    while (cursor.at < message.byteLength) {
      const tag = cursor.varint();
      if (tag === FRAME_RECORDS) {
        cursor.at = cursor.delimited();
        count++;
      } else cursor.skip(tag);
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  return count;
}
