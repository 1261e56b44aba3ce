/** The id of a request: as `X-Request-Id` of the caller or its proxy has it, else made here. */

import { newRequestId, requestIdHeader, usableRequestId } from "../../core/trace/request-id.ts";

const ids = new WeakMap<Request, string>();

/** What the caller sent, where it can be used. */
export function givenRequestId({ headers }: Request): string | undefined {
  return usableRequestId(headers.get(requestIdHeader));
}

/** The same for each call with this request. */
export function requestIdOf(request: Request): string {
  let id = ids.get(request);
  if (id === undefined) {
    id = givenRequestId(request) ?? newRequestId();
    ids.set(request, id);
  }
  return id;
}

/** Undefined for a request that did not bring an id, and for which none was made. */
export function knownRequestId(request: Request): string | undefined {
  return ids.get(request) ?? givenRequestId(request);
}
