/**
 * Connections of the gRPC port: how many there may be, and how long one may be of no use. HTTP/2 itself
 * has no time limits, so a client that says nothing would keep its connection forever.
 */

import type { Http2Session, ServerHttp2Session } from "node:http2";

export interface SessionLimits {
  readonly countMax: number;
  /** Time for a client to say that it speaks HTTP/2. */
  readonly prefaceMs: number;
  /** Time after which a connection without a call is closed. */
  readonly idleMs: number;
  /** How often a connection with calls is asked whether it is still there. */
  readonly pingMs: number;
}

export const defaultSessionLimits: SessionLimits = {
  // Twice as many as one node is meant to serve.
  countMax: 50_000,
  prefaceMs: 10_000,
  // Balancers keep idle connections for 30 to 60 s.
  idleMs: 120_000,
  pingMs: 60_000,
};

const sweepMs = 1000;

/** Time for a client to read why its connection has ended: it loses what it has not read at the reset. */
const farewellMs = 1000;

interface Entry {
  readonly session: ServerHttp2Session;
  hasSettings: boolean;
  calls: number;
  /** When it came, or its last call ended, or its last ping was answered. */
  sinceMs: number;
  isPinged: boolean;
}

export class Sessions {
  readonly #limits: SessionLimits;
  readonly #entries = new Map<Http2Session, Entry>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #refused = 0;
  #isAccepting = true;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  stats(): { readonly connections: number; readonly connectionsRefused: number } {
    return { connections: this.#entries.size, connectionsRefused: this.#refused };
  }

  /** Takes the connection, or ends it when there are too many. */
  add(session: ServerHttp2Session): void {
    // A broken connection ends its session; the calls on it end with their streams.
    session.on("error", () => session.destroy());
    if (!this.#isAccepting || this.#entries.size >= this.#limits.countMax) {
      this.#refused++;
      disconnect(session);
      return;
    }
    const entry: Entry = {
      session,
      hasSettings: false,
      calls: 0,
      sinceMs: performance.now(),
      isPinged: false,
    };
    this.#entries.set(session, entry);
    session.once("remoteSettings", () => (entry.hasSettings = true));
    const reset = resetOf(session);
    session.once("close", () => {
      this.#remove(session);
      // Bun ends a session and leaves its socket open for as long as the client keeps its own side open.
      setTimeout(reset, farewellMs);
    });
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs);
  }

  accept(isOpen: boolean): void {
    this.#isAccepting = isOpen;
  }

  /** A call began on the connection. */
  enter(session: Http2Session | undefined): void {
    const entry = session && this.#entries.get(session);
    if (entry) entry.calls++;
  }

  leave(session: Http2Session | undefined): void {
    const entry = session && this.#entries.get(session);
    if (!entry) return;
    entry.calls--;
    entry.sinceMs = performance.now();
  }

  /** Takes no new calls; connections without a running one close. */
  close(): void {
    for (const session of this.#entries.keys()) session.close();
  }

  destroy(): void {
    for (const session of this.#entries.keys()) disconnect(session);
  }

  #remove(session: ServerHttp2Session): void {
    this.#entries.delete(session);
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const entry of this.#entries.values()) this.#check(entry, nowMs - entry.sinceMs);
  }

  #check(entry: Entry, silentMs: number): void {
    const { session } = entry;
    const { prefaceMs, idleMs, pingMs } = this.#limits;
    if (!entry.hasSettings && entry.calls === 0) {
      if (silentMs >= prefaceMs) disconnect(session);
    } else if (entry.calls === 0) {
      // What is said after a GOAWAY does not matter any more, so a client that stays is cut off.
      if (silentMs >= idleMs + prefaceMs) disconnect(session);
      else if (silentMs >= idleMs) session.close();
    } else if (entry.isPinged) {
      if (silentMs >= pingMs * 2) disconnect(session);
    } else if (silentMs >= pingMs) this.#ping(entry);
  }

  #ping(entry: Entry): void {
    entry.isPinged = true;
    entry.session.ping((error) => {
      entry.isPinged = false;
      if (error === null) entry.sinceMs = performance.now();
    });
  }
}

/** Ends the connection with a reason (an error code of HTTP/2), and its calls. */
export function dismiss(session: Http2Session, reason: number): void {
  if (session.destroyed) return;
  // Bun's `destroy` does not send the reason that it is given.
  session.goaway(reason);
  session.destroy();
}

/** Without a preface Bun's `destroy` ends the session and leaves its socket open. */
function disconnect(session: Http2Session): void {
  resetOf(session)();
  session.destroy();
}

/** Closes the socket of a session, also once that is destroyed. */
function resetOf({ socket }: Http2Session): () => void {
  const reset: unknown = Reflect.get(socket, "resetAndDestroy");
  return () => {
    if (typeof reset === "function") reset.call(socket);
  };
}
