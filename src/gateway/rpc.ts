/** All RPC faces: services written once, mounted on both listeners. */
import type { DescService } from "@bufbuild/protobuf";
import { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import type { Collector } from "../ingest/collector.ts";
import type { EventIntake } from "../features/lifecycle/intake.ts";
import type { Registry } from "../features/registry/registry.ts";
import { mountCollector } from "../features/topics/rpc/collector.ts";
import { mountConsumer } from "../features/topics/rpc/consumer.ts";
import { createRpcFetch, type RpcFetch } from "../rpc/fetch.ts";
import { createRpcHandlers, type RpcRoutes } from "../rpc/handlers.ts";
import { mountHealth } from "../rpc/health.ts";
import { mountMars } from "../features/lifecycle/rpc/mars.ts";
import { mountReflection } from "../rpc/reflection.ts";
import { mountRegistry } from "../features/registry/rpc/registry.ts";
import { createRpcServer, stallMsMax, type RpcServer } from "../rpc/server.ts";
import type { ConsumerParts } from "../features/topics/rpc/subscribe-request.ts";
import { createSubscribeStream } from "../features/topics/rpc/subscribe-stream.ts";
import { createThinConnect } from "../features/topics/rpc/thin-connect.ts";
import { eventMethods } from "../features/lifecycle/rpc/thin-events.ts";
import { createThinGrpc } from "../rpc/thin/grpc.ts";
import { thinCollectorMethods } from "../features/topics/rpc/thin-methods.ts";

export interface RpcParts extends ConsumerParts {
  readonly collector: Collector;
  readonly events: EventIntake;
  readonly registry: Registry;
  readonly logger: Logger;
  /** The largest message taken, after inflating. */
  readonly messageBytesMax: number;
  /** As on `/readyz`: why this node cannot serve, or undefined. */
  readonly notReady: () => Promise<string | undefined>;
}

export interface Rpc {
  /** gRPC, Connect and gRPC-Web over h2c, on a port of its own. */
  readonly server: RpcServer;
  /** Connect and gRPC-Web, for the HTTP listener. */
  readonly http: RpcFetch;
}

/** How long streams have to end by themselves, with their last position, when this node stops. */
const endingMs = 500;

export function createRpc(parts: RpcParts): Rpc {
  const stopping = new AbortController();
  const handlers = createRpcHandlers(routesOf(parts), {
    logger: parts.logger,
    messageBytesMax: parts.messageBytesMax,
    stopping: stopping.signal,
  });
  const collect = createThinGrpc({
    methods: new Map([...thinCollectorMethods(parts.collector), ...eventMethods(parts.events)]),
    inFlight: parts.collector.inFlight,
    messageBytesMax: parts.messageBytesMax,
  });
  const subscribe = createSubscribeStream(parts, stallMsMax);
  const server = createRpcServer(
    handlers,
    (stream, headers) => collect(stream, headers) || subscribe(stream, headers),
  );
  return {
    server: {
      listen: (hostname, port) => server.listen(hostname, port),
      async stop(withinMs) {
        const reason = new Failure("shutting_down", "This node shuts down: use another one");
        // Whenever this listener is through: the other one's streams end by the same signal.
        setTimeout(() => stopping.abort(reason), Math.min(endingMs, withinMs));
        await server.stop(withinMs);
      },
    },
    http: createRpcFetch(handlers, createThinConnect(parts)),
  };
}

function routesOf(parts: RpcParts): RpcRoutes {
  return (router) => {
    const services = () => [...new Set<DescService>(router.handlers.map(({ service }) => service))];
    mountCollector(router, parts.collector);
    mountConsumer(router, parts);
    mountMars(router, parts.events);
    mountRegistry(router, parts.registry);
    mountHealth(router, {
      notReady: parts.notReady,
      services: () => services().map(({ typeName }) => typeName),
    });
    mountReflection(router, services);
  };
}
