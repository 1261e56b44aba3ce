/**
 * Connect's side of the thin path: unary methods behind `fetch`, which take the body as it came. By
 * hand, because connect-es decodes the message, encodes it again and makes half a dozen promises a
 * call; `bench/floors` measures that. The conformance suite runs over this path as well. The wire
 * form is that of connectrpc.com/docs/protocol.
 */

import type { ConnectError } from "@connectrpc/connect";
import {
  codeToHttpStatus,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  errorToJson,
  headerContentType,
  headerTimeout,
  headerUnaryContentLength,
  headerUnaryEncoding,
  parseTimeout,
} from "@connectrpc/connect/protocol-connect";
import type { Caller } from "../../core/access/caller.ts";
import { pathOf } from "../../core/host.ts";
import { requestIdHeader } from "../../core/trace/request-id.ts";
import { reportedStatus } from "../failures.ts";
import type { FetchHandler } from "../fetch.ts";
import type { ThinCall, ThinMethod, ThinOptions } from "./call.ts";
import { deadlineExceeded } from "./errors.ts";
import { bufferOf } from "./messages.ts";

const timeoutMsMax = 2 ** 31 - 1;
const ok: ResponseInit = { headers: { [headerContentType]: contentTypeUnaryProto } };

/** Leaves to the handlers behind it what it does not know: other methods, codecs and compressions. */
export function createThinConnect(options: ThinOptions): FetchHandler {
  const { methods, messageBytesMax } = options;
  return (request, caller) => {
    const { headers } = request;
    if (request.method !== "POST" || headers.get(headerContentType) !== contentTypeUnaryProto) {
      return undefined;
    }
    const encoding = headers.get(headerUnaryEncoding);
    if (encoding !== null && encoding !== "identity") return undefined;
    // A declared length bounds the body; connect-es counts the bytes of a body in chunks.
    const length = headers.get(headerUnaryContentLength);
    if (length === null || Number(length) > messageBytesMax) return undefined;
    const method = methods.get(pathOf(request.url));
    return method?.answers === "unary" ? answer(method, options, request, caller) : undefined;
  };
}

async function answer(
  method: ThinMethod,
  { inFlight, logger, readBody }: ThinOptions,
  request: Request,
  caller: Caller,
): Promise<Response> {
  const { call, answer } = method.open(caller, request.headers.get("traceparent"));
  try {
    inFlight.refuseIfFull(caller.portion);
    const timeout = request.headers.get(headerTimeout);
    const bytes = bufferOf(await readBody(request));
    call.take(bytes, 0, bytes.byteLength);
    await (timeout === null ? call.settled() : settledWithin(call, timeout));
    return new Response(answer(), ok);
  } catch (error) {
    const requestId = request.headers.get(requestIdHeader);
    return errorResponse(reportedStatus(error, logger, pathOf(request.url), requestId));
  } finally {
    call.close();
  }
}

/** Records that were taken still reach the log: the caller only gets no answer about them. */
async function settledWithin(call: ThinCall, timeout: string): Promise<void> {
  const { timeoutMs, error } = parseTimeout(timeout, timeoutMsMax);
  if (error !== undefined) throw error;
  if (timeoutMs === undefined) return await call.settled();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(deadlineExceeded(timeoutMs)), timeoutMs);
  try {
    await Promise.race([call.settled(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function errorResponse(status: ConnectError): Response {
  return new Response(JSON.stringify(errorToJson(status, undefined)), {
    status: codeToHttpStatus(status.code),
    // Without a charset, which `Response.json` adds: connect-go then reads no error in the body.
    headers: { ...Object.fromEntries(status.metadata), [headerContentType]: contentTypeUnaryJson },
  });
}
