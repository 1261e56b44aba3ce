/** All RPC services: written once, mounted on both listeners. */

import type { Guard } from "../core/access/guard.ts";
import { Failure } from "../core/failure.ts";
import type { Part, Platform } from "../features/part.ts";
import type { PeerDeps } from "../http/credentials/peer.ts";
import type { MethodAccess } from "../rpc/access.ts";
import { refuseForeignHosts } from "../rpc/authority.ts";
import { createRpcFetch, type RpcFetch } from "../rpc/fetch.ts";
import { createRpcHandlers, type RpcRoutes } from "../rpc/handlers.ts";
import { healthAccess, mountHealth } from "../rpc/health.ts";
import { createObserveCall } from "../rpc/observe.ts";
import { mountReflection, reflectionAccess } from "../rpc/reflection.ts";
import { createRpcServer, type RpcServer } from "../rpc/server.ts";
import type { SessionLimits } from "../rpc/sessions.ts";
import { createThinConnect } from "../rpc/thin/connect.ts";
import { createThinGrpc } from "../rpc/thin/grpc.ts";
import type { CheckHost } from "./authority.ts";
import type { TlsSource } from "./tls/source.ts";

export interface RpcDeps extends Pick<
  Platform,
  "collector" | "bodies" | "turns" | "logger" | "counters"
> {
  /** As on `/readyz`: why this node cannot serve, or undefined. */
  readonly notReady: () => Promise<string | undefined>;
  /** For the separate port: the HTTP listener has checked what reaches these handlers. */
  readonly checkHost: CheckHost;
  readonly sessions: SessionLimits;
  readonly guard: Guard;
  readonly accessLog: boolean;
  /** Undefined: without TLS. */
  readonly tls: Pick<TlsSource, "context"> | undefined;
  readonly peers: Pick<PeerDeps, "proxies" | "certificateHeader">;
}

export interface Rpc {
  /** gRPC, Connect and gRPC-Web over HTTP/2, on their own port. */
  readonly server: RpcServer;
  /** Connect and gRPC-Web, for the HTTP listener. */
  readonly http: RpcFetch;
}

/** Time that streams have to end on their own, with their last position, when this node stops. */
const endingMs = 500;

/** A record with its key, type, schema and some headers has fewer, also if it is JSON. */
const fieldsOfRecord = 10;

export function createRpc(parts: readonly Part[], deps: RpcDeps): Rpc {
  const stopping = new AbortController();
  const { bodies, turns, logger } = deps;
  const messageBytesMax = bodies.bytesMax;
  const access = rpcAccess(parts);
  const handlers = createRpcHandlers(rpcRoutes(parts, deps), {
    logger,
    access,
    messageBytesMax,
    fieldsMax: fieldsOfRecord * deps.collector.limits.batchRecordsMax,
    receiving: bodies.receiving,
    turns,
    stopping: stopping.signal,
  });
  const thin = {
    methods: new Map(parts.flatMap((part) => [...(part.thin ?? [])])),
    inFlight: deps.collector.inFlight,
    messageBytesMax,
    rateMin: bodies.rateMin,
    receiving: bodies.receiving,
    turns,
    readBody: (request: Request) => bodies.read(request),
    logger,
  };
  const streams = [createThinGrpc(thin), ...parts.flatMap(({ stream }) => stream ?? [])];
  const server = createRpcServer(handlers, {
    guard: deps.guard,
    access,
    observe: createObserveCall({
      ...deps.counters,
      isMethod: (path) => handlers.has(path),
      accessLog: deps.accessLog ? logger : undefined,
    }),
    refuses: refuseForeignHosts(deps.checkHost),
    first: (stream, headers, caller) => streams.some((serve) => serve(stream, headers, caller)),
    limits: deps.sessions,
    ...deps.peers,
    tls: deps.tls?.context,
  });
  return {
    server: {
      listen: (hostname, port, isShared) => server.listen(hostname, port, isShared),
      secure: (tls) => server.secure(tls),
      accept: (isOpen) => server.accept(isOpen),
      stats: () => server.stats(),
      async stop(withinMs) {
        const reason = new Failure("shutting_down", "This node shuts down: use another one");
        // Not once this listener has stopped: the HTTP listener's streams end by the same signal.
        setTimeout(() => stopping.abort(reason), Math.min(endingMs, withinMs));
        await server.stop(withinMs);
      },
    },
    http: createRpcFetch(handlers, { access, first: createThinConnect(thin) }),
  };
}

/** What each method of every service needs, by path. */
export function rpcAccess(parts: readonly Part[]): MethodAccess {
  return new Map([
    ...parts.flatMap(({ rpcAccess = [] }) => [...rpcAccess]),
    ...healthAccess,
    ...reflectionAccess,
  ]);
}

/** Mounts the services of all parts, and those that every gateway has. */
export function rpcRoutes(
  parts: readonly Part[],
  { notReady }: Pick<RpcDeps, "notReady">,
): RpcRoutes {
  return (router) => {
    const services = () => [...new Set(router.handlers.map(({ service }) => service))];
    for (const part of parts) part.rpc?.(router);
    mountHealth(router, {
      notReady,
      services: () => services().map(({ typeName }) => typeName),
    });
    mountReflection(router, services);
  };
}
