/** All HTTP endpoints on one router, with the answers that every address shares. */

import { Hono } from "hono";
import type { Guard } from "../core/access/guard.ts";
import { Failure, failureFrom, quoted } from "../core/failure.ts";
import { type Fetch, shownPath } from "../core/host.ts";
import type { Foundation, Part } from "../features/part.ts";
import { callerOf } from "../http/access.ts";
import { countLargeAnswers } from "../http/answers/large.ts";
import { authenticate } from "../http/credentials/authenticate.ts";
import { challengeOf } from "../http/credentials/challenge.ts";
import type { HttpDeps } from "../http/deps.ts";
import { addressOf, methods } from "../http/endpoint/endpoint.ts";
import { underBasePath } from "../http/entry/base-path.ts";
import { createEntry, type EntryOptions } from "../http/entry/entry.ts";
import { inRounds } from "../http/entry/rounds.ts";
import { serveHot } from "../http/hot.ts";
import { observeRequests, type RouteOf } from "../http/observe/observe.ts";
import { reportInternal } from "../http/observe/report.ts";
import { mountCors } from "../http/origin.ts";
import { failureResponse, problemResponse } from "../http/problem.ts";
import type { RpcFetch } from "../rpc/fetch.ts";

export interface HttpAppDeps extends Pick<
  HttpDeps,
  "logger" | "origins" | "answers" | "clock" | "stallMs"
> {
  /** Connect and gRPC-Web on this port. */
  readonly rpc: RpcFetch;
}

export interface HttpListenerDeps extends HttpAppDeps, EntryOptions, Pick<Foundation, "counters"> {
  readonly basePath: string;
  readonly guard: Guard;
  readonly accessLog: boolean;
}

/** All that a request passes: the entry, who calls, the addresses that have a shorter way, the router. */
export function createHttpFetch(parts: readonly Part[], deps: HttpListenerDeps): Fetch {
  const app = createHttpApp(parts, deps);
  const route = routeOf(app);
  const refusesItself = ownRefusals(parts, route);
  const hot = parts.flatMap((part) => part.hot ?? []);
  const routed = serveHot(hot, (request) => app.fetch(request), deps.logger);
  const served = authenticate(countLargeAnswers(routed, deps), {
    ...deps,
    passwordPaths: passwordPathsOf(parts),
    refusesItself: (method, path) => deps.rpc.methods.has(path) || refusesItself(method, path),
  });
  return observeRequests(inRounds(createEntry(underBasePath(served, deps.basePath), deps)), {
    ...deps.counters,
    routeOf: route,
    isRpc: (route) => deps.rpc.methods.has(route),
    hot: hot.map(({ endpoint }) => endpoint),
    accessLog: deps.accessLog ? deps.logger : undefined,
  });
}

/** The pattern by which the router serves an address, as the OpenAPI document spells it. */
function routeOf({ router, routes }: Hono): RouteOf {
  const patterns = new Map(
    routes
      .filter(({ path }) => !path.includes("*"))
      .map(({ handler, path }) => [handler, path.replaceAll(/:(\w+)/g, "{$1}")]),
  );
  return (method, path) => {
    for (const [[handler]] of router.match(method, path)[0]) {
      const pattern = patterns.get(handler);
      if (pattern !== undefined) return pattern;
    }
    return undefined;
  };
}

/** Those whose declaration says what they answer without a credential: all others answer a problem. */
function ownRefusals(
  parts: readonly Part[],
  route: RouteOf,
): (method: string, path: string) => boolean {
  const endpoints = parts.flatMap((part) => part.endpoints ?? []);
  const own = new Set(
    endpoints
      // What everybody may read is served to a caller that has ended, and would be with a wrong credential.
      .filter(({ access, answers }) => access.kind !== "public" && 401 in answers)
      .map((endpoint) => addressOf(endpoint)),
  );
  return (method, path) => own.has(`${method} ${route(method, path)}`);
}

/** The addresses that declare the two parameters. */
function passwordPathsOf(parts: readonly Part[]): ReadonlySet<string> {
  const endpoints = parts.flatMap((part) => part.endpoints ?? []);
  return new Set(
    endpoints.flatMap(({ path, query }) => ("u" in query && "p" in query ? path : [])),
  );
}

export function createHttpApp(
  parts: readonly Part[],
  { logger, origins, rpc }: Pick<HttpAppDeps, "logger" | "origins" | "rpc">,
): Hono {
  const app = new Hono();
  mountCors(app, origins);
  const middleware = new Set(app.routes.map(({ handler }) => handler));
  for (const part of parts) part.http?.(app);
  mountRpc(app, rpc);

  app.notFound((c) => {
    // Middleware matches every address; it serves none.
    const allowed = methods.filter((method) =>
      app.router.match(method, c.req.path)[0].some(([[handler]]) => !middleware.has(handler)),
    );
    if (allowed.length === 0) {
      return problemResponse(
        new Failure("not_found", `There is nothing at ${shownPath(c.req.path)}`),
      );
    }
    const message = `Cannot ${c.req.method} ${shownPath(c.req.path)}: expected ${allowed.join(", ")}`;
    return problemResponse(new Failure("method_not_allowed", message), {
      allow: allowed.join(", "),
    });
  });
  app.onError((error, c) => {
    const failure = failureFrom(error);
    reportInternal(logger, c.req, failure);
    return failureResponse(c.req.raw, failure);
  });
  return app;
}

function mountRpc(app: Hono, { methods, fetch }: RpcFetch): void {
  for (const [path, allowed] of methods) {
    app.on([...allowed], path, async (c) => {
      const caller = callerOf(c.req.raw);
      const response = await fetch(c.req.raw, caller.ended ?? caller);
      if (response.status === 401) {
        for (const [name, value] of Object.entries(challengeOf(c.req.raw))) {
          response.headers.set(name, value);
        }
      }
      if (response.status !== 415) return response;
      // connect-es has no words for it.
      const message = `Cannot call ${path} with Content-Type ${quoted(c.req.header("content-type") ?? "")}: expected application/json, application/proto or gRPC-Web's`;
      return problemResponse(new Failure("unsupported_media_type", message));
    });
  }
}
