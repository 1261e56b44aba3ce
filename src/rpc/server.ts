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
import type { RpcHandlers } from "./handlers.ts";
import { requestFromStream, writeResponse } from "./http2-stream.ts";

export interface RpcServer {
  /** Resolves to the port. Throws an error with code `EADDRINUSE` or `EACCES`. */
  listen(hostname: string, port: number): Promise<number>;
  /** Refuses new calls; resolves once running ones are answered, after `withinMs` at most. */
  stop(withinMs: number): Promise<void>;
}

/** Serves the call on its own, or returns false before it has touched the stream. */
export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** Flow-control window of a call. */
const windowBytes = 256 * 1024;

/** A peer that reads nothing of its answer for this long is reset. */
export const stallMsMax = 30_000;

/** `first` is tried before the handlers: the methods that have a shorter way. */
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
    // A broken connection ends its session; the calls on it end with their streams.
    session.on("error", () => session.destroy());
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // The close event follows, and every waiting call listens for it.
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
    // Nothing reads what the caller still sends: without this it would wait for a reader.
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  } catch {
    // The stream ended before its answer, or the answer cannot be sent.
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

/** A status for gRPC, HTTP 404 for others: each client reports "unimplemented". */
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
