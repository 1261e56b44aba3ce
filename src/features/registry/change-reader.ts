/**
 * Reads the changes of the registry from the store, for this node. The store calls back after a
 * change; a poll turns a lost call into a delay.
 */

import { type Clock, sleep } from "../../core/clock.ts";
import { failureFrom } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import type { RegistryChange, RegistryStore } from "./registry-port.ts";

export interface ChangeReaderDeps {
  readonly store: Pick<RegistryStore, "revision" | "changesAfter" | "listen">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for each change, once, in order. */
  readonly onChange: (change: RegistryChange) => void;
}

const pollMs = 5000;
/** Maximal number of changes kept in memory; older ones are served from the store. */
const recentMax = 1000;
const pageMax = 500;

export class ChangeReader {
  readonly #deps: ChangeReaderDeps;
  readonly #closing = new AbortController();
  readonly #unlisten: () => Promise<void>;
  readonly #reading: Promise<void>;
  /** Gapless, as revisions are. */
  #recent: readonly RegistryChange[] = [];
  #revision: number | undefined;
  #called = Promise.withResolvers<void>();
  #moved = Promise.withResolvers<void>();

  /** Starts reading. */
  constructor(deps: ChangeReaderDeps) {
    this.#deps = deps;
    this.#unlisten = deps.store.listen(() => this.#called.resolve());
    this.#reading = this.#read();
  }

  /** Aborts when the reader closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when there are changes after those that `after` returns now. */
  get moved(): Promise<void> {
    return this.#moved.promise;
  }

  /** The changes after `revision` that this node knows of, at most a page of them. */
  async after(revision: number): Promise<readonly RegistryChange[]> {
    if ((this.#revision ?? 0) <= revision) return [];
    const first = this.#recent[0]?.revision ?? Number.POSITIVE_INFINITY;
    if (revision + 1 >= first) return this.#recent.slice(revision + 1 - first);
    return await this.#deps.store.changesAfter(revision, pageMax);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#reading, this.#unlisten()]);
  }

  async #read(): Promise<void> {
    const { clock, logger } = this.#deps;
    let isFailing = false;
    while (!this.closing.aborted) {
      const next = this.#called.promise;
      try {
        await this.#catchUp();
        isFailing = false;
      } catch (error) {
        if (!isFailing) {
          const reason = failureFrom(error).message;
          logger("warn", "cannot read registry changes; retrying", { reason });
        }
        isFailing = true;
      }
      await eventOrTimeout(next, pollMs, clock, this.closing);
      this.#called = Promise.withResolvers();
    }
  }

  async #catchUp(): Promise<void> {
    const { store, onChange } = this.#deps;
    if (this.#revision === undefined) {
      this.#revision = await store.revision();
      this.#wake();
    }
    for (;;) {
      const changes = await store.changesAfter(this.#revision, pageMax);
      const last = changes.at(-1);
      if (last === undefined) return;
      for (const change of changes) onChange(change);
      this.#recent = [...this.#recent, ...changes].slice(-recentMax);
      this.#revision = last.revision;
      this.#wake();
    }
  }

  #wake(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }
}

/** Resolves with the event, after `ms`, or when the signal aborts. */
export async function eventOrTimeout(
  event: Promise<void>,
  ms: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([event, sleep(clock, ms, AbortSignal.any([signal, waiting.signal]))]);
  waiting.abort();
}
