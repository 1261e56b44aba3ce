/** What a gateway serves from, as its listeners get it, and what each entry declares of its caller. */

import type { DescMethod } from "@bufbuild/protobuf";
import { createConnectRouter } from "@connectrpc/connect";
import { createHttpApp } from "../../src/gateway/http.ts";
import type { GatewayParts } from "../../src/gateway/parts.ts";
import { rpcAccess, rpcRoutes } from "../../src/gateway/rpc.ts";
import { addressOf, type Endpoint } from "../../src/http/endpoint/endpoint.ts";
import type { MethodAccess } from "../../src/rpc/access.ts";

export interface AccessTables {
  readonly endpoints: readonly Endpoint[];
  /** Method and path of each, as the router has them, without those of RPC. */
  readonly routes: readonly string[];
  /** Addresses that bypass the router. */
  readonly hot: readonly string[];
  readonly methods: readonly DescMethod[];
  /** Paths of methods that bypass connect-es. */
  readonly thin: readonly string[];
  readonly access: MethodAccess;
}

export function accessTables({ parts, platform }: GatewayParts): AccessTables {
  const rpc = { methods: new Map(), fetch: () => Promise.reject(new Error("unused")) };
  const app = createHttpApp(parts, { ...platform, rpc });
  const router = createConnectRouter();
  rpcRoutes(parts, { notReady: () => Promise.resolve(undefined) })(router);
  return {
    endpoints: parts.flatMap(({ endpoints = [] }) => endpoints),
    routes: app.routes.map(({ method, path }) => `${method} ${path}`),
    hot: parts.flatMap(({ hot = [] }) => hot.map(({ endpoint }) => addressOf(endpoint))),
    methods: router.handlers.map(({ method }) => method),
    thin: parts.flatMap(({ thin }) => [...(thin?.keys() ?? [])]),
    access: rpcAccess(parts),
  };
}
