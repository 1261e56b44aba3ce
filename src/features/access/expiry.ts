/** Ends callers when their credential expires, so that their open streams end within a second. */

import type { Caller } from "../../core/access/caller.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";

const lookMs = 250;

export class Expiry {
  readonly #clock: Clock;
  /** Those with open streams, and whose caller they end with; all others are checked when they call. */
  readonly #watched = new Map<Caller, Caller | undefined>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something waits for the end of this caller. */
  readonly watch = (caller: Caller): void => this.watchWith(caller, undefined);

  /** The same, of one that ends with its creator as well. */
  watchWith(caller: Caller, creator: Caller | undefined): void {
    if (caller.principal.expiresMs === undefined && creator === undefined) return;
    this.#watched.set(caller, creator);
    this.#cancel ??= this.#clock.after(lookMs, () => this.#look());
  }

  /** Ends it where its time has passed. */
  check(caller: Caller): void {
    const { expiresMs, name } = caller.principal;
    if (expiresMs === undefined || this.#clock.nowMs() < expiresMs) return;
    caller.end(new Failure("unauthenticated", `The credential of ${name} has expired`));
  }

  close(): void {
    this.#cancel?.();
    this.#watched.clear();
  }

  #look(): void {
    for (const [caller, creator] of this.#watched) {
      this.check(caller);
      if (creator?.ended !== undefined) caller.end(creator.ended);
      if (!caller.isWatched) this.#watched.delete(caller);
    }
    this.#cancel =
      this.#watched.size === 0 ? undefined : this.#clock.after(lookMs, () => this.#look());
  }
}
