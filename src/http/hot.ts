/**
 * The few endpoints that are called once for each record are served before the router, whose cost is
 * not small beside theirs (`bench/floors/event.ts`). Requests of pages, with a query, with escapes in their
 * path, or with other methods go to the router, where the same handlers are mounted.
 */

import type { Hono } from "hono";
import { failureFrom } from "../core/failure.ts";
import { type Fetch, pathOf } from "../core/host.ts";
import type { Logger } from "../core/logger.ts";
import { callerOf, requireAccess } from "./access.ts";
import { type Endpoint, type Given, givenOf, noQuery } from "./endpoint/endpoint.ts";
import type { Parameters } from "./endpoint/parameter.ts";
import { queryCheck } from "./endpoint/query.ts";
import { reportInternal } from "./observe/report.ts";
import { setServedRoute } from "./observe/served-route.ts";
import { failureResponse } from "./problem.ts";

/**
 * `name` is what the address has in place of its parameter, unchecked; undefined without one. A handler may
 * return one shared 204 response; it is copied before it is changed.
 */
type HotHandler = (request: Request, name?: string) => Promise<Response>;

export interface HotRoute {
  /** Its path has one parameter at most. */
  readonly endpoint: Pick<Endpoint, "method" | "path" | "access">;
  readonly handle: HotHandler;
}

/** An endpoint that `serve` mounts as well; its handler is given what the request has for it. */
export function hotRoute<
  Path extends Parameters,
  Query extends Parameters,
  Headers extends Parameters,
>(
  endpoint: Endpoint<Path, Query, Headers>,
  handler: (given: Given<Path, Query, Headers>, request: Request) => Promise<Response>,
): HotRoute {
  const parse = givenOf(endpoint);
  return {
    endpoint,
    handle(request, name) {
      const header = (field: string) => request.headers.get(field) ?? undefined;
      return handler(parse({ param: () => name, query: noQuery, header }), request);
    },
  };
}

const checkQuery = queryCheck([]);

/** Mounts the routes without parameters. A feature mounts its others with `serve`. */
export function mountHot(app: Hono, routes: readonly HotRoute[]): void {
  for (const route of routes) {
    const { method, path } = route.endpoint;
    app.on(method, path, async (c) => {
      setServedRoute(c.req.raw, route.endpoint);
      checkAccess(route, c.req.raw);
      checkQuery(c.req.url);
      const response = await route.handle(c.req.raw);
      return response.status === 204 ? new Response(null, response) : response;
    });
  }
}

export function serveHot(routes: readonly HotRoute[], fetch: Fetch, logger: Logger): Fetch {
  const methods = byMethod(routes);
  return (request) => {
    const path = pathOf(request.url);
    const found = methods.get(request.method)?.find(path);
    if (found === undefined || request.headers.has("origin")) return fetch(request);
    const { route, name } = found;
    const failed = (error: unknown) => {
      const failure = failureFrom(error);
      reportInternal(logger, { method: request.method, path, raw: request }, failure);
      return failureResponse(request, failure);
    };
    try {
      setServedRoute(request, route.endpoint);
      checkAccess(route, request, name);
      return route.handle(request, name).catch(failed);
    } catch (error) {
      return failed(error);
    }
  };
}

interface Found {
  readonly route: HotRoute;
  readonly name: string | undefined;
}

/** What is in front of the parameter of a path, and what is behind it. */
interface Pattern {
  readonly route: HotRoute;
  readonly before: string;
  readonly after: string;
}

/** The routes of one method. */
class Paths {
  readonly #whole = new Map<string, Found>();
  readonly #patterns: Pattern[] = [];

  add(route: HotRoute): void {
    const { path } = route.endpoint;
    const [before = "", after, ...more] = path.split(/\{\w+\}/);
    if (more.length > 0) throw new TypeError(`Cannot serve ${path}: it has several parameters`);
    if (after === undefined) this.#whole.set(before, { route, name: undefined });
    else this.#patterns.push({ route, before, after });
  }

  find(path: string): Found | undefined {
    const found = this.#whole.get(path);
    if (found !== undefined) return found;
    for (const { route, before, after } of this.#patterns) {
      if (!path.startsWith(before) || !path.endsWith(after)) continue;
      const name = path.slice(before.length, path.length - after.length);
      if (name !== "" && !notPlain.test(name)) return { route, name };
    }
    return undefined;
  }
}

/** Characters that the router treats specially. */
const notPlain = /[/?#%]/;

function byMethod(routes: readonly HotRoute[]): ReadonlyMap<string, Paths> {
  const methods = new Map<string, Paths>();
  for (const route of routes) {
    const { method } = route.endpoint;
    const paths = methods.get(method) ?? new Paths();
    methods.set(method, paths);
    paths.add(route);
  }
  return methods;
}

function checkAccess({ endpoint: { access } }: HotRoute, request: Request, name?: string): void {
  requireAccess(access, callerOf(request), () => name);
}
