/** Events per second over the last minute. */

const secondsKept = 60;
/** The rate covers this many whole seconds, which is steady enough to read. */
const secondsShown = 5;

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

  /** Over the last whole seconds. The second of the first event is left out as incomplete. */
  perSecond(nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    const seconds = Math.min(secondsShown, Math.max(1, now - this.#since - 1));
    let sum = 0;
    for (let second = now - seconds; second < now; second++) sum += this.#counts.get(second) ?? 0;
    return sum / seconds;
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
