/**
 * `Subscribe` over gRPC without connect-es: what the hub delivers goes to the stream as bytes, in
 * the turn in which it comes. The general way takes some 60 µs for each message and subscriber,
 * which is most of what fan-out costs.
 */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { Failure, failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import { renderPosition, type Position } from "../../../core/position.ts";
import type { Sent } from "../../../core/sink.ts";
import {
  SubscribeRequestSchema,
  type SubscribeRequest,
} from "../../../gen/sluice/v1/consumer_pb.ts";
import type { Chunk } from "../../../hub/chunk.ts";
import type { EndReason, Subscriber, Subscription } from "../../../hub/subscriber.ts";
import type { StreamHandler } from "../../../rpc/server.ts";
import { connectErrorFrom } from "../../../rpc/status.ts";
import { frameHeadBytes, grpcFormat, renderGrpc } from "./subscribe-format.ts";
import { wantedRecords, type ConsumerParts } from "./subscribe-request.ts";

export interface SubscribeStreamParts extends ConsumerParts {
  readonly logger: Logger;
}

const path = "/sluice.v1.ConsumerService/Subscribe";
const contentTypes = new Set(["application/grpc", "application/grpc+proto"]);
const headers = { ":status": 200, "content-type": "application/grpc+proto" };

/** A topic, a position and a key are far below it. */
const requestBytesMax = 64 * 1024;

/** Bytes that wait in the stream before the hub is told `queued`: one delivery of a replay. */
const queuedBytesMax = 64 * 1024;

/** Leaves to the handlers what has a deadline, a compression or another codec. */
export function createSubscribeStream(
  parts: SubscribeStreamParts,
  stallMsMax: number,
): StreamHandler {
  return (stream, given) => {
    if (!isPlain(given)) return false;
    void serve(parts, stream, stallMsMax);
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
  parts: SubscribeStreamParts,
  stream: ServerHttp2Stream,
  stallMsMax: number,
): Promise<void> {
  const left = new AbortController();
  stream.once("close", () => left.abort());
  const subscriber = new StreamSubscriber(stream, stallMsMax);
  try {
    const request = await readRequest(stream);
    const { topic, key, start } = await wantedRecords(parts, request, left.signal);
    subscriber.open(start);
    subscriber.attach(await parts.hub.subscribe(topic, key, start, subscriber));
  } catch (error) {
    const failure = failureFrom(error);
    if (failure.code === "internal" && !left.signal.aborted) {
      parts.logger("error", "A call failed", { path, cause: String(failure.cause) });
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
    throw new Failure("invalid", "Cannot subscribe: the message is no SubscribeRequest", { cause });
  }
}

/** Leaving early does not end the stream: the answer is still to be written. */
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

  /** The first message tells where the stream starts; it makes clients and proxies pass it on. */
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

  /** A call has no word for "go on there": it ends, and the caller begins a new one at `position`. */
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
    // What it did not take yet would stay for as long as it does not read.
    const timer = setTimeout(
      () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM),
      this.#stallMsMax,
    );
    stream.once("close", () => clearTimeout(timer));
  }
}
