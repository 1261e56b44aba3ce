/** Events per second over the last minute. */

const secondsKept = 60;
/** The rate covers this many whole seconds, which is steady enough to read. */
const secondsShown = 5;
/** Fewer events in the minute come slower than one each two seconds. */
const slowPerMinute = 30;

export class RateMeter {
  readonly #counts = new Map<number, number>();
  #since = Number.POSITIVE_INFINITY;

  add(count: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    this.#since = Math.min(this.#since, second);
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + count);
    if (this.#counts.size <= secondsKept + 1) return;
    for (const one of this.#counts.keys()) if (one < second - secondsKept) this.#counts.delete(one);
  }

  /**
   * Over the last whole seconds, and over the minute where so little comes that they mostly have nothing. The
   * second of the first event is left out as incomplete.
   */
  perSecond(nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    const whole = Math.max(1, now - this.#since - 1);
    const isSlow = this.#countSince(now - secondsKept, now) < slowPerMinute;
    const seconds = Math.min(isSlow ? secondsKept : secondsShown, whole);
    return this.#countSince(now - seconds, now) / seconds;
  }

  #countSince(from: number, to: number): number {
    let sum = 0;
    for (let second = from; second < to; second++) sum += this.#counts.get(second) ?? 0;
    return sum;
  }

  /** A count for each whole second, the oldest first. */
  lastMinute(nowMs: number): number[] {
    const now = Math.floor(nowMs / 1000);
    return Array.from(
      { length: secondsKept },
      (_, at) => this.#counts.get(now - secondsKept + at) ?? 0,
    );
  }
}
