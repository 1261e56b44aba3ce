/** Runs the projections of all parts. */

import { parsePosition } from "../core/position.ts";
import type { Foundation, Part } from "../features/part.ts";
import { boundsIfExists } from "../log/bounds.ts";
import { type Projection, type ProjectionStatus, runProjection } from "../projection/projection.ts";
import { traced } from "./traced-projection.ts";

interface ProjectionLag {
  readonly name: string;
  readonly entries: number;
}

export class Projections implements AsyncDisposable {
  readonly #foundation: Foundation;
  readonly #stop = new AbortController();
  #running: readonly Projection[] = [];

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  start(parts: readonly Part[]): void {
    const { signal } = this.#stop;
    this.#running = parts
      .flatMap(({ projections }) => projections ?? [])
      .map((spec) => {
        const target = traced(spec.target, this.#foundation);
        return runProjection({ ...this.#foundation, ...spec, target, signal });
      });
  }

  status() {
    return this.#running.map((projection) => projection.status());
  }

  /**
   * Log entries that are not committed, of the projections that this node owns. Those of which the log or
   * the store does not know at present are left out.
   */
  async lags(): Promise<readonly ProjectionLag[]> {
    const owned = this.status().filter((status) => status.owned);
    const lags = await Promise.all(owned.map((status) => this.#lag(status)));
    return lags.filter((lag) => lag !== undefined);
  }

  async #lag({ name, topic, position }: ProjectionStatus): Promise<ProjectionLag | undefined> {
    if (position === undefined) return undefined;
    const bounds = await boundsIfExists(this.#foundation.log, topic).catch(() => undefined);
    const at = parsePosition(position);
    if (bounds === undefined || bounds.epoch !== at.epoch) return undefined;
    return { name, entries: Math.max(0, bounds.end.sequence - at.sequence) };
  }

  /** Finishes the commits that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.map(({ done }) => done));
  }
}
