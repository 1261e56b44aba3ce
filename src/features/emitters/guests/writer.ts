/** Appends the events of this node's guests, one batch at a time. */

import type { Clock } from "../../../core/clock.ts";
import { emittersTopic } from "../../../core/emitters.ts";
import { type FailureCode, failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import type { LogRecord } from "../../../core/record.ts";
import { BackOff } from "../../../core/retry.ts";
import type { AppendOwn } from "../../../ingest/ingest.ts";
import { createId } from "../create-id.ts";
import type { Lease } from "./lease.ts";

export interface GuestWriterOptions {
  readonly append: AppendOwn;
  readonly lease: Pick<Lease, "name">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Whether this node runs no guest any more. */
  readonly isIdle: () => boolean;
}

const retryMs = { first: 50, most: 1000 };

/** The same batch may succeed later; after any other failure it never will. */
const retried: ReadonlySet<FailureCode> = new Set([
  "unavailable",
  "overloaded",
  "deadline_exceeded",
  "shutting_down",
  "not_found",
  "internal",
]);

export class GuestWriter {
  readonly #options: GuestWriterOptions;
  /** Tells this process's batches from those of any other process. */
  readonly #process = createId();
  #batches = 0;
  #made = 0;
  #skipped = 0;

  constructor(options: GuestWriterOptions) {
    this.#options = options;
  }

  /** Number of events that the log has. */
  get made(): number {
    return this.#made;
  }

  /** Number of events that the log refused permanently. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Retries until the log has the batch, or until this node may no longer write for its guests. */
  async write(batch: readonly LogRecord[]): Promise<void> {
    const { append, lease, clock, logger, signal, isIdle } = this.#options;
    const name = lease.name();
    // A retry stores the batch once, even if only the answer was lost.
    const dedupId = `guests:${this.#process}:${++this.#batches}`;
    const backOff = new BackOff(clock, retryMs);
    while (name !== undefined && !signal.aborted) {
      if (lease.name() === name) {
        try {
          await append(emittersTopic, batch, { dedupId });
          this.#made += batch.length;
          return;
        } catch (error) {
          const { code, message } = failureFrom(error);
          const isRetried = retried.has(code);
          const outcome = isRetried ? "retrying" : "skipping them";
          logger("warn", `appending guest events failed; ${outcome}`, { code, reason: message });
          if (!isRetried) {
            this.#skipped += batch.length;
            return;
          }
        }
      } else if (lease.name() !== undefined || isIdle()) return;
      await backOff.wait(signal);
    }
  }
}
