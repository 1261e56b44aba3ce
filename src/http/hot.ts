/**
 * The way of the few addresses that are called once a record: what the router costs a request is not
 * small beside the rest of it (`bench/floors/event.ts`). Whatever else such an address has to do
 * (pages of other sites, other methods) is the router's, where the same handlers are mounted.
 */
import type { Hono } from "hono";
import { failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { problemResponse } from "./problem.ts";
import { reportInternal } from "./report.ts";

/** A 204 may be one for many calls: whoever adds to it makes one of his own. */
type HotHandler = (request: Request) => Promise<Response>;

/** By method and path: `POST /api/event`. */
export type HotRoutes = Readonly<Record<string, HotHandler>>;

export type Fetch = (request: Request) => Response | Promise<Response>;

export function mountHot(app: Hono, routes: HotRoutes): void {
  for (const [name, handler] of Object.entries(routes)) {
    const [method = "", path = ""] = name.split(" ");
    app.on(method, path, async (c) => {
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

/** Of an absolute URL; without making an object of it. */
function pathOf(url: string): string {
  const from = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", from);
  return query < 0 ? url.slice(from) : url.slice(from, query);
}
