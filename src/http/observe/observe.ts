/** What every HTTP request is counted by, once its answer begins. */

import { type FailureCode, failureCodes } from "../../core/failure.ts";
import { type Fetch, pathOf, shownMethod, shownPath } from "../../core/host.ts";
import type { Logger } from "../../core/logger.ts";
import type { Counts } from "../../core/metrics/counts.ts";
import type { Protocol, Requests } from "../../core/metrics/requests.ts";
import { newRequestId, requestIdHeader } from "../../core/trace/request-id.ts";
import { callerOf } from "../access.ts";
import { methods } from "../endpoint/endpoint.ts";
import { failureOf, httpStatus } from "../problem.ts";
import { knownRequestId } from "./request-id.ts";
import { type ServedRoute, servedRoute } from "./served-route.ts";

/** The pattern of an address; undefined: there is nothing. */
export type RouteOf = (method: string, path: string) => string | undefined;

export interface ObserveDeps {
  readonly requests: Requests;
  readonly refusals: Counts<FailureCode>;
  readonly routeOf: RouteOf;
  /** Addresses of RPC methods. */
  readonly isRpc: (route: string) => boolean;
  /** Addresses that are called once a record. */
  readonly hot: readonly ServedRoute[];
  /** Writes a line for each request; undefined: none is written. */
  readonly accessLog: Logger | undefined;
}

const knownMethods = new Set<string>([...methods, "OPTIONS"]);

export function observeRequests(fetch: Fetch, deps: ObserveDeps): Fetch {
  const { requests, accessLog } = deps;
  const hot = new Map(
    deps.hot.map((route) => [route, requests.route("http", route.method, route.path)]),
  );
  const observe = (request: Request, response: Response, startedMs: number) => {
    if (response.status >= 300 || accessLog !== undefined) {
      return observed(request, response, startedMs, deps);
    }
    const served = servedRoute(request);
    const route = served === undefined ? undefined : hot.get(served);
    if (route === undefined) return observed(request, response, startedMs, deps);
    route.add(response.status, performance.now() - startedMs);
    // No line of a log leads to it, so it has no id, unless its caller sent one.
    const id = knownRequestId(request);
    return id === undefined ? response : withRequestId(response, id);
  };
  return (request) => {
    const startedMs = performance.now();
    const answer = fetch(request);
    if (answer instanceof Response) return observe(request, answer, startedMs);
    return answer.then((response) => observe(request, response, startedMs));
  };
}

/** The address is looked at last: behind the entry it is complete and without a prefix. */
function observed(
  request: Request,
  response: Response,
  startedMs: number,
  deps: ObserveDeps,
): Response {
  const { requests, refusals, routeOf, isRpc, accessLog } = deps;
  const { method } = request;
  const route = servedRoute(request)?.path ?? routeOf(method, pathWithoutQuery(request)) ?? "none";
  const isUpgrade = response.status < 300 && isSocket(request);
  const over = isRpc(route) ? rpcProtocol(request) : "http";
  const protocol = isUpgrade ? "websocket" : over;
  const status = isUpgrade ? 101 : response.status;
  const named = knownMethods.has(method) ? method : "other";
  const ms = performance.now() - startedMs;
  requests.route(protocol, named, route).add(status, ms);
  if (status >= 400) {
    const code = failureOf(response) ?? codeOf(status);
    if (code !== undefined) refusals.add(code);
  }
  // A call that failed has got one with its log line.
  const mayHaveId = status >= 400 || over !== "http";
  const given = mayHaveId ? response.headers.get(requestIdHeader) : null;
  const id = given ?? knownRequestId(request) ?? newRequestId();
  accessLog?.("info", "request", {
    protocol,
    method: shownMethod(method),
    path: shownPath(pathWithoutQuery(request)),
    route,
    status,
    ms: Math.round(ms * 1000) / 1000,
    principal: callerOf(request).principal.id,
    request_id: id,
  });
  return isUpgrade ? response : withRequestId(response, id);
}

/** Answers without a body may be shared. */
function withRequestId(response: Response, id: string): Response {
  const own = response.status === 204 ? new Response(null, response) : response;
  own.headers.set(requestIdHeader, id);
  return own;
}

function isSocket({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

function pathWithoutQuery(request: Request): string {
  const path = pathOf(request.url);
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
