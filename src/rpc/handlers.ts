/** All methods as handlers that know nothing of a runtime: both listeners serve these. */

import { createRegistry, type Registry } from "@bufbuild/protobuf";
import { type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { Logger } from "../core/logger.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import { accessGate, accessInterceptor, type MethodAccess } from "./access.ts";
import { type MessageBounds, withBoundedMessages } from "./bounded-messages.ts";
import { failureInterceptor } from "./failures.ts";

export type RpcRoutes = (router: ConnectRouter) => void;

/** By path: `/package.Service/Method`. */
export type RpcHandlers = ReadonlyMap<string, UniversalHandler>;

/** Past a bound of its messages a call ends as `RESOURCE_EXHAUSTED`. */
export interface RpcOptions extends MessageBounds {
  readonly logger: Logger;
  /** What each method needs of its caller. */
  readonly access: MethodAccess;
  /** Aborts when this node drains: server streams end with its reason. */
  readonly stopping: AbortSignal;
  /** The types that an `Any` or an error's details may have in JSON. */
  readonly registry?: Registry;
}

/** The longest delay of a timer (24 days): past it, a deadline would fire at once. */
const timeoutMsMax = 2 ** 31 - 1;

const details = createRegistry(BadRequestSchema, ErrorInfoSchema, RetryInfoSchema);

export function createRpcHandlers(routes: RpcRoutes, options: RpcOptions): RpcHandlers {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip],
    readMaxBytes: options.messageBytesMax,
    maxTimeoutMs: timeoutMsMax,
    // connect-es ignores what a message does not have by default. A misspelt field would then be
    // lost, or a misspelt enum value be read as 0, although the call succeeds.
    jsonOptions: { registry: options.registry ?? details, ignoreUnknownFields: false },
    requestGate: accessGate(options.logger),
    interceptors: [
      failureInterceptor(options.logger, options.stopping),
      accessInterceptor(options.access),
    ],
  });
  routes(router);
  return new Map(
    router.handlers.map((handler) => [handler.requestPath, withBoundedMessages(handler, options)]),
  );
}
