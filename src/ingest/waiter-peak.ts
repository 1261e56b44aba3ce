/** How long a caller takes at most to come back after its answer. */
const rememberedMs = 20;

/** How many callers wait at once, including those that were just answered and are about to return. */
export class WaiterPeak {
  #now = 0;
  #before = 0;
  #sinceMs = 0;

  /** The most of the last 20 to 40 ms, with `waiting` callers now. */
  size(waiting: number, nowMs: number): number {
    const passedMs = nowMs - this.#sinceMs;
    // A clock that is set back must not keep an old peak.
    if (passedMs >= rememberedMs || passedMs < 0) {
      this.#before = passedMs < 2 * rememberedMs && passedMs >= 0 ? this.#now : 0;
      this.#now = 0;
      this.#sinceMs = nowMs;
    }
    if (waiting > this.#now) this.#now = waiting;
    return Math.max(this.#now, this.#before);
  }
}
