/** Runs the projections of all parts. */

import type { Foundation, Part } from "../features/part.ts";
import { type Projection, runProjection } from "../projection/projection.ts";

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
      .map((spec) => runProjection({ ...this.#foundation, ...spec, signal }));
  }

  status() {
    return this.#running.map((projection) => projection.status());
  }

  /** Finishes the commits that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.map(({ done }) => done));
  }
}
