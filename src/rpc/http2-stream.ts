/**
 * A `node:http2` stream as the request and the response of a handler. On the stream itself and not
 * on the compatibility layer: that costs more, and hides trailers and reset codes.
 */

import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalServerRequest, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { withoutUtf8 } from "./content-type.ts";

/** What a reset of the stream means, as gRPC over HTTP/2 maps it; any other code: the peer left. */
const codeOfReset: Readonly<Record<number, Code>> = {
  [constants.NGHTTP2_PROTOCOL_ERROR]: Code.Internal,
  [constants.NGHTTP2_INTERNAL_ERROR]: Code.Internal,
  [constants.NGHTTP2_FLOW_CONTROL_ERROR]: Code.Internal,
  [constants.NGHTTP2_SETTINGS_TIMEOUT]: Code.Internal,
  [constants.NGHTTP2_FRAME_SIZE_ERROR]: Code.Internal,
  [constants.NGHTTP2_REFUSED_STREAM]: Code.Unavailable,
  [constants.NGHTTP2_CANCEL]: Code.Canceled,
  [constants.NGHTTP2_COMPRESSION_ERROR]: Code.Internal,
  [constants.NGHTTP2_CONNECT_ERROR]: Code.Internal,
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: Code.ResourceExhausted,
  [constants.NGHTTP2_INADEQUATE_SECURITY]: Code.PermissionDenied,
};

/** The body is read as the handler consumes it; `signal` aborts when the stream is closed. */
export function requestFromStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): UniversalServerRequest {
  const controller = new AbortController();
  stream.once("close", () => controller.abort(resetError(stream.rstCode)));
  return {
    httpVersion: "2.0",
    method: headers[":method"] ?? "",
    // Nothing reads the authority, and what clients put there need not be a host of the web.
    url: `http://localhost${headers[":path"] ?? "/"}`,
    header: webHeaders(headers),
    // Reading may end early while the answer is still to be written.
    body: stream.iterator({ destroyOnReturn: false }),
    signal: controller.signal,
  };
}

/**
 * Writes the response as fast as the peer takes it. A peer that takes nothing for `stallMsMax` is
 * reset with `ENHANCE_YOUR_CALM`, which clients show as `RESOURCE_EXHAUSTED`. Rejects when the
 * stream ended before the response.
 */
export async function writeResponse(
  stream: ServerHttp2Stream,
  { status, header, body, trailer }: UniversalServerResponse,
  stallMsMax: number,
): Promise<void> {
  const chunks = body?.[Symbol.asyncIterator]();
  try {
    // Headers go with the first bytes: until then the handler may add to them.
    let chunk = await chunks?.next();
    if (stream.destroyed || stream.closed) throw gone();
    stream.respond(nodeHeaders(status, header), { waitForTrailers: trailer !== undefined });
    if (trailer !== undefined) {
      stream.once("wantTrailers", () => stream.sendTrailers(nodeHeaders(undefined, trailer)));
    }
    for (; chunk !== undefined && chunk.done !== true; chunk = await chunks?.next()) {
      await write(stream, chunk.value, stallMsMax);
    }
    stream.end();
  } catch (error) {
    // The handler learns that its reader has left; an error that it throws then has no reader.
    chunks?.throw?.(error).catch(() => {});
    throw error;
  }
}

function write(stream: ServerHttp2Stream, bytes: Uint8Array, stallMsMax: number): Promise<void> {
  if (stream.destroyed || stream.closed) return Promise.reject(gone());
  if (stream.write(bytes)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM), stallMsMax);
    const done = () => {
      clearTimeout(timer);
      stream.off("drain", drained);
      stream.off("close", closed);
    };
    const drained = () => {
      done();
      resolve();
    };
    const closed = () => {
      done();
      reject(gone());
    };
    stream.once("drain", drained);
    stream.once("close", closed);
  });
}

/** Nothing reads what the caller still sends after its answer: without this it would wait for a reader. */
export function closeUnread(stream: ServerHttp2Stream): void {
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}

function gone(): ConnectError {
  return new ConnectError("The caller went away", Code.Canceled);
}

function resetError(rstCode: number | undefined): ConnectError | undefined {
  const code = rstCode === undefined ? undefined : codeOfReset[rstCode];
  return code === undefined
    ? undefined
    : new ConnectError(`The caller reset the stream with HTTP/2 code ${rstCode}`, code);
}

function webHeaders(headers: IncomingHttpHeaders): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    if (name === "content-type") all.append(name, withoutUtf8(String(value)));
    else if (typeof value === "string") all.append(name, value);
    else for (const one of value) all.append(name, one);
  }
  return all;
}

function nodeHeaders(
  status: number | undefined,
  headers: Headers | undefined,
): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = status === undefined ? {} : { ":status": status };
  for (const [name, value] of headers ?? []) all[name] = value;
  return all;
}
