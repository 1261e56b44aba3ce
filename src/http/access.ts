/** The caller of a request, which the entry finds before the router. */

import { type Caller, openCaller } from "../core/access/caller.ts";

export {
  type Access as EndpointAccess,
  isPublic,
  needs,
  requireAccess,
} from "../core/access/need.ts";

/** On the request itself: a WeakMap would cost a tenth of what a measurement costs. */
const callerKey = Symbol("caller");

interface CalledRequest extends Request {
  [callerKey]?: Caller;
}

/** Before the router, for a gateway with access control. */
export function setCaller(request: CalledRequest, caller: Caller): void {
  request[callerKey] = caller;
}

/** Of `c.req.raw`. Where nothing is configured, everybody may do everything. */
export function callerOf(request: CalledRequest): Caller {
  return request[callerKey] ?? openCaller;
}
