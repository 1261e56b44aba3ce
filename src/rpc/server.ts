/**
 * Real gRPC, which needs trailers that the HTTP listener cannot send: `node:http2` on a port of
 * its own, with the same handlers. Connect and gRPC-Web come here, too.
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
import type { RpcHandlers } from "./handlers.ts";
import { requestFromStream, writeResponse } from "./http2-stream.ts";

export interface RpcServer {
  /** Resolves to the port. Throws an error with code `EADDRINUSE` or `EACCES`. */
  listen(hostname: string, port: number): Promise<number>;
  /** No new calls; resolves once those under way are answered, at most after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** Serves the call by itself, or returns false before it has touched the stream. */
export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** A call's flow-control window; the session's holds 16 of them. */
const windowBytes = 256 * 1024;

/** A peer that takes nothing of its answer for this long is reset. */
export const stallMsMax = 30_000;

/** `first` is asked before the handlers: the methods that have a shorter way. */
export function createRpcServer(handlers: RpcHandlers, first?: StreamHandler): RpcServer {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    // Explicit: the runtimes' defaults differ.
    maxSessionMemory: 64,
    settings: { initialWindowSize: windowBytes, maxConcurrentStreams: 1000 },
  });
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    // A peer's broken connection is its own affair; it ends the session, and its calls are told.
    session.on("error", () => session.destroy());
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // What went wrong is told by its close, which is awaited wherever somebody waits.
    stream.on("error", () => {});
    if (first?.(stream, headers) === true) return;
    void answer(handlers, stream, headers);
  });
  return {
    listen: (hostname, port) => listen(server, hostname, port),
    async stop(withinMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
      }, withinMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function answer(
  handlers: RpcHandlers,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const path = headers[":path"]?.split("?", 1)[0] ?? "";
  const handler = handlers.get(path);
  if (handler === undefined) return refuse(stream, headers, path);
  try {
    await writeResponse(stream, await handler(requestFromStream(stream, headers)), stallMsMax);
    // What the caller still sends has no reader: without this it would wait for one.
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  } catch {
    // The stream ended before its answer, or there is none that could be sent.
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** To gRPC as a status, to others as HTTP: each client shows "unimplemented". */
function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, path: string): void {
  const contentType = headers["content-type"] ?? "";
  if (/^application\/grpc(\+|;|$)/.test(contentType)) {
    const message = `There is no method at ${path.slice(0, 200)}`;
    stream.respond(
      {
        ":status": 200,
        "content-type": contentType,
        "grpc-status": Code.Unimplemented,
        "grpc-message": encodeURIComponent(message).replaceAll("%20", " "),
      },
      { endStream: true },
    );
  } else stream.respond({ ":status": 404 }, { endStream: true });
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
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
