/**
 * The id of a call on the gRPC port. A call has one if it brought one, or if the access log names every
 * call; a failure of the gateway gets one with its log line. All other calls have none: no line leads to
 * them.
 */

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { newRequestId, requestIdHeader, usableRequestId } from "../core/trace/request-id.ts";

/**
 * Gives the call its id: what serves it finds the id in `headers`, and the answer carries it, whatever
 * answers. Returns it; undefined where the call has none.
 */
export function identifyCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  isNamed: boolean,
): string | undefined {
  const given = headers[requestIdHeader];
  if (given === undefined && !isNamed) return undefined;
  const id = usableRequestId(typeof given === "string" ? given : undefined) ?? newRequestId();
  headers[requestIdHeader] = id;
  const respond = stream.respond.bind(stream);
  stream.respond = (answer, options) => {
    if (answer !== undefined && "length" in answer) throw new TypeError("expected headers by name");
    respond({ ...answer, [requestIdHeader]: id }, options);
  };
  return id;
}
