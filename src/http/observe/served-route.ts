/**
 * The pattern of the endpoint that serves a request, as it says itself. What looks for it otherwise is the
 * router, and a second search takes longer than all else that is counted of a request.
 */

/** On the request itself, as its caller is (`../access.ts`). */
const routeKey = Symbol("route");

interface ServedRequest extends Request {
  [routeKey]?: string;
}

export function setServedRoute(request: ServedRequest, pattern: string): void {
  request[routeKey] = pattern;
}

/** Undefined for a request that was refused before, or that no endpoint serves. */
export function servedRoute(request: ServedRequest): string | undefined {
  return request[routeKey];
}
