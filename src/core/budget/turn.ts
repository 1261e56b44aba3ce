/**
 * Turns: work that is proportional to an input shares the event loop, so it is done in slices of a few
 * milliseconds. Between two slices every socket and timer that is due is served. All such work of a node
 * queues here, and one slice runs in each round of the loop: twenty callers at once delay the others by
 * one slice, not by twenty. Work that has just begun goes before work that goes on, because most of it is
 * short: a page of ten records does not wait for the megabytes of others. Deliveries get three slices of
 * four: a topic's records are delivered in their order, so that all its readers wait for a large append,
 * and a reader that the intake leaves behind must read from the log what it would have had in memory.
 */

import { Failure } from "../failure.ts";
import { Fifo } from "./fifo.ts";

/** Milliseconds of one slice: with what else runs in a round of the loop, others wait about 10 ms. */
const sliceMs = 3;

/** Pieces of work that begin in one round: they share its slice, and each takes a step at least. */
const beginningMax = 4;

/** Slices that deliveries have one after the other; then other work has one. */
const deliveriesMax = 3;

export interface TurnClock {
  /** Milliseconds that only ever increase. */
  elapsedMs(): number;
  /** Calls back once every socket and timer that is due has been served. */
  later(callback: () => void): void;
}

export const systemTurnClock: TurnClock = {
  elapsedMs: () => performance.now(),
  later: (callback) => void setImmediate(callback),
};

/** An `AbortSignal`, or what knows otherwise that its work is no longer needed. */
export type Caller = Pick<AbortSignal, "aborted"> & { readonly reason?: unknown };

/** The queue in which a piece of work waits for its next slice. */
export type Lane = "shared" | "delivery";

/** The turns of one node. */
export class Turns {
  readonly #clock: TurnClock;
  /** Work that has had a slice, by its lane. */
  readonly #waiting = new Fifo<() => void>();
  readonly #delivering = new Fifo<() => void>();
  /** Slices that deliveries have had since other work had one. */
  #deliveries = 0;
  readonly #beginning = new Fifo<() => void>();
  #isArmed = false;
  #rounds = 0;
  /** When the slice of this round of the loop is used up; undefined: none has begun. */
  #endsMs: number | undefined;

  constructor(clock: TurnClock = systemTurnClock) {
    this.#clock = clock;
  }

  elapsedMs(): number {
    return this.#clock.elapsedMs();
  }

  /** Number of pieces of work that wait for their next slice. */
  get waiting(): number {
    return this.#waiting.length + this.#delivering.length + this.#beginning.length;
  }

  /** Tells the rounds of the event loop apart: a number that differs from that of any other round. */
  get round(): number {
    this.#arm();
    return this.#rounds;
  }

  /** One piece of work; `caller` is aborted when it leaves. */
  open(caller?: Caller, lane: Lane = "shared"): Turn {
    return new Turn(this, caller, lane, false);
  }

  /** The rest of a piece of work, whose beginning has taken its time: it waits with those that go on. */
  goOn(): Turn {
    return new Turn(this, undefined, "shared", true);
  }

  /** Whether the slice of this round is used up; the first one to ask begins it. */
  isOver(): boolean {
    const nowMs = this.#clock.elapsedMs();
    if (this.#endsMs !== undefined) return nowMs >= this.#endsMs;
    this.#begin(nowMs);
    return false;
  }

  /** Resolves at the beginning of a slice that is this caller's; `begins`: it is its first. */
  next(begins: boolean, lane: Lane): Promise<void> {
    const ofLane = lane === "delivery" ? this.#delivering : this.#waiting;
    return new Promise((resolve) => {
      (begins ? this.#beginning : ofLane).push(resolve);
      this.#arm();
    });
  }

  #begin(nowMs: number): void {
    this.#endsMs = nowMs + sliceMs;
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.later(() => this.#round());
  }

  /** What goes on; where one lane is empty, the other has its slice. */
  #continue(): (() => void) | undefined {
    const delivers = this.#delivering.length > 0 && this.#deliveries < deliveriesMax;
    const next = delivers ? this.#delivering.shift() : this.#waiting.shift();
    this.#deliveries = delivers ? this.#deliveries + 1 : 0;
    return next ?? this.#delivering.shift();
  }

  #round(): void {
    this.#isArmed = false;
    this.#rounds++;
    this.#endsMs = undefined;
    if (this.waiting === 0) return;
    this.#begin(this.#clock.elapsedMs());
    for (let i = 0; i < beginningMax; i++) this.#beginning.shift()?.();
    this.#continue()?.();
  }
}

/** How a loop over input yields: `if (turn.isOver) await turn.next();` before each step of it. */
export class Turn {
  readonly #turns: Turns;
  readonly #caller: Caller | undefined;
  readonly #lane: Lane;
  #waitedMs = 0;
  /** It has had a slice, or the rest of one. */
  #hasBegun: boolean;

  constructor(turns: Turns, caller: Caller | undefined, lane: Lane, hasBegun: boolean) {
    this.#turns = turns;
    this.#caller = caller;
    this.#lane = lane;
    this.#hasBegun = hasBegun;
  }

  /** Reads the clock (some 50 ns): a loop with cheaper steps asks every so many of them. */
  get isOver(): boolean {
    const isOver = this.#turns.isOver();
    if (!isOver) this.#hasBegun = true;
    return isOver;
  }

  /** Waits for the next slice. Throws `cancelled` when the caller has left. */
  async next(): Promise<void> {
    this.requireCaller();
    const sinceMs = this.#turns.elapsedMs();
    const begins = !this.#hasBegun;
    this.#hasBegun = true;
    await this.#turns.next(begins, this.#lane);
    this.#waitedMs += this.#turns.elapsedMs() - sinceMs;
    this.requireCaller();
  }

  /** Milliseconds for which this work has waited for its slices. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** Throws `cancelled` when the caller has left. */
  requireCaller(): void {
    if (this.#caller?.aborted !== true) return;
    throw new Failure("cancelled", "Cannot go on: the client left", { cause: this.#caller.reason });
  }
}
