/**
 * What every HTTP request passes before anything looks at its address. Behind it `request.url` is
 * absolute, and its host is one of this node's.
 */

import { Failure, invalidField, quoted } from "../../core/failure.ts";
import { type Fetch, pathOf, shownPath } from "../../core/host.ts";
import type { Logger } from "../../core/logger.ts";
import { heedProxies, type PeerDeps } from "../credentials/peer.ts";
import { limitHeaders } from "../headers.ts";
import { limitOrigins } from "../origin.ts";
import { problemResponse } from "../problem.ts";

export interface EntryOptions {
  /** Returns the host and port for the URL of a request with this `Host`, or throws a Failure. */
  readonly checkHost: (given: string | null) => string;
  /** Undefined: clients reach this listener without TLS. */
  readonly tls?: object | undefined;
  /** Who is believed about who calls. */
  readonly peers: PeerDeps;
  readonly origins: readonly string[];
  readonly headerBytesMax: number;
  readonly logger: Logger;
}

export function createEntry(
  fetch: Fetch,
  { checkHost, tls, peers, origins, headerBytesMax, logger }: EntryOptions,
): Fetch {
  const scheme = tls === undefined ? "http" : "https";
  const checked = limitOrigins(fetch, origins, logger);
  const entry: Fetch = (request) => {
    try {
      const client = heedProxies(request, peers);
      const host = checkHost(client?.host ?? request.headers.get("host"));
      if (!isAbsolute.test(request.url)) completeUrl(request, `${scheme}://${host}`);
      // The runtime may see another scheme: its own server can be behind the one that ends TLS.
      if (client !== undefined || !request.url.startsWith(scheme)) {
        useAddress(request, `${client?.scheme ?? scheme}://${host}`);
      }
      if (request.headers.has("trailer")) refuseTrailers(request);
    } catch (error) {
      return problemResponse(error);
    }
    // The runtime sends the headers of the whole response, its length among them, and no body.
    if (request.method === "HEAD") Object.defineProperty(request, "method", { value: "GET" });
    return checked(request);
  };
  return limitHeaders(entry, headerBytesMax);
}

/**
 * Bun answers 400 to trailers of HTTP/1.1 on its own, once the handler has the body: what was stored
 * would be sent again.
 */
function refuseTrailers({ headers }: Request): void {
  if (!headers.has("transfer-encoding")) return;
  throw invalidField(
    "trailer",
    "Cannot read a body with trailers over HTTP/1.1: expected none, or HTTP/2",
  );
}

const isAbsolute = /^https?:\/\//;

/** Bun has the bare path for a request whose `Host` it cannot use, or that has none (HTTP/1.0). */
function completeUrl(request: Request, base: string): void {
  const { url } = request;
  if (!url.startsWith("/")) {
    throw new Failure(
      "invalid",
      `Cannot use the address ${quoted(shownPath(url))}: expected a path`,
    );
  }
  // On the request itself, because a copy could not become a WebSocket.
  Object.defineProperty(request, "url", { value: new URL(`${base}${url}`).href });
}

/** The address as the client has it: links, cookies and the check of origins follow from it. */
function useAddress(request: Request, base: string): void {
  Object.defineProperty(request, "url", { value: `${base}${pathOf(request.url)}` });
}
