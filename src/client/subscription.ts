/** What `subscribe` gives, over SSE and over a socket alike. */
import { SluiceError } from "./error.ts";
import type { SluiceEvent } from "./event.ts";
import type { From } from "./target.ts";

/**
 * The events of a target, in order, each once, for `for await`. It comes back by itself after any
 * cut and goes on where it was. The iteration ends when the target ended, when the signal aborts,
 * or with the `SluiceError` of a failure that trying again cannot mend.
 */
export interface Subscription<Data = unknown>
  extends AsyncIterable<SluiceEvent<Data>, void, undefined>, AsyncDisposable {
  /** Everything up to here was given: `{ after: position }` goes on from there, even tomorrow. */
  readonly position: string | undefined;
  /** Whether the target came to its end: nothing will ever follow. */
  readonly ended: boolean;
  /**
   * Connects now instead of with the first `next()`, and resolves once what is appended from then
   * on will be given. Rejects as the iteration would.
   */
  ready(): Promise<void>;
  next(): Promise<IteratorResult<SluiceEvent<Data>, void>>;
  /** Lets go of the connection; the iteration ends. */
  return(): Promise<IteratorResult<SluiceEvent<Data>, void>>;
}

export interface SubscribeOptions {
  /** `live` by default. */
  readonly from?: From | undefined;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when events are gone that should have come next (dropped by age or size, or the topic
   * was made anew); the iteration then goes on behind the gap. Without it the iteration ends with
   * `position_gone`: there is never a gap that nobody heard of.
   */
  readonly onReset?: ((reset: Reset) => void) | undefined;
}

export interface Reset {
  /** The last position that was given; undefined: none was. */
  readonly after: string | undefined;
  /** Where reading goes on. */
  readonly position: string;
  readonly reason: string;
}

/** Hands the gap to whoever wants to know, or throws it. */
export function tellReset(onReset: SubscribeOptions["onReset"], reset: Reset): void {
  if (onReset !== undefined) return onReset(reset);
  throw new SluiceError("position_gone", reset.reason, { position: reset.position });
}
