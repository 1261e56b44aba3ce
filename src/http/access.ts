/** The caller of a request, which the entry finds before the router. */

import { type Caller, openCaller } from "../core/access/caller.ts";

export {
  type Access as EndpointAccess,
  isPublic,
  needs,
  requireAccess,
} from "../core/access/need.ts";

const callers = new WeakMap<Request, Caller>();

/** Before the router, for a gateway with access control. */
export function setCaller(request: Request, caller: Caller): void {
  callers.set(request, caller);
}

/** Of `c.req.raw`. Where nothing is configured, everybody may do everything. */
export function callerOf(request: Request): Caller {
  return callers.get(request) ?? openCaller;
}
