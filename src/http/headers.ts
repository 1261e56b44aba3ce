/** The bound on request headers, answered with a problem instead of a cut connection. */

import { Failure } from "../core/failure.ts";
import type { Fetch } from "../core/host.ts";
import { problemResponse } from "./problem.ts";

/** Refuses requests whose address and headers together are larger than `bytesMax`. */
export function limitHeaders(fetch: Fetch, bytesMax: number): Fetch {
  return (request) => {
    let bytes = request.url.length;
    request.headers.forEach((value, name) => {
      bytes += name.length + value.length;
    });
    if (bytes <= bytesMax) return fetch(request);
    const message = `Cannot read the request: its headers have ${bytes} bytes, expected at most ${bytesMax}`;
    return problemResponse(new Failure("headers_too_large", message));
  };
}
