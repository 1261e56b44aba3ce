/** Calls of every RPC protocol, byte by byte, and how each ended. */

import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import { gunzipSync } from "node:zlib";
import { codeFromString } from "@connectrpc/connect/protocol-connect";
import { within } from "../support/until.ts";

export interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Response {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface Ending {
  /** HTTP status; undefined where the stream was reset before it had one. */
  readonly status: number | undefined;
  /** As `Code`, 0 for success. Undefined where the answer has none: a refused content type, an empty stream of the caller. */
  readonly code: number | undefined;
  readonly message: string;
}

const ok = 0;

/** A call over HTTP/2 on the RPC port. Throws if it has no end within `msMax`. */
export function callHttp2(session: ClientHttp2Session, call: Call, msMax: number): Promise<Ending> {
  const stream = session.request({
    ":method": "POST",
    ":path": call.path,
    te: "trailers",
    ...call.headers,
  });
  const answered = new Promise<Response>((resolve) => {
    let headers: Response["headers"] = {};
    let status: number | undefined;
    const chunks: Buffer[] = [];
    const add = (all: IncomingHttpHeaders) => {
      if (typeof all[":status"] === "number") status ??= all[":status"];
      headers = { ...headers, ...(all as Response["headers"]) };
    };
    stream.on("response", add);
    stream.on("trailers", add);
    stream.on("data", (data: Buffer) => chunks.push(data));
    // A reset also ends the stream: what came before it is what counts.
    stream.on("error", () => {});
    stream.on("close", () => resolve({ status, headers, body: Buffer.concat(chunks) }));
  });
  stream.end(call.body);
  return within(`an end of ${call.path}`, msMax, answered.then(endingOf)).finally(() =>
    stream.close(),
  );
}

/** A call over HTTP/1.1 on the HTTP port. Throws if it has no end within `msMax`. */
export async function callHttp1(url: string, call: Call, msMax: number): Promise<Ending> {
  const response = await fetch(`${url}${call.path}`, {
    method: "POST",
    headers: call.headers,
    body: call.body,
    signal: AbortSignal.timeout(msMax),
  });
  return endingOf({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}

function endingOf({ status, headers, body }: Response): Ending {
  const type = headers["content-type"] ?? "";
  const given = headers["grpc-status"];
  if (given !== undefined) return grpcEnding(status, given, headers["grpc-message"]);
  if (type.startsWith("application/grpc-web")) return webEnding(status, body);
  if (type.startsWith("application/connect+")) return streamEnding(status, body);
  if (status === 200) return { status, code: ok, message: "" };
  return errorEnding(status, body.toString());
}

function grpcEnding(status: number | undefined, code: string, message = ""): Ending {
  return { status, code: Number(code), message: decodeURIComponent(message) };
}

/** The trailers are the last frame, as lines. */
function webEnding(status: number | undefined, body: Buffer): Ending {
  const trailers = framesOf(body).find(({ flags }) => (flags & 0x80) !== 0)?.text ?? "";
  const code = /^grpc-status: *(\d+)/im.exec(trailers)?.[1];
  if (code === undefined) return { status, code: undefined, message: trailers };
  return grpcEnding(status, code, /^grpc-message: *(.*?)\r?$/im.exec(trailers)?.[1]);
}

/** The last frame is the end of the stream, as JSON. */
function streamEnding(status: number | undefined, body: Buffer): Ending {
  const end = framesOf(body).find(({ flags }) => (flags & 2) !== 0)?.text;
  if (end === undefined) return { status, code: undefined, message: "" };
  const { error } = JSON.parse(end);
  if (error === undefined) return { status, code: ok, message: "" };
  return { status, code: codeFromString(error.code), message: error.message ?? "" };
}

function errorEnding(status: number | undefined, text: string): Ending {
  try {
    const { code, message } = JSON.parse(text);
    return { status, code: codeFromString(code), message: message ?? "" };
  } catch {
    return { status, code: undefined, message: text };
  }
}

function framesOf(body: Buffer): { readonly flags: number; readonly text: string }[] {
  const frames = [];
  for (let at = 0; at + 5 <= body.byteLength;) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    const flags = body[at] ?? 0;
    const bytes = body.subarray(at + 5, end);
    frames.push({ flags, text: ((flags & 1) === 0 ? bytes : gunzipSync(bytes)).toString() });
    at = end;
  }
  return frames;
}
