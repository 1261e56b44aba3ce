/**
 * Pages of other sites. A browser lets them send simple requests anywhere, and open WebSockets
 * without asking first, so what they may do is decided here and not left to CORS alone.
 */

import type { Hono } from "hono";
import { cors } from "hono/cors";
import { Failure, quoted } from "../core/failure.ts";
import { methods } from "./endpoint/endpoint.ts";
import { problemResponse } from "./problem.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

const restHeaders = [
  "Content-Type",
  "Content-Encoding",
  "Idempotency-Key",
  "Last-Event-ID",
  "Sluice-Schema-Id",
];

/** Response headers of descriptor sets. */
const schemaHeaders = ["ETag", "Sluice-Schema-Id", "Sluice-Schema-File"];
/** What Connect and gRPC-Web send in addition, and what their clients must be able to read. */
const rpcRequestHeaders = [
  "Connect-Protocol-Version",
  "Connect-Timeout-Ms",
  "Connect-Content-Encoding",
  "Connect-Accept-Encoding",
  "Grpc-Timeout",
  "X-Grpc-Web",
  "X-User-Agent",
];
const rpcResponseHeaders = [
  "Connect-Content-Encoding",
  "Content-Encoding",
  "Grpc-Status",
  "Grpc-Message",
  "Grpc-Status-Details-Bin",
];

/** What pages of these origins need to use every endpoint; without origins nothing is added. */
export function mountCors(app: Hono, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.use(
    cors({
      origin: origins.includes("*") ? "*" : [...origins],
      allowMethods: [...methods],
      allowHeaders: [...restHeaders, "If-None-Match", ...rpcRequestHeaders],
      exposeHeaders: ["Location", "Retry-After", ...schemaHeaders, ...rpcResponseHeaders],
      maxAge: 600,
    }),
  );
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** Refuses to change anything for a page of another site that is not among the origins. */
export function limitOrigins(fetch: Fetch, origins: readonly string[]): Fetch {
  return (request) => {
    const origin = safeMethods.has(request.method) ? null : request.headers.get("origin");
    if (origin === null) return fetch(request);
    try {
      checkOrigin(request, origins);
    } catch (error) {
      return problemResponse(error);
    }
    return fetch(request);
  };
}

/** Throws `forbidden` for a request of a page of another site that is not among the origins. */
export function checkOrigin(request: Request, origins: readonly string[]): void {
  const origin = request.headers.get("origin");
  if (origin === null || origins.includes("*") || origins.includes(origin)) return;
  const host = request.headers.get("host");
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new Failure(
    "forbidden",
    `Cannot serve a page of ${quoted(origin)}: expected one of ${host}, or of SLUICE_ORIGINS`,
  );
}
