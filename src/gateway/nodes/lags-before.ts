/** What a lag was about ten seconds ago, so that people see whether it grows. */

import type { Clock } from "../../core/clock.ts";
import { everyMs, type OwnedProjection } from "../../features/nodes/node.ts";
import type { PartLag } from "../../features/part.ts";

interface Noted {
  readonly atMs: number;
  readonly lagMs: number;
  readonly beforeMs: number;
}

export class LagsBefore {
  readonly #clock: Pick<Clock, "nowMs">;
  #noted = new Map<string, Noted>();

  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /** All that there are now: others are forgotten. However often it is called, `lagBeforeMs` is as old. */
  of(lags: readonly PartLag[]): readonly OwnedProjection[] {
    const nowMs = this.#clock.nowMs();
    const noted = new Map<string, Noted>();
    const found = lags.map(({ name, topic, lagMs, position }) => {
      const key = `${topic} ${name}`;
      const known = this.#noted.get(key) ?? { atMs: nowMs, lagMs, beforeMs: lagMs };
      const isOld = nowMs - known.atMs >= everyMs;
      const next = isOld ? { atMs: nowMs, lagMs, beforeMs: known.lagMs } : known;
      noted.set(key, next);
      return { name, topic, lagMs, lagBeforeMs: next.beforeMs, position };
    });
    this.#noted = noted;
    return found;
  }
}
