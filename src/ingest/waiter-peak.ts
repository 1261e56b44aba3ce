/** How many callers wait at once: they come back about as soon as they have been answered. */

/** As long as a caller takes to come back, generously. */
const rememberedMs = 20;

export class WaiterPeak {
  #now = 0;
  #before = 0;
  #sinceMs = 0;

  /** With `waiting` callers now: the most of the last 20 to 40 ms. */
  size(waiting: number, nowMs: number): number {
    const passedMs = nowMs - this.#sinceMs;
    // A clock that is set back must not freeze what was once.
    if (passedMs >= rememberedMs || passedMs < 0) {
      this.#before = passedMs < 2 * rememberedMs && passedMs >= 0 ? this.#now : 0;
      this.#now = 0;
      this.#sinceMs = nowMs;
    }
    if (waiting > this.#now) this.#now = waiting;
    return Math.max(this.#now, this.#before);
  }
}
