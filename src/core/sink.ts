/** Where bytes leave the process. The answer has the back-pressure: nothing is queued without a bound. */

/**
 * `sent`: on its way. `queued`: accepted, but the peer reads slowly: the writer must wait for
 * `drained`. `refused`: the peer is gone, nothing was taken.
 */
export type Sent = "sent" | "queued" | "refused";

/** An open response body or socket. `close` after `close` does nothing. */
export interface ByteSink {
  write(bytes: Uint8Array): Sent;
  close(): void;
}

/** Notifies the owner of a sink. `closed` is called exactly once, whichever side closed. */
export interface SinkEvents {
  /** All queued bytes were sent. */
  drained(): void;
  closed(): void;
}
