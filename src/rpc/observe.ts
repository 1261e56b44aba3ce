/** What every call of the gRPC port is counted by, once it is over. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Code } from "@connectrpc/connect";
import { codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import type { Caller } from "../core/access/caller.ts";
import { type FailureCode, failureCodes } from "../core/failure.ts";
import { shownMethod, shownPath } from "../core/host.ts";
import type { Logger } from "../core/logger.ts";
import type { Counts } from "../core/metrics/counts.ts";
import type { Protocol, Requests, RouteRequests } from "../core/metrics/requests.ts";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { identifyCall } from "./request-id.ts";

export interface ObserveCallsDeps {
  readonly requests: Requests;
  readonly refusals: Counts<FailureCode>;
  /** True for the path of a method. */
  readonly isMethod: (path: string) => boolean;
  /** Writes a line for each call; undefined: none is written. */
  readonly accessLog: Logger | undefined;
}

/**
 * Begins to observe a call. What it returns must be called when the stream has closed, with the caller if it
 * was found.
 */
export type ObserveCall = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
) => (caller: Caller | undefined) => void;

/** A client that resets its call gets no status. */
const leftStatus = 499;

export function createObserveCall({
  requests,
  refusals,
  isMethod,
  accessLog,
}: ObserveCallsDeps): ObserveCall {
  const grpc = new Map<string, RouteRequests>();
  const routeOf = (path: string) => {
    const plain = path.split("?", 1)[0] ?? "";
    return isMethod(plain) ? plain : "none";
  };
  return (stream, headers) => {
    const startedMs = performance.now();
    const path = headers[":path"] ?? "";
    const protocol = protocolOf(headers["content-type"]);
    const id = identifyCall(stream, headers, accessLog !== undefined);
    let route = protocol === "grpc" ? grpc.get(path) : undefined;
    if (route === undefined) {
      const known = routeOf(path);
      route = requests.route(protocol, "POST", known);
      if (protocol === "grpc" && known === path) grpc.set(path, route);
    }
    const observed = route;
    return (caller) => {
      const ms = performance.now() - startedMs;
      const status = statusOf(stream, protocol);
      observed.add(status, ms);
      accessLog?.("info", "request", {
        protocol,
        method: shownMethod(headers[":method"]),
        path: shownPath(path),
        route: routeOf(path),
        status,
        ms: Math.round(ms * 1000) / 1000,
        principal: caller?.principal.id,
        request_id: id,
      });
      const code = protocol === "grpc" ? refusalOf(stream) : undefined;
      if (code !== undefined) refusals.add(code);
    };
  };
}

function protocolOf(contentType = ""): Protocol {
  if (contentType.startsWith("application/grpc-web")) return "grpc_web";
  return contentType.startsWith("application/grpc") ? "grpc" : "connect";
}

function statusOf(stream: ServerHttp2Stream, protocol: Protocol): number {
  if (protocol !== "grpc") return Number(stream.sentHeaders?.[":status"] ?? leftStatus);
  const grpcStatus = endOf(stream)?.["grpc-status"];
  if (grpcStatus === undefined) return leftStatus;
  const code = Number(grpcStatus);
  return code === 0 ? 200 : codeToHttpStatus(isCode(code) ? code : Code.Unknown);
}

function isCode(code: number): code is Code {
  return Code[code] !== undefined;
}

/** The trailers; the headers of an answer that has nothing else. */
function endOf({ sentTrailers, sentHeaders }: ServerHttp2Stream): OutgoingHttpHeaders | undefined {
  return sentTrailers ?? sentHeaders;
}

/** As `ErrorInfo` has it, which every failure is sent with. */
function refusalOf(stream: ServerHttp2Stream): FailureCode | undefined {
  const end = endOf(stream);
  if (end?.["grpc-status-details-bin"] === undefined) return undefined;
  const given = Object.entries(end).flatMap(([name, value]): [string, string][] =>
    name.startsWith("grpc-") && value !== undefined ? [[name, String(value)]] : [],
  );
  const [info] = findTrailerError(new Headers(given))?.findDetails(ErrorInfoSchema) ?? [];
  const reason = info?.reason.toLowerCase();
  return failureCodes.find((code) => code === reason);
}
