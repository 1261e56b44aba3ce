/** The hub's bounds, complete: defaults, limits and their reasons stand together. */

export interface HubOptions {
  /** The newest records kept per topic for those who come back; older ones are read from the log. */
  readonly windowBytes: number;
  /** Flushes of a topic are at least this far apart, so that a burst goes out in few writes. */
  readonly coalesceMs: number;
  /** A silent subscriber hears this often that it is alive, and where it stands. */
  readonly heartbeatMs: number;
  /** A subscriber that took nothing for this long is closed as `slow_subscriber`. */
  readonly stallMs: number;
  /** A topic without subscribers is still read for this long. */
  readonly idleMs: number;
  /** Replays that read the log at once; more wait their turn. */
  readonly replaysMax: number;
  /** Subscriptions on this node; more are refused as `overloaded`. */
  readonly subscriptionsMax: number;
}

export const defaultHubOptions: HubOptions = {
  // Some seconds at 10,000 records/s of 200 bytes: longer than a reconnect takes.
  windowBytes: 16 * 1024 * 1024,
  // At 200 flushes a second nothing is seen to lag, and a fast publisher's events share a write.
  coalesceMs: 4,
  // Well below the runtime's idle timeout (120 s) and what balancers cut at (30 to 60 s).
  heartbeatMs: 15_000,
  stallMs: 15_000,
  idleMs: 30_000,
  replaysMax: 32,
  // A process may open 20,000 files on common machines; memory allows several times that.
  subscriptionsMax: 100_000,
};

/** Bytes of records in one delivery to all: past this a flush goes out in several chunks. */
export const flushBytesMax = 256 * 1024;

/** Bytes of records in one delivery of a replay: what a socket takes in at once. */
export const replayBytesMax = 64 * 1024;
