/**
 * The same handlers behind `fetch`, for the HTTP listener: Connect and gRPC-Web over HTTP/1.1 and
 * h2c. The listener sends no trailers, so it refers gRPC clients to the other port.
 */

import { Code } from "@connectrpc/connect";
import {
  type UniversalServerRequest,
  universalServerRequestFromFetch,
} from "@connectrpc/connect/protocol";
import type { Caller } from "../core/access/caller.ts";
import { Failure } from "../core/failure.ts";
import { pathOf, withoutQuery } from "../core/host.ts";
import { admitted, callerValues, type FoundCaller, type MethodAccess } from "./access.ts";
import { withoutUtf8 } from "./content-type.ts";
import type { RpcHandlers } from "./handlers.ts";

export interface RpcFetch {
  /** The HTTP methods that `fetch` serves, by path. */
  readonly methods: ReadonlyMap<string, readonly string[]>;
  readonly fetch: (request: Request, caller: FoundCaller) => Promise<Response>;
}

/** Serves the call on its own, or returns undefined before it has touched the request. */
export type FetchHandler = (request: Request, caller: Caller) => Promise<Response> | undefined;

export interface RpcFetchOptions {
  /** What each method needs of its caller. */
  readonly access: MethodAccess;
  /** Tried before the handlers: the methods that have a shorter way. */
  readonly first?: FetchHandler;
}

export function createRpcFetch(
  handlers: RpcHandlers,
  { access, first }: RpcFetchOptions,
): RpcFetch {
  return {
    methods: new Map([...handlers].map(([path, { allowedMethods }]) => [path, allowedMethods])),
    fetch: (request, found) => {
      const caller = admitted(access, withoutQuery(pathOf(request.url)), found);
      const served = caller instanceof Failure ? undefined : first?.(request, caller);
      return served ?? answer(handlers, request, caller);
    },
  };
}

async function answer(
  handlers: RpcHandlers,
  request: Request,
  caller: FoundCaller,
): Promise<Response> {
  const contentType = withoutUtf8(request.headers.get("content-type") ?? "");
  if (/^application\/grpc(\+|;|$)/.test(contentType)) return refuseGrpc(contentType);
  const handler = handlers.get(withoutQuery(pathOf(request.url)));
  if (handler === undefined) return new Response(null, { status: 404 });
  const { status, header, body } = await handler(universalRequest(request, contentType, caller));
  const init: ResponseInit = header === undefined ? { status } : { status, headers: header };
  if (body === undefined) return new Response(null, init);
  const chunks = body[Symbol.asyncIterator]();
  // An answer that knows its length is one chunk: it needs no stream.
  if (header?.has("content-length") === true) {
    const first = await chunks.next();
    return new Response(first.done === true ? null : new Uint8Array(first.value), init);
  }
  return new Response(streamFrom(chunks), init);
}

function universalRequest(
  request: Request,
  contentType: string,
  caller: FoundCaller,
): UniversalServerRequest {
  const universal = universalServerRequestFromFetch(request, {});
  const contextValues = callerValues(caller);
  if (contentType === "" || contentType === request.headers.get("content-type")) {
    return { ...universal, contextValues };
  }
  const header = new Headers(request.headers);
  header.set("content-type", contentType);
  return { ...universal, header, contextValues };
}

/** Pulls the next chunk once the connection has taken those before it. */
function streamFrom(chunks: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel(reason) {
      // The handler learns that its reader has left; an error that it throws then has no reader.
      await chunks.throw?.(reason).catch(() => {});
    },
  });
}

function refuseGrpc(contentType: string): Response {
  return new Response(null, {
    headers: {
      "content-type": contentType,
      "grpc-status": String(Code.Unimplemented),
      "grpc-message":
        "Cannot serve gRPC on this port: use SLUICE_GRPC_PORT, or Connect or gRPC-Web here",
    },
  });
}
