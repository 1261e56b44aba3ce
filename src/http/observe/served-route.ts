/**
 * The pattern of the endpoint that serves a request, as it says itself. What looks for it otherwise is the
 * router, and a second search takes longer than all else that is counted of a request.
 */

const routes = new WeakMap<Request, string>();

export function setServedRoute(request: Request, pattern: string): void {
  routes.set(request, pattern);
}

/** Undefined for a request that was refused before, or that no endpoint serves. */
export function servedRoute(request: Request): string | undefined {
  return routes.get(request);
}
