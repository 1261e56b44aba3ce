/**
 * The few endpoints that are called once for each record are served before the router, whose cost is
 * not small beside theirs (`bench/floors/event.ts`). Requests of pages of other sites, with a query, or
 * with other methods go to the router, where the same handlers are mounted.
 */

import type { Hono } from "hono";
import { failureFrom } from "../core/failure.ts";
import { pathOf } from "../core/host.ts";
import type { Logger } from "../core/logger.ts";
import { queryCheck } from "./endpoint/query.ts";
import { problemResponse } from "./problem.ts";
import { reportInternal } from "./report.ts";

/** A handler may return one shared 204 response; it is copied before it is changed. */
type HotHandler = (request: Request) => Promise<Response>;

/** None of these endpoints has parameters. */
const checkQuery = queryCheck([]);

/** By method and path: `POST /api/event`. */
export type HotRoutes = Readonly<Record<string, HotHandler>>;

export type Fetch = (request: Request) => Response | Promise<Response>;

export function mountHot(app: Hono, routes: HotRoutes): void {
  for (const [name, handler] of Object.entries(routes)) {
    const [method = "", path = ""] = name.split(" ");
    app.on(method, path, async (c) => {
      checkQuery(c.req.url);
      const response = await handler(c.req.raw);
      return response.status === 204 ? new Response(null, response) : response;
    });
  }
}

export function serveHot(routes: HotRoutes, fetch: Fetch, logger: Logger): Fetch {
  const handlers = new Map(Object.entries(routes));
  return (request) => {
    const path = pathOf(request.url);
    const handler = handlers.get(`${request.method} ${path}`);
    if (handler === undefined || request.headers.has("origin")) return fetch(request);
    return handler(request).catch((error: unknown) => {
      const failure = failureFrom(error);
      reportInternal(logger, { method: request.method, path }, failure);
      return problemResponse(failure);
    });
  };
}
