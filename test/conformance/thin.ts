/**
 * The conformance service on the thin paths. Those know no headers and trailers besides the
 * protocol's own, because no method of Sluice's has any; the suite's methods do, so they are read
 * and added here, around the handlers.
 */

import type { Buffer } from "node:buffer";
import type { OutgoingHttpHeaders } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";
import { MemoryAccount } from "../../src/core/budget/memory.ts";
import { Turns } from "../../src/core/budget/turn.ts";
import type { Failure } from "../../src/core/failure.ts";
import { InFlight } from "../../src/ingest/in-flight.ts";
import type { FetchHandler } from "../../src/rpc/fetch.ts";
import type { StreamHandler } from "../../src/rpc/server.ts";
import type { AnswerKind, ThinCall, ThinMethods, ThinOptions } from "../../src/rpc/thin/call.ts";
import { createThinConnect } from "../../src/rpc/thin/connect.ts";
import { createThinGrpc } from "../../src/rpc/thin/grpc.ts";
import {
  ClientStreamRequestSchema,
  ConformanceService,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
  UnaryResponseSchema,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";
import { type Metadata, single } from "./service.ts";

interface ThinMetadata extends Metadata {
  /** Whether the method has answered or failed: until then an error is the thin path's own. */
  isDecided: boolean;
}

const inFlightBytesMax = 64 * 1024 * 1024;
const timeoutMsMax = 2 ** 31 - 1;

export function thinGrpc(messageBytesMax: number): StreamHandler {
  const { options, withMetadata } = conformanceMethods(messageBytesMax);
  const serve = createThinGrpc(options);
  return (stream, headers, caller) => {
    const metadata = metadataOf(
      new Headers(
        Object.entries(headers).flatMap(([name, value]) =>
          name.startsWith(":") ? [] : [[name, String(value)] as [string, string]],
        ),
      ),
      parseGrpcTimeout(String(headers["grpc-timeout"] ?? ""), timeoutMsMax).timeoutMs,
    );
    const merged = (given: object | undefined, ...more: Iterable<[string, string]>[]) => {
      const all: OutgoingHttpHeaders = Object.assign({}, given, ...more.map(plain));
      // Sluice's own failures have an `ErrorInfo`, which is not among the details of the suite.
      if (!metadata.isDecided) delete all["grpc-status-details-bin"];
      return all;
    };
    const respond = stream.respond.bind(stream);
    stream.respond = (given, options) => {
      const trailers = options?.endStream === true ? metadata.responseTrailer : [];
      respond(merged(given, metadata.responseHeader, trailers), options);
    };
    const sendTrailers = stream.sendTrailers.bind(stream);
    stream.sendTrailers = (given) => sendTrailers(merged(given, metadata.responseTrailer));
    return withMetadata(metadata, () => serve(stream, headers, caller));
  };
}

export function thinConnect(messageBytesMax: number): FetchHandler {
  const { options, withMetadata } = conformanceMethods(messageBytesMax);
  const serve = createThinConnect(options);
  return (request, caller) => {
    const timeout = request.headers.get("connect-timeout-ms");
    const { timeoutMs } = parseConnectTimeout(timeout, timeoutMsMax);
    const metadata = metadataOf(request.headers, timeoutMs);
    const response = withMetadata(metadata, () => serve(request, caller));
    return response?.then((answer) => {
      for (const [name, value] of metadata.responseHeader) answer.headers.append(name, value);
      for (const [name, value] of metadata.responseTrailer) {
        answer.headers.append(`trailer-${name}`, value);
      }
      return answer;
    });
  };
}

/**
 * The service behind a thin path: nearly all that is left to it has to be refused before its
 * methods are reached. Only Connect's calls without a length are for it to answer.
 */
export function mountBehindThin(router: ConnectRouter): void {
  router.service(ConformanceService, {
    unary(request, context) {
      const { protocolName, requestHeader } = context;
      if (protocolName !== "connect" || requestHeader.has("content-length")) throw leftBehind;
      const seen = [anyPack(UnaryRequestSchema, request)];
      return single(request.responseDefinition, seen, context);
    },
    clientStream() {
      throw leftBehind;
    },
  });
}

const leftBehind = new ConnectError(
  "The thin path left a call that it should serve",
  Code.Internal,
);

function conformanceMethods(messageBytesMax: number): {
  readonly options: ThinOptions;
  withMetadata<Result>(metadata: ThinMetadata, serve: () => Result): Result;
} {
  // A thin handler opens its call before it returns, so this is the one that it serves.
  let served: ThinMetadata | undefined;
  const open = (desc: typeof UnaryRequestSchema | typeof ClientStreamRequestSchema) => () => {
    if (served === undefined) throw new Error("A call was opened outside of its handler");
    const call = new ConformanceCall(desc, served);
    return { call, answer: () => call.answer() };
  };
  const { typeName, method } = ConformanceService;
  const methods: ThinMethods = new Map<
    string,
    { answers: AnswerKind; open: ReturnType<typeof open> }
  >([
    [`/${typeName}/${method.unary.name}`, { answers: "unary", open: open(UnaryRequestSchema) }],
    [
      `/${typeName}/${method.clientStream.name}`,
      { answers: "end", open: open(ClientStreamRequestSchema) },
    ],
  ]);
  return {
    options: {
      methods,
      inFlight: new InFlight(inFlightBytesMax),
      messageBytesMax,
      rateMin: 1,
      turns: new Turns(),
      receiving: new MemoryAccount(2 ** 30).share("receiving", 1),
      readBody: async (request) => new Uint8Array(await request.arrayBuffer()),
      logger: () => {},
    },
    withMetadata(metadata, serve) {
      served = metadata;
      try {
        return serve();
      } finally {
        served = undefined;
      }
    },
  };
}

/** The responses of both methods have the same fields, so their bytes are the same. */
class ConformanceCall implements ThinCall {
  readonly #desc: typeof UnaryRequestSchema | typeof ClientStreamRequestSchema;
  readonly #metadata: ThinMetadata;
  readonly #seen: Any[] = [];
  #definition: UnaryResponseDefinition | undefined;
  #answer: Uint8Array<ArrayBuffer> | undefined;
  readonly failure = undefined;
  readonly answerable = 0;
  progress: (() => void) | undefined;

  constructor(
    desc: typeof UnaryRequestSchema | typeof ClientStreamRequestSchema,
    metadata: ThinMetadata,
  ) {
    this.#desc = desc;
    this.#metadata = metadata;
  }

  take(bytes: Buffer, from: number, to: number): void {
    const request = fromBinary(this.#desc, bytes.subarray(from, to));
    this.#definition ??= request.responseDefinition;
    this.#seen.push(anyPack(this.#desc, request));
  }

  async settled(): Promise<void> {
    const decided = single(this.#definition, this.#seen, this.#metadata);
    const response = await decided.finally(() => (this.#metadata.isDecided = true));
    this.#answer = toBinary(UnaryResponseSchema, create(UnaryResponseSchema, response));
  }

  answer(): Uint8Array<ArrayBuffer> {
    if (this.#answer === undefined) throw new Error("The call was answered before it settled");
    return this.#answer;
  }

  endedBy(reason: Failure): Promise<Failure> {
    return Promise.resolve(reason);
  }

  expedite(): void {}

  close(): void {}
}

function metadataOf(requestHeader: Headers, timeoutMs: number | undefined): ThinMetadata {
  return {
    isDecided: false,
    requestHeader,
    responseHeader: new Headers(),
    responseTrailer: new Headers(),
    // Whole ones, as the method reports them.
    timeoutMs: () => (timeoutMs === undefined ? undefined : Math.floor(timeoutMs)),
  };
}

function plain(headers: Iterable<[string, string]>): OutgoingHttpHeaders {
  return Object.fromEntries(headers);
}
