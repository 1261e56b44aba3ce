/** gRPC over `node:http2`, written byte by byte: malformed calls that generated code cannot send. */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  CollectRequestSchema,
  type CollectResponse,
  CollectResponseSchema,
} from "../../../src/gen/sluice/v1/collector_pb.ts";

export interface Reply {
  /** Status of HTTP; undefined if the stream was reset before its headers. */
  readonly status: number | undefined;
  /** Status code of gRPC. */
  readonly code: string | undefined;
  readonly message: string;
  readonly body: Buffer;
}

export interface RawCall {
  readonly stream: ClientHttp2Stream;
  /** Resolves once the stream has ended, for whatever reason. */
  readonly reply: Promise<Reply>;
}

/** Errors of the session surface in its calls. */
export function openSession(grpcUrl: string): ClientHttp2Session {
  const session = connect(grpcUrl);
  session.on("error", () => {});
  return session;
}

export function openCall(
  session: ClientHttp2Session,
  method: "Collect" | "Ingest" | "Publish",
  headers: Readonly<Record<string, string>> = {},
): RawCall {
  const stream = session.request({
    ":method": "POST",
    ":path": `/sluice.v1.CollectorService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const reply = new Promise<Reply>((resolve) => {
    let status: number | undefined;
    let code: string | undefined;
    let message = "";
    const body: Buffer[] = [];
    const readHeaders = (all: IncomingHttpHeaders) => {
      const [given, why] = [all["grpc-status"], all["grpc-message"]];
      if (typeof given === "string") code = given;
      if (typeof why === "string") message = decodeURIComponent(why);
    };
    stream.on("response", (all) => {
      status = all[":status"];
      readHeaders(all);
    });
    stream.on("trailers", readHeaders);
    stream.on("data", (data: Buffer) => body.push(data));
    // A reset also ends the stream; the headers and trailers before it are what counts.
    stream.on("error", () => {});
    stream.on("close", () => resolve({ status, code, message, body: Buffer.concat(body) }));
  });
  return { stream, reply };
}

/** A message with its prefix of flags and length. */
export function framed(bytes: Uint8Array, flags = 0, length = bytes.byteLength): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

export function requestBytes(request: MessageInitShape<typeof CollectRequestSchema>): Uint8Array {
  return toBinary(CollectRequestSchema, create(CollectRequestSchema, request));
}

/** The answers in a body, which have the same fields in all three methods. */
export function answersIn(body: Buffer): readonly CollectResponse[] {
  const answers: CollectResponse[] = [];
  for (let at = 0; at + 5 <= body.byteLength;) {
    const to = at + 5 + body.readUInt32BE(at + 1);
    if (to > body.byteLength) break;
    answers.push(fromBinary(CollectResponseSchema, body.subarray(at + 5, to)));
    at = to;
  }
  return answers;
}
