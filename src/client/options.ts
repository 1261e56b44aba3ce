/** The client's options, each with its default. */

import { type Clock, systemClock } from "../core/clock.ts";
import { Credential, type TokenSource } from "./credential.ts";
import { SluiceError } from "./error.ts";

export interface ClientOptions {
  /** The gateway's address, including a proxy's path. */
  readonly url: string | URL;
  /**
   * An API key, or a function that returns a token: it is called again once the gateway answers
   * `unauthenticated`, and streams go on after their last position. Sockets get a ticket with it.
   */
  readonly token?: TokenSource;
  /** Sends requests; the global `fetch` by default. For proxies, tests. */
  readonly fetch?: Fetch;
  /** Headers of every request, but not of a socket's handshake: browsers cannot do that. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Opens sockets; the global `WebSocket` by default. */
  readonly openSocket?: (url: string) => WebSocket;
  /** The pause before the first attempt to reconnect; by default what the gateway requests. */
  readonly reconnectMs?: number;
  /** The longest pause between two attempts; 30 s by default. */
  readonly reconnectMsMax?: number;
  /** A stream without a byte for this long is closed and resumed; 45 s, three heartbeats. */
  readonly silenceMs?: number;
  /** Timeout of one request, except for streams; 30 s. */
  readonly timeoutMs?: number;
  /** Attempts at a request that is safe to repeat; 5. Streams reconnect without limit. */
  readonly attemptsMax?: number;
  /** Called before each retry, with the reason and the pause in milliseconds. */
  readonly onRetry?: (error: SluiceError, delayMs: number) => void;
  /** Time and randomness, for tests. */
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** The part of the global `fetch` that the client uses. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Settings {
  /** Without a trailing slash. */
  readonly url: string;
  readonly credential: Credential;
  readonly fetch: Fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly openSocket: (url: string) => WebSocket;
  readonly reconnectMs: number | undefined;
  readonly reconnectMsMax: number;
  readonly silenceMs: number;
  readonly timeoutMs: number;
  readonly attemptsMax: number;
  readonly onRetry: (error: SluiceError, delayMs: number) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Throws `invalid` for a URL that is not one of HTTP. */
export function settingsFromOptions(options: ClientOptions): Settings {
  const url = parseUrl(options.url);
  url.search = "";
  url.hash = "";
  return {
    url: url.href.replace(/\/+$/, ""),
    credential: new Credential(options.token),
    // Through an arrow function, because browsers require `this` to be the window.
    fetch: options.fetch ?? ((target, init) => fetch(target, init)),
    headers: options.headers ?? {},
    openSocket: options.openSocket ?? openWebSocket,
    reconnectMs: options.reconnectMs,
    reconnectMsMax: options.reconnectMsMax ?? 30_000,
    silenceMs: options.silenceMs ?? 45_000,
    timeoutMs: options.timeoutMs ?? 30_000,
    attemptsMax: options.attemptsMax ?? 5,
    onRetry: options.onRetry ?? (() => {}),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

/** Throws `invalid` where there is no WebSocket to open: Node has one since version 22. */
export function requireWebSocket({ openSocket }: Settings): void {
  if (openSocket !== openWebSocket || typeof WebSocket !== "undefined") return;
  throw new SluiceError(
    "invalid",
    "Cannot open a socket: there is no WebSocket here, expected one from openSocket",
  );
}

function openWebSocket(url: string): WebSocket {
  return new WebSocket(url);
}

/** `localhost:9000` would be parsed as well, with the scheme `localhost:`. */
function parseUrl(text: string | URL): URL {
  try {
    const url = new URL(text);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
  } catch {
    // It is refused below, with what was expected.
  }
  const message = `Cannot use url ${JSON.stringify(String(text))}: expected an address that begins with http:// or https://`;
  throw new SluiceError("invalid", message, {
    errors: [{ field: "url", code: "invalid", message }],
  });
}
