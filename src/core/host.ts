/** What a runtime gives to the HTTP faces: streamed bodies and sockets, with their back-pressure. */
import type { ByteSink, Sent, SinkEvents } from "./sink.ts";

export interface Host {
  /**
   * A response whose body is written through a sink, now or any time later. `open` is called
   * once, when the body is wanted; if the client leaves before that, never.
   */
  stream(open: (sink: ByteSink) => SinkEvents, init: ResponseInit): Response;
  /**
   * Turns the request into a WebSocket. The answer must be returned from the handler as it is.
   * Throws `invalid` when the request is no WebSocket handshake.
   */
  upgrade(request: Request, open: (socket: Socket) => SocketEvents): Response;
  /**
   * The browser's form of a TypeScript file and all that it imports, as one script. Left out where
   * the runtime has no bundler: pages then need what `bun scripts/build-ui.ts` made.
   */
  bundle?(entry: string): Promise<Uint8Array>;
}

export interface Socket {
  /** A string goes out as a text message, bytes as a binary one. */
  send(message: string | Uint8Array): Sent;
  close(code: number, reason: string): void;
}

export interface SocketEvents extends SinkEvents {
  message(message: string | Uint8Array): void;
}

/** WebSocket close code of a node that shuts down (RFC 6455): the client resumes on another one. */
export const goingAwayCode = 1001;
