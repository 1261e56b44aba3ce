/** The hub's settings: each default with its reason. */

export interface HubOptions {
  /** Memory of the newest records kept per topic for replays; older ones are read from the log. */
  readonly windowBytes: number;
  /** Time for which they are kept at most. */
  readonly windowMs: number;
  /** Shortest time between two flushes of a topic, so that a burst goes out in few writes. */
  readonly coalesceMs: number;
  /** Time after which a silent subscriber gets a heartbeat with its position. */
  readonly heartbeatMs: number;
  /** Time after which a subscriber that took nothing is closed as `slow_subscriber`. */
  readonly stallMs: number;
  /** Time for which a topic without subscribers is still read. */
  readonly idleMs: number;
  /** Number of replays that read the log at once; the others wait. */
  readonly replaysMax: number;
  /** Number of subscriptions on this node; more are refused as `overloaded`. */
  readonly subscriptionsMax: number;
}

export const defaultHubOptions: HubOptions = {
  // Two seconds at 10,000 records/s of 200 bytes, minutes at 100/s: longer than a reconnect takes.
  windowBytes: 16 * 1024 * 1024,
  // What comes back later than that was away for good, and memory that nobody needs grows old. A slow
  // topic would otherwise fill its window for minutes or hours.
  windowMs: 120_000,
  // At up to 250 flushes a second no lag is visible, and a fast publisher's events share writes.
  coalesceMs: 4,
  // Well below the idle timeouts of the runtime (120 s) and of load balancers (30 to 60 s).
  heartbeatMs: 15_000,
  stallMs: 15_000,
  idleMs: 30_000,
  replaysMax: 32,
  // A process may open 20,000 files on common machines; memory allows several times that.
  subscriptionsMax: 100_000,
};

/** Bytes of records in one chunk of a flush. */
export const flushBytesMax = 256 * 1024;

/** Bytes of records in one chunk of a replay: what a socket takes at once. */
export const replayBytesMax = 64 * 1024;
