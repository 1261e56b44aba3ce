/**
 * gRPC needs trailers, which the HTTP listener cannot send: `node:http2` on a separate port, with the
 * same handlers. It serves Connect and gRPC-Web as well.
 */

import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import { Code } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Caller } from "../core/access/caller.ts";
import type { Access } from "../core/access/need.ts";
import { Failure, failureFrom } from "../core/failure.ts";
import { withoutQuery } from "../core/host.ts";
import { type TlsContext, tlsServerOptions } from "../core/tls/server.ts";
import {
  admitted,
  callerValues,
  findCaller,
  type FoundCaller,
  type MethodAccess,
} from "./access.ts";
import { CallStarts } from "./call-starts.ts";
import { createCredentialsOf, type CredentialsDeps } from "./credentials.ts";
import type { RpcHandlers } from "./handlers.ts";
import { closeUnread, requestFromStream, writeResponse } from "./http2-stream.ts";
import type { ObserveCall } from "./observe.ts";
import { defaultSessionLimits, type SessionLimits, Sessions } from "./sessions.ts";

export interface RpcServer {
  /** Resolves to the port. Throws an error with code `EADDRINUSE` or `EACCES`. */
  listen(hostname: string, port: number, isShared?: boolean): Promise<number>;
  /** Refuses new calls; resolves once running ones are answered, after `withinMs` at most. */
  stop(withinMs: number): Promise<void>;
  /** From now on new connections get this certificate. */
  secure(tls: TlsContext): void;
  /** Stops or resumes accepting connections; those that are open stay. */
  accept(isOpen: boolean): void;
  /** For `/status`. */
  stats(): ReturnType<Sessions["stats"]>;
}

/** Serves the call on its own, or returns false before it has touched the stream. */
export type StreamHandler = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  caller: Caller,
) => boolean;

export interface RpcServerOptions extends CredentialsDeps {
  /** What each method needs of its caller. */
  readonly access: MethodAccess;
  readonly observe?: ObserveCall;
  /** Answers a call that no caller may make, and returns true. */
  readonly refuses?: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;
  /** Tried before the handlers: the methods that have a shorter way. */
  readonly first?: StreamHandler;
  readonly limits?: SessionLimits;
}

/** Flow-control window of a call. */
const windowBytes = 256 * 1024;

/**
 * The advertised bound of the size of a call's metadata. The engine resets calls past 64 KiB or 128
 * fields.
 */
const metadataBytesMax = 64 * 1024;

/** A peer that reads nothing of its answer for this long is reset. */
export const stallMsMax = 30_000;

const serverOptions = {
  // Explicit: the runtimes' defaults differ.
  maxSessionMemory: 64,
  settings: {
    initialWindowSize: windowBytes,
    maxConcurrentStreams: 1000,
    maxHeaderListSize: metadataBytesMax,
  },
};

export function createRpcServer(handlers: RpcHandlers, options: RpcServerOptions): RpcServer {
  const { guard, access, refuses, first, observe, limits = defaultSessionLimits, tls } = options;
  const sessions = new Sessions(limits);
  const starts = new CallStarts();
  const credentialsOf = createCredentialsOf(options);
  const secure = tls === undefined ? undefined : createSecure(tls, limits);
  const server = secure ?? createServer(serverOptions);
  server.on("session", (session: ServerHttp2Session) => sessions.add(session));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    // The close event follows, and every waiting call listens for it.
    stream.on("error", () => {});
    // Until it begins nobody reads the stream: it takes no more than its window.
    starts.run(stream, () => begin(stream, headers));
  });
  function begin(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { session } = stream;
    sessions.enter(session);
    const over = observe?.(stream, headers);
    let known: Caller | undefined;
    stream.once("close", () => {
      sessions.leave(session);
      over?.(known);
    });
    if (refuses?.(stream, headers) === true) return;
    const serve = (found: FoundCaller) => {
      if (stream.destroyed || stream.closed) return;
      const path = withoutQuery(headers[":path"] ?? "");
      const caller = counted(access.get(path), admitted(access, path, found), stream);
      if (!(found instanceof Failure)) known = found;
      if (!(caller instanceof Failure) && first?.(stream, headers, caller) === true) return;
      void answer(handlers, stream, headers, caller);
    };
    const found = callerOf(stream, headers);
    if (found instanceof Promise) void found.then(serve);
    else serve(found);
  }
  function callerOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    try {
      return findCaller(guard, credentialsOf(stream, headers));
    } catch (error) {
      return failureFrom(error);
    }
  }
  return {
    listen: (host, port, isShared = false) => listen(server, { host, port, isShared }),
    async stop(withinMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      sessions.close();
      const timer = setTimeout(() => sessions.destroy(), withinMs);
      await closed;
      clearTimeout(timer);
    },
    secure: (tls) => secure?.setSecureContext(tlsServerOptions(tls)),
    accept: (isOpen) => sessions.accept(isOpen),
    stats: () => sessions.stats(),
  };
}

/** Counts the call against its caller's limits: as a request, and as a stream while it is open. */
function counted(
  access: Access | undefined,
  found: FoundCaller,
  stream: ServerHttp2Stream,
): FoundCaller {
  if (found instanceof Failure || found.allowance === undefined) return found;
  try {
    found.allowance.admit(access?.kind === "grant" && access.action !== "read");
    stream.once("close", found.allowance.openStream());
    return found;
  } catch (error) {
    return failureFrom(error);
  }
}

function createSecure(tls: TlsContext, { prefaceMs }: SessionLimits): Http2SecureServer {
  const server = createSecureServer({
    ...serverOptions,
    ...tlsServerOptions(tls),
    handshakeTimeout: prefaceMs,
  });
  // Anybody can fail a handshake; one that takes too long is still connected.
  server.on("tlsClientError", (_: Error, socket: TLSSocket) => void socket.destroy());
  return server;
}

async function answer(
  handlers: RpcHandlers,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  found: FoundCaller,
): Promise<void> {
  const path = withoutQuery(headers[":path"] ?? "");
  const handler = handlers.get(path);
  if (handler === undefined) {
    const message = `There is no method at ${path.slice(0, 200)}`;
    return refuse(stream, headers, Code.Unimplemented, message);
  }
  try {
    const response = await handler({
      ...requestFromStream(stream, headers),
      contextValues: callerValues(found),
    });
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

function listen(
  server: Http2Server | Http2SecureServer,
  { host, port, isShared }: { host: string; port: number; isShared: boolean },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, reusePort: isShared }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
