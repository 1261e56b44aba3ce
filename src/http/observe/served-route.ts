/**
 * The endpoint that serves a request, as it says itself. What looks for it otherwise is the
 * router, and a second search takes longer than all else that is counted of a request.
 */

/** On the request itself, as its caller is (`../access.ts`). */
const routeKey = Symbol("route");

/** One object for all requests to an endpoint. `path` is a pattern. */
export interface ServedRoute {
  readonly method: string;
  readonly path: string;
}

interface ServedRequest extends Request {
  [routeKey]?: ServedRoute;
}

export function setServedRoute(request: ServedRequest, route: ServedRoute): void {
  request[routeKey] = route;
}

/** Undefined for a request that was refused before, or that no endpoint serves. */
export function servedRoute(request: ServedRequest): ServedRoute | undefined {
  return request[routeKey];
}
