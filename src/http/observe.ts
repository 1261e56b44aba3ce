/** What every HTTP request is counted by, once its answer begins. */

import { type FailureCode, failureCodes } from "../core/failure.ts";
import { pathOf } from "../core/host.ts";
import type { Counts } from "../core/metrics/counts.ts";
import type { Protocol, Requests } from "../core/metrics/requests.ts";
import { methods } from "./endpoint/endpoint.ts";
import type { Fetch } from "./hot.ts";
import { failureOf, httpStatus } from "./problem.ts";

/** The pattern of an address; undefined: there is nothing. */
export type RouteOf = (method: string, path: string) => string | undefined;

export interface ObserveDeps {
  readonly requests: Requests;
  readonly refusals: Counts<FailureCode>;
  readonly routeOf: RouteOf;
  /** Addresses of RPC methods. */
  readonly isRpc: (route: string) => boolean;
}

const knownMethods = new Set<string>([...methods, "OPTIONS"]);

export function observeRequests(fetch: Fetch, deps: ObserveDeps): Fetch {
  return (request) => {
    const startedMs = performance.now();
    const answer = fetch(request);
    if (answer instanceof Response) return observed(request, answer, startedMs, deps);
    return answer.then((response) => observed(request, response, startedMs, deps));
  };
}

/** The address is looked at last: behind the entry it is complete and without a prefix. */
function observed(
  request: Request,
  response: Response,
  startedMs: number,
  { requests, refusals, routeOf, isRpc }: ObserveDeps,
): Response {
  const { method } = request;
  const path = withoutQuery(pathOf(request.url));
  const route = routeOf(method, path) ?? "none";
  const isUpgrade = response.status < 300 && isSocket(request);
  const over = isRpc(route) ? rpcProtocol(request) : "http";
  const protocol = isUpgrade ? "websocket" : over;
  const status = isUpgrade ? 101 : response.status;
  const named = knownMethods.has(method) ? method : "other";
  requests.route(protocol, named, route).add(status, performance.now() - startedMs);
  if (status >= 400) {
    const code = failureOf(response) ?? codeOf(status);
    if (code !== undefined) refusals.add(code);
  }
  return response;
}

function isSocket({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

function withoutQuery(path: string): string {
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

function rpcProtocol({ headers }: Request): Protocol {
  const isGrpcWeb = headers.get("content-type")?.startsWith("application/grpc-web") === true;
  return isGrpcWeb ? "grpc_web" : "connect";
}

/** Of an answer that another library made, or that was copied: its status says nearly as much. */
function codeOf(status: number): FailureCode | undefined {
  return failureCodes.find((code) => httpStatus[code] === status);
}
