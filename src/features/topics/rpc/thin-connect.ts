/**
 * Connect's side of the collector's thin path: a unary `Publish` behind `fetch`, its body handed to
 * the collector as it came. connect-es decodes the message, encodes it again and keeps half a dozen
 * promises a call; `bench/` has what that costs. The wire form is connectrpc.com/docs/protocol.
 */
import { ConnectError } from "@connectrpc/connect";
import {
  codeToHttpStatus,
  contentTypeUnaryProto,
  errorToJson,
  headerContentType,
  headerTimeout,
  headerUnaryContentLength,
  headerUnaryEncoding,
  parseTimeout,
} from "@connectrpc/connect/protocol-connect";
import { Failure } from "../../../core/failure.ts";
import type { Call } from "../../../ingest/call.ts";
import type { Collector } from "../../../ingest/collector.ts";
import type { FetchHandler } from "../../../rpc/fetch.ts";
import { connectErrorFrom } from "../../../rpc/status.ts";
import { bufferOf } from "../../../rpc/thin/messages.ts";
import { bytesFromSummary, withRecords } from "./summary.ts";
import { collectorMethods } from "./thin-methods.ts";

export interface ThinConnectOptions {
  readonly collector: Collector;
  /** The largest message taken. */
  readonly messageBytesMax: number;
}

const timeoutMsMax = 2 ** 31 - 1;
const ok: ResponseInit = { headers: { [headerContentType]: contentTypeUnaryProto } };

/** Leaves to the handlers behind it what it does not know: other methods, codecs and compressions. */
export function createThinConnect({
  collector,
  messageBytesMax,
}: ThinConnectOptions): FetchHandler {
  const [path = ""] = [...collectorMethods].find(([, answers]) => answers === "unary") ?? [];
  return (request) => {
    const { headers } = request;
    if (request.method !== "POST" || headers.get(headerContentType) !== contentTypeUnaryProto) {
      return undefined;
    }
    const encoding = headers.get(headerUnaryEncoding);
    if (encoding !== null && encoding !== "identity") return undefined;
    // A length that is known is a bound that holds; a body in chunks is counted by connect-es.
    const length = headers.get(headerUnaryContentLength);
    if (length === null || Number(length) > messageBytesMax) return undefined;
    if (!request.url.endsWith(path)) return undefined;
    return publish(collector, request);
  };
}

async function publish(collector: Collector, request: Request): Promise<Response> {
  const call = collector.open();
  try {
    collector.inFlight.refuseIfFull();
    const timeout = request.headers.get(headerTimeout);
    const bytes = bufferOf(new Uint8Array(await request.arrayBuffer()));
    call.take(bytes, 0, bytes.byteLength);
    await (timeout === null ? call.settled() : settledWithin(call, timeout));
    return new Response(bytesFromSummary(withRecords(call.summary())), ok);
  } catch (error) {
    return failed(error);
  } finally {
    call.close();
  }
}

/** Records that were taken go on to the log all the same: the caller only is told no more of them. */
async function settledWithin(call: Call, timeout: string): Promise<void> {
  const { timeoutMs, error } = parseTimeout(timeout, timeoutMsMax);
  if (error !== undefined) throw error;
  if (timeoutMs === undefined) return await call.settled();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Failure("deadline_exceeded", `The call took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    await Promise.race([call.settled(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function failed(error: unknown): Response {
  const told = error instanceof ConnectError ? error : connectErrorFrom(error);
  return Response.json(errorToJson(told, undefined), { status: codeToHttpStatus(told.code) });
}
