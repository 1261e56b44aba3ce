/**
 * Pages of other sites. A browser lets them send simple requests anywhere, and open WebSockets
 * without asking first, so what they may do is decided here and not left to CORS alone.
 */

import type { Hono } from "hono";
import { cors } from "hono/cors";
import { Failure, quoted } from "../core/failure.ts";
import type { Fetch } from "../core/host.ts";
import type { Logger } from "../core/logger.ts";
import { hostOf } from "./credentials/peer.ts";
import { methods } from "./endpoint/endpoint.ts";
import { problemResponse } from "./problem.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** The node's own pages, and what a person typed. */
const ownSites = new Set(["same-origin", "none"]);

const restHeaders = [
  "Authorization",
  "Cache-Control",
  "Content-Type",
  "Content-Encoding",
  "Idempotency-Key",
  "Last-Event-ID",
  "Sluice-Record-Headers",
  "Sluice-Schema-Id",
  "Traceparent",
  "X-Request-Id",
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
      origin: origins.includes("*") ? "*" : (given) => namedOrigin(given, origins),
      allowMethods: [...methods],
      allowHeaders: [...restHeaders, "If-None-Match", ...rpcRequestHeaders],
      exposeHeaders: [
        "Location",
        "Retry-After",
        "X-Request-Id",
        ...schemaHeaders,
        ...rpcResponseHeaders,
      ],
      maxAge: 600,
    }),
  );
}

/** The origin as its page spells it, where it is one of them. */
function namedOrigin(given: string, origins: readonly string[]): string | null {
  const origin = parseOrigin(given);
  return origin !== undefined && origins.includes(origin) ? given : null;
}

/**
 * Refuses to change anything for a page of another site that is not among the origins, and reports
 * the first such page: its author sees an error of CORS, which does not name the setting.
 */
export function limitOrigins(fetch: Fetch, origins: readonly string[], logger: Logger): Fetch {
  let isReported = false;
  return (request) => {
    const origin = request.headers.get("origin");
    if (origin === null || isAllowed(request, origin, origins)) return fetch(request);
    if (!isReported) {
      isReported = true;
      const host = hostOf(request) ?? undefined;
      logger("warn", "page of another origin is refused; expected one of SLUICE_ORIGINS", {
        origin,
        host,
      });
    }
    return safeMethods.has(request.method)
      ? fetch(request)
      : problemResponse(refused(origin, request));
  };
}

/** Throws `forbidden` for a request of a page of another site that is not among the origins. */
export function checkOrigin(request: Request, origins: readonly string[]): void {
  const origin = request.headers.get("origin");
  if (origin !== null && !isAllowed(request, origin, origins)) throw refused(origin, request);
}

/**
 * The same for a `GET` that writes, which a page can send without naming its origin: as an image, or
 * by a link. A browser then says in `Sec-Fetch-Site` where it comes from.
 */
export function checkSite(request: Request, origins: readonly string[]): void {
  if (request.headers.has("origin")) return checkOrigin(request, origins);
  const site = request.headers.get("sec-fetch-site");
  if (site === null || ownSites.has(site) || origins.includes("*")) return;
  throw new Failure(
    "forbidden",
    `Cannot write by GET for a page of another site (Sec-Fetch-Site ${quoted(site)}): expected POST from one of SLUICE_ORIGINS`,
  );
}

/**
 * Whether a cookie of this request counts: it comes from the node's own page, or from no page. A browser
 * sends cookies for other ports of the same host as well, and those are other sites here.
 */
export function isOwnPage(request: Request): boolean {
  const { headers, method } = request;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return ownSites.has(site);
  // Browsers leave the header out for hosts that are not loopback, without TLS.
  const origin = parseOrigin(headers.get("origin") ?? "");
  if (origin !== undefined) return origin === ownOrigin(request, origin);
  return !headers.has("origin") && safeMethods.has(method);
}

/** The spelling that browsers send: `https://example.com`. Undefined for what is not an origin. */
export function parseOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, href } = new URL(text);
  return href === `${origin}/` ? origin : undefined;
}

function isAllowed(request: Request, given: string, origins: readonly string[]): boolean {
  if (origins.includes("*")) return true;
  const origin = parseOrigin(given);
  if (origin === undefined) return false;
  return origins.includes(origin) || origin === ownOrigin(request, origin);
}

/** A proxy may have ended TLS, so the scheme is the page's: `Host: a.example:443` is `https://a.example`. */
function ownOrigin(request: Request, origin: string): string | undefined {
  const scheme = origin.slice(0, origin.indexOf(":"));
  return parseOrigin(`${scheme}://${hostOf(request) ?? ""}`);
}

function refused(origin: string, request: Request): Failure {
  const host = hostOf(request);
  return new Failure(
    "forbidden",
    `Cannot serve a page of ${quoted(origin)}: expected one of ${host}, or of SLUICE_ORIGINS`,
  );
}
