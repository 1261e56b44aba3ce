/**
 * The WebSockets of a node. A client may send any number of messages, however small, and need not read:
 * its messages are handled in turns, those that wait are few, and nothing is handled while its answers
 * are not read. A socket past a bound is closed with a code, never ignored.
 */

import type { Caller } from "../core/access/caller.ts";
import { Fifo } from "../core/budget/fifo.ts";
import type { Share } from "../core/budget/memory.ts";
import type { Turn, Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import { type Failure, failureFrom } from "../core/failure.ts";
import type { Host, Socket, SocketEvents } from "../core/host.ts";
import type { Logger } from "../core/logger.ts";
import type { Sent, SinkEvents } from "../core/sink.ts";
import { callerOf } from "./access.ts";

/** Close code of a socket that does not read fast enough: the client comes back and resumes. */
export const slowCode = 4008;
/** Close code of a socket whose caller's credential has ended: the client comes back with another one. */
export const unauthenticatedCode = 4001;
/** Close code of a socket that sends faster than its messages can be handled. */
const overloadedCode = 4029;
/** Close code (RFC 6455) of a socket whose messages are not what the address takes. */
const policyCode = 1008;

/** Close code (RFC 6455) of a socket on which this node failed. */
const internalCode = 1011;

/** Messages of one socket that wait for a turn, or for the client to read. */
const waitingMax = 1024;
/** Two messages of the largest size. */
const waitingBytesMax = 8 * 1024 * 1024;

/** Invalid messages within `invalidMs`: a program that is wrong, not one that errs. */
const invalidMax = 100;
/** A long one counts as so many: the engine has read all of it. */
const invalidBytes = 64 * 1024;
const invalidMs = 10_000;

/** The hub closes a subscriber after `stallMs`, with its position; sockets without one follow. */
const stallGraceMs = 2000;

/** Times `stallMs` for which a closed socket waits for its client; the engine waits 120 s at most. */
const closingStalls = 10;

export interface SocketsDeps {
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly turns: Turns;
  readonly receiving: Share;
  readonly answers: Share;
  readonly stallMs: number;
}

/** A socket as an address sees it. */
export interface ClientSocket extends Socket {
  /** Counts a message that is invalid; a socket of many is closed. */
  countInvalid(): void;
}

/** What an address does on its socket. */
export interface ClientEvents extends SinkEvents {
  /** A promise: the following messages wait until it has resolved. */
  message(message: string | Uint8Array, turn: Turn): void | Promise<void>;
  /**
   * The caller's credential has ended: sends what there is to say and closes the socket, within a
   * second, with `unauthenticatedCode`. Left out: it is closed at once.
   */
  callerEnded?(reason: Failure): void;
}

interface Counts {
  open: number;
  closedSlow: number;
  closedOverloaded: number;
  closedInvalid: number;
}

export class Sockets {
  readonly #deps: SocketsDeps;
  readonly #counts: Counts = { open: 0, closedSlow: 0, closedOverloaded: 0, closedInvalid: 0 };

  constructor(deps: SocketsDeps) {
    this.#deps = deps;
  }

  /**
   * As `Host.upgrade`. The socket ends when the credential of the request's caller does. Throws
   * `overloaded` where the caller has too many streams.
   */
  upgrade(request: Request, open: (socket: ClientSocket) => ClientEvents): Response {
    const caller = callerOf(request);
    const release = caller.allowance?.openStream();
    try {
      return this.#deps.host.upgrade(request, (socket) => {
        this.#counts.open++;
        const paced = new PacedSocket(this.#deps, this.#counts, socket, open);
        paced.follow(caller, release);
        return paced;
      });
    } catch (error) {
      release?.();
      throw error;
    }
  }

  status(): Readonly<Counts> {
    return { ...this.#counts };
  }
}

class PacedSocket implements ClientSocket, SocketEvents {
  readonly #deps: SocketsDeps;
  readonly #counts: Counts;
  readonly #socket: Socket;
  readonly #turn: Turn;
  readonly #events: ClientEvents;
  readonly #waiting = new Fifo<string | Uint8Array>();
  #waitingBytes = 0;
  /** A loop over `#waiting` is running. */
  #isRunning = false;
  /** Nothing is taken or sent any more. */
  #isClosed = false;
  /** Bytes that the client has not read, once it has stopped reading; 0: it reads. */
  #unreadBytes = 0;
  #cancelTimer: (() => void) | undefined;
  #invalid = 0;
  #invalidSinceMs = 0;
  /** Length of the message that is handled. */
  #handledBytes = 0;
  #forgetCaller = () => {};

  constructor(
    deps: SocketsDeps,
    counts: Counts,
    socket: Socket,
    open: (socket: ClientSocket) => ClientEvents,
  ) {
    this.#deps = deps;
    this.#counts = counts;
    this.#socket = socket;
    this.#turn = deps.turns.open();
    this.#events = open(this);
  }

  /** `release` is called once the socket is closed. */
  follow(caller: Caller, release?: () => void): void {
    const forget = caller.onEnd((reason) => {
      if (this.#isClosed) return;
      if (this.#events.callerEnded === undefined) this.close(unauthenticatedCode, reason.code);
      else this.#events.callerEnded(reason);
    });
    this.#forgetCaller = () => {
      forget();
      release?.();
    };
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  send(message: string | Uint8Array): Sent {
    if (this.#isClosed) return "refused";
    const sent = this.#socket.send(message);
    if (sent === "queued") this.#stall();
    // The engine dropped it, which would be a gap that the client does not see.
    else if (sent === "refused" && this.bufferedBytes > 0) this.#closeSlow();
    return sent;
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget();
    this.#socket.close(code, reason);
    // A client that does not read gets no close frame either: it may still come back for the reason.
    this.#schedule(closingStalls * this.#deps.stallMs, () => this.#socket.terminate());
  }

  terminate(): void {
    this.#socket.terminate();
  }

  countInvalid(): void {
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - this.#invalidSinceMs > invalidMs) {
      this.#invalid = 0;
      this.#invalidSinceMs = nowMs;
    }
    this.#invalid += Math.max(1, Math.ceil(this.#handledBytes / invalidBytes));
    if (this.#invalid <= invalidMax) return;
    const reason = "invalid: too many messages were not valid";
    this.#closeFor("closedInvalid", policyCode, reason);
  }

  message(message: string | Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isRunning || this.#unreadBytes > 0 || this.#turn.isOver) {
      if (this.#keep(message)) this.#run();
      return;
    }
    const handling = this.#handle(message);
    if (handling === undefined) return;
    this.#deps.receiving.add(message.length);
    this.#runAfter(this.#counted(message.length, handling));
  }

  drained(): void {
    this.#deps.answers.release(this.#unreadBytes);
    this.#unreadBytes = 0;
    if (this.#isClosed) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#events.drained();
    this.#run();
  }

  closed(): void {
    this.#isClosed = true;
    this.#forgetCaller();
    this.#cancelTimer?.();
    this.#forget();
    this.#deps.answers.release(this.#unreadBytes);
    this.#unreadBytes = 0;
    this.#counts.open--;
    this.#events.closed();
  }

  /** Never rejects. */
  #handle(message: string | Uint8Array): void | Promise<void> {
    this.#handledBytes = message.length;
    try {
      return this.#events.message(message, this.#turn)?.catch((error) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const failure = failureFrom(error);
    this.#deps.logger("error", "message on a WebSocket failed", { cause: String(failure.cause) });
    this.close(internalCode, failure.code);
  }

  /** False where it was one too many, and the socket is closed. */
  #keep(message: string | Uint8Array): boolean {
    const { receiving } = this.#deps;
    const count = this.#waiting.length;
    const isFull =
      count >= waitingMax ||
      this.#waitingBytes + message.length > waitingBytesMax ||
      (count > 0 && receiving.isFull);
    if (!isFull) {
      receiving.add(message.length);
      this.#waitingBytes += message.length;
      this.#waiting.push(message);
    } else if (this.#unreadBytes > 0) this.#closeSlow();
    else this.#closeFor("closedOverloaded", overloadedCode, "overloaded: await the answers");
    return !isFull;
  }

  /** Drops the messages that wait. */
  #forget(): void {
    this.#deps.receiving.release(this.#waitingBytes);
    this.#waitingBytes = 0;
    this.#waiting.clear();
  }

  #run(): void {
    if (this.#isRunning || this.#waiting.length === 0) return;
    this.#runAfter(undefined);
  }

  /** Handles what waits, once `handling` has resolved. */
  #runAfter(handling: Promise<void> | undefined): void {
    this.#isRunning = true;
    void this.#handleWaiting(handling).finally(() => {
      this.#isRunning = false;
    });
  }

  async #handleWaiting(handling: Promise<void> | undefined): Promise<void> {
    await handling;
    while (this.#unreadBytes === 0) {
      if (this.#turn.isOver) await this.#turn.next();
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#waitingBytes -= message.length;
      const handling = this.#handle(message);
      if (handling === undefined) this.#deps.receiving.release(message.length);
      else await this.#counted(message.length, handling);
    }
  }

  /** A message counts until it has been handled, also where the socket is closed meanwhile. */
  async #counted(bytes: number, handling: Promise<void>): Promise<void> {
    try {
      await handling;
    } finally {
      this.#deps.receiving.release(bytes);
    }
  }

  /** The client has stopped reading. It is closed where that goes on, or where too many do the same. */
  #stall(): void {
    const { answers, stallMs } = this.#deps;
    const unread = Math.max(1, this.bufferedBytes);
    answers.add(unread - this.#unreadBytes);
    this.#unreadBytes = unread;
    if (answers.isFull) return this.#closeSlow();
    if (this.#cancelTimer !== undefined) return;
    this.#schedule(stallMs + stallGraceMs, () => this.#closeSlow());
  }

  #closeSlow(): void {
    this.#closeFor("closedSlow", slowCode, "slow_subscriber");
  }

  #closeFor(by: keyof Counts, code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#counts[by]++;
    this.close(code, reason);
  }

  #schedule(ms: number, callback: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#deps.clock.after(ms, callback);
  }
}
