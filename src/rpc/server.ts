/**
 * Real gRPC, which needs trailers that the HTTP listener cannot send: `node:http2` on a port of
 * its own, with the same services.
 */
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";

export interface RpcServer {
  /** Resolves to the port. Throws an error with code `EADDRINUSE` or `EACCES`. */
  listen(hostname: string, port: number): Promise<number>;
  /** No new calls; resolves once those under way are answered, at most after `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

/** A call's flow-control window; the session's holds 16 of them. */
const windowBytes = 256 * 1024;

export function createRpcServer(routes: (router: ConnectRouter) => void): RpcServer {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(
    {
      // Explicit: the runtimes' defaults differ.
      maxSessionMemory: 64,
      settings: { initialWindowSize: windowBytes, maxConcurrentStreams: 1000 },
    },
    connectNodeAdapter({ routes }),
  );
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    // A peer's broken connection is its own affair; it ends the session, and its calls are told.
    session.on("error", () => session.destroy());
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
