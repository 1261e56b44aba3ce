/** Where bytes leave the process. Back-pressure is in the answer, never in hidden memory. */

/**
 * `sent`: on its way. `queued`: accepted, but the peer reads slowly: send nothing more before it
 * has drained. `refused`: the peer is gone, nothing was taken.
 */
export type Sent = "sent" | "queued" | "refused";

/** An open response body or socket. `close` after `close` does nothing. */
export interface ByteSink {
  write(bytes: Uint8Array): Sent;
  close(): void;
}

/** What the owner of a sink is told. `closed` comes exactly once, whoever closed. */
export interface SinkEvents {
  /** What was queued has left. */
  drained(): void;
  closed(): void;
}
