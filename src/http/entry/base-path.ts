/**
 * A gateway below a path prefix of its host. A proxy that removes the prefix needs no setting: pages,
 * redirects and the OpenAPI document name everything relative to the asked address. A proxy that
 * keeps it needs `SLUICE_BASE_PATH`, and the prefix is removed here.
 */

import { Failure, quoted } from "../../core/failure.ts";
import { type Fetch, pathOf, shownPath } from "../../core/host.ts";
import { problemResponse } from "../problem.ts";

/** Asked by balancers and orchestrators, which come to the node itself. */
const probes = new Set(["/livez", "/readyz"]);

/** Segments without escapes, so that every proxy and browser reads them alike. */
const basePathPattern = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;

/** Undefined for what cannot be a prefix. A slash at its end is dropped; `/` is no prefix. */
export function parseBasePath(text: string): string | undefined {
  const path = text.replace(/\/$/, "");
  return path === "" || (path.length <= 200 && basePathPattern.test(path)) ? path : undefined;
}

/** Serves the requests below the prefix as if they had none, and no others but the probes. */
export function underBasePath(fetch: Fetch, basePath: string): Fetch {
  if (basePath === "") return fetch;
  return (request) => {
    const { url } = request;
    const target = pathOf(url);
    const end = target.search(/[?#]|$/);
    const path = target.slice(0, end);
    if (probes.has(path)) return fetch(request);
    if (path === basePath) {
      // Relative addresses on the page would lead above the prefix.
      const location = `${basePath}/${target.slice(end)}`;
      return new Response(null, { status: 308, headers: { location } });
    }
    if (!path.startsWith(`${basePath}/`)) {
      const message = `There is nothing at ${quoted(shownPath(path))}: expected an address below ${basePath}/ (SLUICE_BASE_PATH)`;
      return problemResponse(new Failure("not_found", message));
    }
    const origin = url.slice(0, url.length - target.length);
    // On the request itself, because a copy could not become a WebSocket.
    Object.defineProperty(request, "url", { value: origin + target.slice(basePath.length) });
    return fetch(request);
  };
}

/**
 * The address for `Location`, which clients append to a host as often as they resolve it, so that it
 * is absolute. A proxy that removes a prefix names it in `X-Forwarded-Prefix`; the header affects
 * this answer alone, so that anybody may send it.
 */
export function publicPath({ headers }: Request, basePath: string, path: string): string {
  if (basePath !== "") return basePath + path;
  return (parseBasePath(headers.get("x-forwarded-prefix") ?? "") ?? "") + path;
}
