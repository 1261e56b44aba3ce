/** What a runtime provides for HTTP: streamed bodies and sockets, with their back-pressure. */

import type { ByteSink, Sent, SinkEvents } from "./sink.ts";

/** Modules that import each other relative to themselves, by names that contain a hash of their content. */
export interface Modules {
  /** The name of the one that is loaded first. */
  readonly entry: string;
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

export type Fetch = (request: Request) => Response | Promise<Response>;

export interface Host {
  /**
   * A response whose body is written through a sink, now or later. `open` is called once, when the
   * runtime starts to send the body; never, if the client leaves before.
   */
  stream(open: (sink: ByteSink) => SinkEvents, init: ResponseInit): Response;
  /**
   * Upgrades the request to a WebSocket. The handler must return this response unchanged. Throws
   * `invalid` when the request is not a WebSocket handshake.
   */
  upgrade(request: Request, open: (socket: Socket) => SocketEvents): Response;
  /**
   * A TypeScript file and all that it imports, as modules for browsers. Left out where the runtime has no bundler: pages then need the output of
   * `bun scripts/build-ui.ts`.
   */
  bundle?(entry: string, name: string): Promise<Modules>;
}

export interface Socket {
  /** Sends a string as a text message, bytes as a binary one. */
  send(message: string | Uint8Array): Sent;
  close(code: number, reason: string): void;
  /** Cuts the connection, without waiting for the peer to read what is buffered. */
  terminate(): void;
  /** Bytes that were taken and not sent. */
  readonly bufferedBytes: number;
}

export interface SocketEvents extends SinkEvents {
  message(message: string | Uint8Array): void;
}

/** What follows the host of an absolute URL; without `new URL`, which parses everything else as well. */
export function pathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

/** Of a path that may have a query behind it. */
export function withoutQuery(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

/** WebSocket close code of a node that shuts down (RFC 6455): the client resumes on another one. */
export const goingAwayCode = 1001;

const shownMethods = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]);

/** `other` for a method that is not one of HTTP's: a client may send any text, and as long as it likes. */
export function shownMethod(method = ""): string {
  return shownMethods.has(method) ? method : "other";
}

/** Without the query, which may have a ticket or a password in it. */
export function shownPath(target: string): string {
  const [path = ""] = target.split("?", 1);
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
