/** Finds the caller of each request before the router, and before the addresses that bypass it. */

import { Caller } from "../../core/access/caller.ts";
import { Grants } from "../../core/access/grant.ts";
import type { Guard } from "../../core/access/guard.ts";
import { type Failure, failureFrom } from "../../core/failure.ts";
import { type Fetch, pathOf, withoutQuery } from "../../core/host.ts";
import type { Logger } from "../../core/logger.ts";
import { setCaller } from "../access.ts";
import { reportInternal } from "../observe/report.ts";
import { failureResponse } from "../problem.ts";
import { credentialsOf } from "./credentials.ts";
import { type PeerDeps, peerOf } from "./peer.ts";

export interface AuthenticateDeps {
  readonly guard: Guard;
  readonly logger: Logger;
  /** Paths whose query may have user and password, as clients of InfluxDB 1 send them. */
  readonly passwordPaths: ReadonlySet<string>;
  /** Whether the address refuses a caller in another form than a problem: it gets a caller that has ended. */
  readonly refusesItself: (method: string, path: string) => boolean;
  readonly peers: PeerDeps;
}

/**
 * A request with wrong credentials is answered here. One exception is the cookie of a page's session,
 * which browsers send with everything: public addresses, the login among them, must still be served when
 * it has expired. The other is addresses that answer in another API's form.
 */
export function authenticate(
  fetch: Fetch,
  { guard, logger, passwordPaths, refusesItself, peers }: AuthenticateDeps,
): Fetch {
  const refuse = (request: Request, error: unknown) => {
    const failure = failureFrom(error);
    reportInternal(
      logger,
      { method: request.method, path: pathOf(request.url), raw: request },
      failure,
    );
    return failureResponse(request, failure);
  };
  return (request) => {
    if (!guard.tellsApart) return fetch(request);
    let isPage = false;
    const serve = (caller: Caller) => {
      setCaller(request, caller);
      try {
        admit(request, caller);
      } catch (error) {
        return refuse(request, error);
      }
      return fetch(request);
    };
    const refusedOr = (error: unknown) => {
      const path = withoutQuery(pathOf(request.url));
      if (!isPage && !refusesItself(request.method, path)) return refuse(request, error);
      setCaller(request, refusedCaller(failureFrom(error)));
      return fetch(request);
    };
    try {
      const credentials = credentialsOf(request, passwordPaths, peerOf(request, peers));
      isPage = credentials.cookie !== undefined;
      const caller = guard.caller(credentials);
      if (caller instanceof Promise) {
        return caller.then(serve, refusedOr);
      }
      return serve(caller);
    } catch (error) {
      return refusedOr(error);
    }
  };
}

/** What balancers query all the time, whatever their clients do. */
const probes = new Set(["/livez", "/readyz"]);

/** Counts the request against the caller's limits. */
function admit(request: Request, { allowance }: Caller): void {
  if (allowance === undefined || probes.has(pathOf(request.url))) return;
  allowance.admit(request.method !== "GET");
}

/** May do nothing, and says why. */
function refusedCaller(reason: Failure): Caller {
  const caller = new Caller({
    kind: "anonymous",
    id: "anonymous",
    name: "anonymous",
    grants: Grants.none,
  });
  caller.end(reason);
  return caller;
}
