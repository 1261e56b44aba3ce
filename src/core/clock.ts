/** The port of time, so that a simulation can control it. */

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Nanoseconds since the Unix epoch. */
  nowNs(): bigint;
  /** Calls back once after `ms`; the returned function cancels that. */
  after(ms: number, callback: () => void): () => void;
}

/** The clocks diverge when the system clock is set or the machine sleeps; smaller differences are jitter. */
const driftMsMax = 2;
let originMs = performance.timeOrigin;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Microseconds from performance.now(): with Date.now() alone many records would have the same time.
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
