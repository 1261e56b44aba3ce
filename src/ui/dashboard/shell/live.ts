/**
 * All live data of a tab, over one WebSocket: browsers open six connections to a host over all tabs.
 * A subscription resumes after its last position, whatever cuts the socket. A pause unsubscribes.
 */

import { useEffect, useState } from "preact/hooks";
import { SluiceError } from "../../../client/error.ts";
import type { SluiceEvent } from "../../../client/event.ts";
import { settingsFromOptions } from "../../../client/options.ts";
import { SluiceSocket } from "../../../client/socket.ts";
import type { Passed, Reset, Subscription, WatchOptions } from "../../../client/subscription.ts";
import type { From, WatchTarget } from "../../../client/target.ts";
import { gatewayUrl } from "../../root.ts";
import { checkSession, currentSession, endSession, onSession } from "./session.ts";

/** `waiting`: the socket is cut, and the next attempt follows on its own. */
export type LinkState = "connecting" | "live" | "waiting";

/** The close code of a socket whose caller is no longer known. */
const unauthenticatedCode = 4001;

interface Link {
  readonly socket: SluiceSocket;
  readonly session: number;
}

let link: Link | undefined;
let state: LinkState = "connecting";
let why: string | undefined;
const listeners = new Set<() => void>();

function change(next: LinkState, reason?: string): void {
  state = next;
  why = reason;
  for (const listener of [...listeners]) listener();
}

function openSocket(url: string): WebSocket {
  const socket = new WebSocket(url);
  let hasOpened = false;
  socket.addEventListener("open", () => {
    hasOpened = true;
    change("live");
  });
  socket.addEventListener("close", ({ code }) => {
    if (code === unauthenticatedCode) endSession();
    // Browsers do not say why a handshake failed.
    else if (!hasOpened) void checkSession();
    change("waiting", "the gateway does not answer");
  });
  return socket;
}

/** One for each session: a socket keeps the rights that it was opened with. */
function currentLink(): Link {
  const { number } = currentSession();
  if (link !== undefined && link.session === number) return link;
  link?.socket.close();
  // The client's socket alone: pages need neither its streams over SSE nor its requests.
  const settings = settingsFromOptions({ url: gatewayUrl("/"), openSocket, reconnectMsMax: 5000 });
  link = { socket: new SluiceSocket(settings), session: number };
  return link;
}

/** The state of the tab's socket now. */
export function linkState(): LinkState {
  return state;
}

/** The state of the tab's socket; `connecting` until something is subscribed to. */
export function useLink(): { readonly state: LinkState; readonly why: string | undefined } {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((count) => count + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return { state, why };
}

export interface LiveEvents {
  /** Called for each event in order; draw at your own pace. */
  event(event: SluiceEvent): void;
  /** Events that should have come are gone; what follows comes after `reset.position`. */
  reset(reset: Reset): void;
  /** What the filter passed over since the last time. */
  passed?(passed: Passed): void;
  /** It is in effect, for the first time or again. */
  ready?(): void;
  /** It has ended for good: the target has, or the gateway refuses it. */
  over(error: SluiceError | undefined): void;
}

export interface LiveReading {
  /** Everything up to here was delivered. */
  readonly position: string | undefined;
  close(): void;
}

export type LiveOptions = Pick<
  WatchOptions,
  "where" | "text" | "details" | "decode" | "valueBytes"
>;

/**
 * Reads a target from a position on, through cuts and new sessions, until it is closed. One reading a
 * target: close one before another one of the same target begins.
 */
export function readLive(
  target: WatchTarget,
  from: From,
  events: LiveEvents,
  options: LiveOptions = {},
): LiveReading {
  return new Reading(target, from, events, options);
}

class Reading implements LiveReading {
  readonly #target: WatchTarget;
  readonly #events: LiveEvents;
  readonly #options: LiveOptions;
  readonly #forget: () => void;
  #from: From;
  #subscription: Subscription | undefined;
  #running = new AbortController();
  #session = currentSession().number;

  constructor(target: WatchTarget, from: From, events: LiveEvents, options: LiveOptions) {
    this.#target = target;
    this.#from = from;
    this.#events = events;
    this.#options = options;
    this.#forget = onSession(({ number }) => {
      if (number === this.#session) return;
      this.#session = number;
      void this.#read();
    });
    void this.#read();
  }

  get position(): string | undefined {
    const start = typeof this.#from === "object" && "after" in this.#from ? this.#from : undefined;
    return this.#subscription?.position ?? start?.after;
  }

  close(): void {
    this.#forget();
    this.#running.abort();
  }

  async #read(): Promise<void> {
    this.#running.abort();
    const { position } = this;
    if (position !== undefined) this.#from = { after: position };
    this.#running = new AbortController();
    const { signal } = this.#running;
    try {
      const subscription = currentLink().socket.subscribe(this.#target, {
        ...this.#options,
        from: this.#from,
        signal,
        onReset: (reset) => this.#events.reset(reset),
        onPassed: (passed) => this.#events.passed?.(passed),
      });
      this.#subscription = subscription;
      await subscription.ready();
      if (signal.aborted) return;
      this.#events.ready?.();
      for await (const event of subscription) {
        if (signal.aborted) return;
        this.#events.event(event);
      }
      // Another session closes the socket of this one.
      if (!signal.aborted && subscription.ended) this.#events.over(undefined);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SluiceError)) throw error;
      if (error.code === "unauthenticated") endSession();
      else this.#events.over(error);
    }
  }
}
