/**
 * The few endpoints that are called once for each record are served before the router, whose cost is
 * not small beside theirs (`bench/floors/event.ts`). Requests of pages of other sites, with a query, or
 * with other methods go to the router, where the same handlers are mounted.
 */

import type { Hono } from "hono";
import { failureFrom } from "../core/failure.ts";
import { type Fetch, pathOf } from "../core/host.ts";
import type { Logger } from "../core/logger.ts";
import { callerOf, requireAccess } from "./access.ts";
import { addressOf, type Endpoint } from "./endpoint/endpoint.ts";
import { queryCheck } from "./endpoint/query.ts";
import { reportInternal } from "./observe/report.ts";
import { failureResponse } from "./problem.ts";

/** A handler may return one shared 204 response; it is copied before it is changed. */
type HotHandler = (request: Request) => Promise<Response>;

/** None of these endpoints has parameters. */
const checkQuery = queryCheck([]);

export interface HotRoute {
  readonly endpoint: Pick<Endpoint, "method" | "path" | "access">;
  readonly handle: HotHandler;
}

export function mountHot(app: Hono, routes: readonly HotRoute[]): void {
  for (const route of routes) {
    const { method, path } = route.endpoint;
    app.on(method, path, async (c) => {
      checkAccess(route, c.req.raw);
      checkQuery(c.req.url);
      const response = await route.handle(c.req.raw);
      return response.status === 204 ? new Response(null, response) : response;
    });
  }
}

export function serveHot(routes: readonly HotRoute[], fetch: Fetch, logger: Logger): Fetch {
  const byAddress = new Map(routes.map((route) => [addressOf(route.endpoint), route]));
  return (request) => {
    const path = pathOf(request.url);
    const route = byAddress.get(`${request.method} ${path}`);
    if (route === undefined || request.headers.has("origin")) return fetch(request);
    const failed = (error: unknown) => {
      const failure = failureFrom(error);
      reportInternal(logger, { method: request.method, path, raw: request }, failure);
      return failureResponse(request, failure);
    };
    try {
      checkAccess(route, request);
    } catch (error) {
      return failed(error);
    }
    return route.handle(request).catch(failed);
  };
}

function checkAccess({ endpoint: { access } }: HotRoute, request: Request): void {
  requireAccess(access, callerOf(request), noParameter);
}

const noParameter = () => undefined;
