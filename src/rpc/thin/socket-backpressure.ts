/**
 * What the sockets that bring records may take of this node: memory, and time of the event loop.
 *
 * Back-pressure of the collector: while too much is in flight, no socket that brings records is
 * read, so waiting data stays in the buffers of the peers and the kernel and not in the heap. While one
 * caller has all that it may have in flight, those of that caller are not read. A proxy's socket with calls
 * of several callers then waits as a whole.
 *
 * A paused HTTP/2 stream would still buffer its whole window here, with an object per message; 25,000
 * such streams take gigabytes. Bun's parser reads from the socket's handle, so this pauses the handle
 * where the runtime has one, and otherwise the stream, within its window.
 *
 * Time: a socket that brings more in one round of the event loop than some milliseconds can take is read
 * on in turns. Sockets of well-behaved clients bring far less, even when all of them together are slow.
 */

import type { ServerHttp2Stream } from "node:http2";
import type { Portion } from "../../core/access/portion.ts";
import type { Turns } from "../../core/budget/turn.ts";
import type { InFlight } from "../../ingest/in-flight.ts";

interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

export interface StreamLease {
  /** Call this after something was taken. */
  check(): void;
  /** Whether the stream may pass on more; false only where the stream itself is paused. */
  isOpen(): boolean;
  /**
   * Whether the stream's socket has had its share of this round of the event loop. Compressed, a few bytes
   * may be much work: then all sockets have one share, and none while other work waits for its turn.
   */
  isBehind(isCompressed: boolean): boolean;
  /** Counts what the stream took of this round. */
  spend(ms: number): void;
  /** Stops reading the socket until `resume`. */
  pause(): void;
  resume(): void;
  leave(): void;
}

/**
 * What one socket may take of a round of the event loop, in ms: some 8,000 empty records. What a chunk takes
 * beyond it counts for the rounds that follow, because a few kilobytes may inflate to megabytes.
 */
const socketMsMax = 4;

/** What all may take together, before those are held back that took more than a fair part of it. */
const roundMsMax = 8;
const fairMs = 0.5;

/** What the running calls of one socket have in common. */
interface Source {
  calls: number;
  /** How many of each caller that has one. */
  readonly portions: Map<Portion, number>;
  /** Calls that are read in turns. */
  paused: number;
  round: number;
  /** Of this round, and what is left of those before. */
  spentMs: number;
}

export class SocketBackpressure {
  readonly #inFlight: InFlight;
  readonly #turns: Turns;
  /** The sources that running calls read. */
  readonly #sources = new Map<Pausable, Source>();
  #isShut = false;
  /** Of the callers that have all that they may have. */
  readonly #usedUp = new Set<Portion>();
  #round = -1;
  #spentMs = 0;

  constructor(inFlight: InFlight, turns: Turns) {
    this.#inFlight = inFlight;
    this.#turns = turns;
  }

  /** Call this for each call's stream, and `leave` on the lease when the call is over. */
  enter(stream: ServerHttp2Stream, portion: Portion | undefined): StreamLease {
    const handle = handleOf(stream);
    const pausable = handle ?? stream;
    let source = this.#sources.get(pausable);
    if (source === undefined) {
      source = { calls: 0, portions: new Map(), paused: 0, round: -1, spentMs: 0 };
      this.#sources.set(pausable, source);
    }
    source.calls++;
    if (portion !== undefined) {
      source.portions.set(portion, (source.portions.get(portion) ?? 0) + 1);
    }
    if (this.#isShut || this.#isHeld(source)) pausable.pause();
    return this.#leaseOf(pausable, source, portion, handle !== undefined);
  }

  #leaseOf(
    pausable: Pausable,
    source: Source,
    portion: Portion | undefined,
    isSocket: boolean,
  ): StreamLease {
    return {
      check: () => this.#check(portion),
      isOpen: () => isSocket || this.#mayRead(source),
      isBehind: (isCompressed) => this.#isBehind(source, isCompressed),
      spend: (ms) => {
        this.#roll(source);
        source.spentMs += ms;
        this.#spentMs += ms;
      },
      pause: () => {
        if (source.paused++ === 0) pausable.pause();
      },
      resume: () => {
        source.paused--;
        if (this.#mayRead(source)) pausable.resume();
      },
      leave: () => this.#leave(pausable, source, portion),
    };
  }

  #isBehind(source: Source, isCompressed: boolean): boolean {
    this.#roll(source);
    if (isCompressed && (this.#spentMs > socketMsMax || this.#turns.waiting > 0)) return true;
    if (source.spentMs > socketMsMax) return true;
    return this.#spentMs > roundMsMax && source.spentMs > fairMs;
  }

  /** Begins the round of the event loop that this is, for all and for the source. */
  #roll(source: Source): void {
    const { round } = this.#turns;
    if (this.#round !== round) {
      this.#round = round;
      this.#spentMs = 0;
    }
    if (source.round !== round) {
      source.spentMs = Math.max(0, source.spentMs - socketMsMax * (round - source.round));
      source.round = round;
    }
  }

  #check(portion: Portion | undefined): void {
    if (this.#isShut || !this.#inFlight.isFullFor(portion)) return;
    if (this.#inFlight.isFull) this.#shut();
    else if (portion !== undefined && !this.#usedUp.has(portion)) this.#hold(portion);
  }

  #shut(): void {
    this.#isShut = true;
    for (const pausable of this.#sources.keys()) pausable.pause();
    void this.#inFlight.room().then(() => {
      this.#isShut = false;
      this.#resume();
    });
  }

  #hold(portion: Portion): void {
    this.#usedUp.add(portion);
    for (const [pausable, { portions }] of this.#sources) {
      if (portions.has(portion)) pausable.pause();
    }
    void this.#inFlight.room(portion).then(() => {
      this.#usedUp.delete(portion);
      this.#resume(portion);
    });
  }

  /** Those of this caller; without one, all. */
  #resume(portion?: Portion): void {
    for (const [pausable, source] of this.#sources) {
      const isMeant = portion === undefined || source.portions.has(portion);
      if (isMeant && this.#mayRead(source)) pausable.resume();
    }
  }

  #mayRead(source: Source): boolean {
    return !this.#isShut && source.paused === 0 && !this.#isHeld(source);
  }

  #isHeld({ portions }: Source): boolean {
    if (this.#usedUp.size === 0) return false;
    for (const portion of portions.keys()) if (this.#usedUp.has(portion)) return true;
    return false;
  }

  #leave(pausable: Pausable, source: Source, portion: Portion | undefined): void {
    const isHeld = this.#isHeld(source);
    if (portion !== undefined) leaveOne(source.portions, portion);
    if (--source.calls === 0) {
      this.#sources.delete(pausable);
      // Calls of other services on the same connection go on.
      if (this.#isShut || isHeld) pausable.resume();
    } else if (isHeld && this.#mayRead(source)) pausable.resume();
  }
}

function leaveOne(portions: Map<Portion, number>, portion: Portion): void {
  const left = (portions.get(portion) ?? 1) - 1;
  if (left === 0) portions.delete(portion);
  else portions.set(portion, left);
}

/** `session.socket` is a proxy, whose target has `_handle` although the type does not declare it. */
function handleOf({ session }: ServerHttp2Stream): Pausable | undefined {
  const handle: unknown =
    session === undefined ? undefined : Reflect.get(session.socket, "_handle");
  return isPausable(handle) ? handle : undefined;
}

function isPausable(value: unknown): value is Pausable {
  return (
    typeof value === "object" &&
    value !== null &&
    "pause" in value &&
    typeof value.pause === "function" &&
    "resume" in value &&
    typeof value.resume === "function"
  );
}
