/** Calls on the gRPC port that name another host than this node's. */

import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { closeUnread } from "./http2-stream.ts";
import type { RpcServerOptions } from "./server.ts";
import { connectErrorFrom } from "./status.ts";

/** Answers the calls for whose `:authority` or `Host` the check throws a Failure. */
export function refuseForeignHosts(
  checkHost: (given: string | null) => unknown,
): NonNullable<RpcServerOptions["refuses"]> {
  return (stream, headers) => {
    try {
      checkHost(headers[":authority"] ?? null);
      checkHost(headers.host ?? null);
      return false;
    } catch (error) {
      refuse(stream, headers, error);
      return true;
    }
  };
}

/** As each protocol says it: a status without a message, or an error in the body. */
function refuse(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, cause: unknown): void {
  const error = connectErrorFrom(cause);
  const contentType = headers["content-type"] ?? "";
  if (contentType.startsWith("application/grpc")) {
    const status = new Headers();
    setTrailerStatus(status, error);
    stream.respond(
      { ":status": 200, "content-type": contentType, ...Object.fromEntries(status) },
      { endStream: true },
    );
    closeUnread(stream);
  } else {
    stream.respond({
      ":status": codeToHttpStatus(error.code),
      "content-type": "application/json",
    });
    stream.end(JSON.stringify(errorToJson(error, undefined)), () => closeUnread(stream));
  }
}
