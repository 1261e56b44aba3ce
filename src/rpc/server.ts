/**
 * gRPC needs trailers, which the HTTP listener cannot send: `node:http2` on a separate port, with the
 * same handlers. It serves Connect and gRPC-Web as well.
 */

import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { Code } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { RpcHandlers } from "./handlers.ts";
import { closeUnread, requestFromStream, writeResponse } from "./http2-stream.ts";
import { defaultSessionLimits, type SessionLimits, Sessions } from "./sessions.ts";

export interface RpcServer {
  /** Resolves to the port. Throws an error with code `EADDRINUSE` or `EACCES`. */
  listen(hostname: string, port: number): Promise<number>;
  /** Refuses new calls; resolves once running ones are answered, after `withinMs` at most. */
  stop(withinMs: number): Promise<void>;
  /** Stops or resumes accepting connections; those that are open stay. */
  accept(isOpen: boolean): void;
  /** For `/status`. */
  stats(): ReturnType<Sessions["stats"]>;
}

/** Serves the call on its own, or returns false before it has touched the stream. */
export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** Flow-control window of a call. */
const windowBytes = 256 * 1024;

/**
 * The advertised bound of the size of a call's metadata. The engine resets calls past 64 KiB or 128
 * fields.
 */
const metadataBytesMax = 64 * 1024;

/** A peer that reads nothing of its answer for this long is reset. */
export const stallMsMax = 30_000;

/** `first` is tried before the handlers: the methods that have a shorter way. */
export function createRpcServer(
  handlers: RpcHandlers,
  first?: StreamHandler,
  limits: SessionLimits = defaultSessionLimits,
): RpcServer {
  const sessions = new Sessions(limits);
  const server = createServer({
    // Explicit: the runtimes' defaults differ.
    maxSessionMemory: 64,
    settings: {
      initialWindowSize: windowBytes,
      maxConcurrentStreams: 1000,
      maxHeaderListSize: metadataBytesMax,
    },
  });
  server.on("session", (session: ServerHttp2Session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // The close event follows, and every waiting call listens for it.
    stream.on("error", () => {});
    const { session } = stream;
    sessions.enter(session);
    stream.once("close", () => sessions.leave(session));
    if (first?.(stream, headers) === true) return;
    void answer(handlers, stream, headers);
  });
  return {
    listen: (hostname, port) => listen(server, hostname, port),
    async stop(withinMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      sessions.close();
      const timer = setTimeout(() => sessions.destroy(), withinMs);
      await closed;
      clearTimeout(timer);
    },
    accept: (isOpen) => sessions.accept(isOpen),
    stats: () => sessions.stats(),
  };
}

async function answer(
  handlers: RpcHandlers,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const path = headers[":path"]?.split("?", 1)[0] ?? "";
  const handler = handlers.get(path);
  if (handler === undefined) {
    const message = `There is no method at ${path.slice(0, 200)}`;
    return refuse(stream, headers, Code.Unimplemented, message);
  }
  try {
    const response = await handler(requestFromStream(stream, headers));
    await writeResponse(stream, withAllow(response, handler.allowedMethods), stallMsMax);
    closeUnread(stream);
  } catch {
    // The stream ended before its answer, or the answer cannot be sent.
    if (stream.headersSent || stream.destroyed || stream.closed) {
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    } else refuse(stream, headers, Code.Internal, "The gateway failed to answer this call");
  }
}

/** connect-es answers 405 without the methods that there are. */
function withAllow(
  response: UniversalServerResponse,
  methods: readonly string[],
): UniversalServerResponse {
  if (response.status !== 405) return response;
  return { ...response, header: new Headers({ allow: methods.join(", ") }) };
}

/**
 * A status for gRPC, an HTTP status for others. A stream that is closed before it has an answer would
 * send data before its headers, which clients take for a broken connection.
 */
function refuse(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  code: Code.Unimplemented | Code.Internal,
  message: string,
): void {
  const contentType = headers["content-type"] ?? "";
  if (/^application\/grpc(\+|;|$)/.test(contentType)) {
    stream.respond(
      {
        ":status": 200,
        "content-type": contentType,
        "grpc-status": code,
        "grpc-message": encodeURIComponent(message).replaceAll("%20", " "),
      },
      { endStream: true },
    );
  } else stream.respond({ ":status": code === Code.Internal ? 500 : 404 }, { endStream: true });
  closeUnread(stream);
}

function listen(server: Http2Server, hostname: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
