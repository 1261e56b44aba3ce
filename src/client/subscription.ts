/** A subscription, over SSE or a socket. */

import { SluiceError } from "./error.ts";
import type { SluiceEvent } from "./event.ts";
import type { From } from "./target.ts";

/**
 * The events of a target, in order, each once, for `for await`. It reconnects on its own after any cut
 * and resumes. The iteration ends when the target has ended, when the signal aborts, or with the
 * `SluiceError` of a failure that a retry cannot repair.
 */
export interface Subscription<Data = unknown>
  extends AsyncIterable<SluiceEvent<Data>, void, undefined>, AsyncDisposable {
  /** Everything up to here was delivered: `{ after: position }` resumes there, even tomorrow. */
  readonly position: string | undefined;
  /** Whether the target has ended: nothing will follow. */
  readonly ended: boolean;
  /**
   * Connects now instead of with the first `next()`, and resolves once everything that is appended
   * from then on will be delivered. Rejects as the iteration would.
   */
  ready(): Promise<void>;
  next(): Promise<IteratorResult<SluiceEvent<Data>, void>>;
  /** Closes the connection; the iteration ends. */
  return(): Promise<IteratorResult<SluiceEvent<Data>, void>>;
}

export interface SubscribeOptions {
  /** `live` by default. */
  readonly from?: From | undefined;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when the next events no longer exist (dropped by age or size, or the topic was recreated);
   * the iteration then continues after the gap. Without it the iteration ends with `position_gone`:
   * a gap is never silent.
   */
  readonly onReset?: ((reset: Reset) => void) | undefined;
}

/** Of a subscription over a socket. */
export interface WatchOptions extends SubscribeOptions {
  /** Only records for which this CEL expression is true. */
  readonly where?: string | undefined;
  /** Only records that contain this text in the key, a header or the value. */
  readonly text?: string | undefined;
  /** Called for what `where` and `text` passed over, once everything before `passed.position` was delivered. */
  readonly onPassed?: ((passed: Passed) => void) | undefined;
  /** Events have `details` and `schema`. */
  readonly details?: boolean | undefined;
  /** `json`: events as their schemas have them. */
  readonly decode?: "json" | undefined;
  /** Values of more bytes are cut: the event's `text` is their start. */
  readonly valueBytes?: number | undefined;
}

/** Records that a filter passed over, since the last of these. */
export interface Passed {
  readonly passed: number;
  /** Those of them whose value could not be looked into. */
  readonly undecodable: number;
  /** Those of them for which the expression has no answer. */
  readonly failed: number;
  /** Why the first of these has none. */
  readonly failure: string | undefined;
  readonly position: string;
}

export interface Reset {
  /** The last position that was delivered; undefined before the first. */
  readonly after: string | undefined;
  /** Where reading resumes. */
  readonly position: string;
  readonly reason: string;
}

/** Calls `onReset`, or throws `position_gone` without one. */
export function reportReset(onReset: SubscribeOptions["onReset"], reset: Reset): void {
  if (onReset !== undefined) return onReset(reset);
  throw new SluiceError("position_gone", reset.reason, { position: reset.position });
}
