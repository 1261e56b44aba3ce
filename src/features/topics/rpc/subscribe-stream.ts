/**
 * `Subscribe` over gRPC without connect-es: what the hub delivers is written to the stream as bytes,
 * in the same turn. connect-es takes some 60 µs for each message and subscriber, which is most of
 * what fan-out costs.
 */

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { Caller } from "../../../core/access/caller.ts";
import { Failure, failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import { type Position, renderPosition } from "../../../core/position.ts";
import type { Sent } from "../../../core/sink.ts";
import {
  type SubscribeRequest,
  SubscribeRequestSchema,
} from "../../../gen/sluice/v1/consumer_pb.ts";
import type { Chunk } from "../../../hub/chunk.ts";
import type { EndReason, Subscriber, Subscription } from "../../../hub/subscriber.ts";
import type { StreamHandler } from "../../../rpc/server.ts";
import { connectErrorFrom } from "../../../rpc/status.ts";
import { frameHeadBytes, grpcFormat, renderGrpc } from "./subscribe-format.ts";
import { type ConsumerDeps, parseSubscribe } from "./subscribe-request.ts";

export interface SubscribeStreamDeps extends ConsumerDeps {
  readonly logger: Logger;
}

const path = "/sluice.v1.ConsumerService/Subscribe";
const contentTypes = new Set(["application/grpc", "application/grpc+proto"]);
const headers = { ":status": 200, "content-type": "application/grpc+proto" };

/** Far more than a topic, a position and a key take. */
const requestBytesMax = 64 * 1024;

/** Bytes that may wait in the stream before the answer to the hub is `queued`: one delivery of a replay. */
const queuedBytesMax = 64 * 1024;

/** Leaves calls with a deadline, a compression or another codec to the handlers. */
export function createSubscribeStream(
  deps: SubscribeStreamDeps,
  stallMsMax: number,
): StreamHandler {
  return (stream, given, caller) => {
    if (!isPlain(given)) return false;
    void serve(deps, stream, caller, stallMsMax);
    return true;
  };
}

function isPlain(given: IncomingHttpHeaders): boolean {
  return (
    given[":path"] === path &&
    given[":method"] === "POST" &&
    contentTypes.has(given["content-type"] ?? "") &&
    (given["grpc-encoding"] ?? "identity") === "identity" &&
    given["grpc-timeout"] === undefined
  );
}

async function serve(
  deps: SubscribeStreamDeps,
  stream: ServerHttp2Stream,
  caller: Caller,
  stallMsMax: number,
): Promise<void> {
  const left = new AbortController();
  stream.once("close", () => left.abort());
  const subscriber = new StreamSubscriber(stream, stallMsMax);
  try {
    const request = await readRequest(stream);
    const { topic, key, start } = await parseSubscribe(deps, request, caller, left.signal);
    subscriber.open(start);
    const subscription = await deps.hub.subscribe(topic, key, start, subscriber);
    subscriber.attach(subscription);
    const forget = caller.onEnd((reason) => subscriber.end(reason, subscription.position));
    if (left.signal.aborted) forget();
    else left.signal.addEventListener("abort", forget, { once: true });
  } catch (error) {
    const failure = failureFrom(error);
    if (failure.code === "internal" && !left.signal.aborted) {
      deps.logger("error", "call failed", { path, cause: String(failure.cause) });
    }
    subscriber.fail(failure);
  }
}

/** The one message of the call. Throws `invalid`, `too_large`. */
async function readRequest(stream: ServerHttp2Stream): Promise<SubscribeRequest> {
  let bytes = new Uint8Array(0);
  for await (const chunk of chunksOf(stream)) {
    const joined = new Uint8Array(bytes.byteLength + chunk.byteLength);
    joined.set(bytes);
    joined.set(chunk, bytes.byteLength);
    bytes = joined;
    if (bytes.byteLength > requestBytesMax) {
      throw new Failure(
        "too_large",
        `Cannot subscribe: the request is past ${requestBytesMax} bytes`,
      );
    }
  }
  const isWhole =
    bytes.byteLength >= frameHeadBytes &&
    new DataView(bytes.buffer).getUint32(1) === bytes.byteLength - frameHeadBytes;
  if (!isWhole || bytes[0] !== 0) {
    throw new Failure("invalid", "Cannot subscribe: expected exactly one message, uncompressed");
  }
  try {
    return fromBinary(SubscribeRequestSchema, bytes.subarray(frameHeadBytes));
  } catch (cause) {
    throw new Failure("invalid", "Cannot subscribe: the message is not a SubscribeRequest", {
      cause,
    });
  }
}

/** Stopping early does not end the stream: the answer is written to it later. */
function chunksOf(stream: ServerHttp2Stream): AsyncIterable<Uint8Array> {
  return stream.iterator({ destroyOnReturn: false });
}

class StreamSubscriber implements Subscriber {
  readonly #stream: ServerHttp2Stream;
  readonly #stallMsMax: number;
  #subscription: Subscription | undefined;
  #isOver = false;

  constructor(stream: ServerHttp2Stream, stallMsMax: number) {
    this.#stream = stream;
    this.#stallMsMax = stallMsMax;
    stream.on("drain", () => this.#subscription?.drained());
    stream.once("close", () => {
      this.#isOver = true;
      this.#subscription?.close();
    });
  }

  /** The first message has the start position; it also makes proxies pass the headers on. */
  open(position: Position): void {
    if (this.#isOver) return;
    this.#stream.respond(headers, { waitForTrailers: true });
    this.#write(renderGrpc([], position));
  }

  attach(subscription: Subscription): void {
    if (this.#isOver) return subscription.close();
    this.#subscription = subscription;
  }

  deliver(chunk: Chunk): Sent {
    return this.#write(chunk.as(grpcFormat));
  }

  /** A call cannot be redirected: it ends, and the caller begins another at `position`. */
  reset(position: Position, reason: Failure): Sent {
    this.end(new Failure("position_gone", reason.message), position);
    return "refused";
  }

  end(reason: EndReason, at: Position): void {
    if (reason === "ended") return this.#finish({ "grpc-status": "0" });
    const position = reason.position ?? renderPosition(at);
    this.fail(new Failure(reason.code, reason.message, { position }));
  }

  fail(failure: Failure): void {
    const trailers = new Headers();
    setTrailerStatus(trailers, connectErrorFrom(failure));
    this.#finish(Object.fromEntries(trailers));
  }

  #write(bytes: Uint8Array): Sent {
    if (this.#isOver) return "refused";
    const isTaken = this.#stream.write(bytes);
    return isTaken || this.#stream.writableLength <= queuedBytesMax ? "sent" : "queued";
  }

  #finish(trailers: Record<string, string>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const stream = this.#stream;
    if (!stream.headersSent) stream.respond({ ...headers, ...trailers }, { endStream: true });
    else {
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end();
    }
    if (!stream.readableEnded) return stream.close(constants.NGHTTP2_NO_ERROR);
    // Otherwise unsent data would stay in memory for as long as the peer does not read.
    const timer = setTimeout(
      () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM),
      this.#stallMsMax,
    );
    stream.once("close", () => clearTimeout(timer));
  }
}
