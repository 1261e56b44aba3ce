/** Time comes in through this port, so that a simulation can own it. */

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Nanoseconds since the Unix epoch. */
  nowNs(): bigint;
  /** Calls back once after `ms`; the answer cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** The two clocks drift apart when the system's is set, or sleeps; by less they just tick apart. */
const driftMsMax = 2;
let originMs = performance.timeOrigin;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Microseconds from performance.now(): Date.now() alone would give many records one stamp.
  nowNs: () => {
    const sinceMs = performance.now();
    const nowMs = Date.now();
    if (Math.abs(originMs + sinceMs - nowMs) > driftMsMax) originMs = nowMs - sinceMs;
    return BigInt(Math.round((originMs + sinceMs) * 1e3)) * 1000n;
  },
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
