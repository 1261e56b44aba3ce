/**
 * gRPC's side of the thin path: a `node:http2` stream, its messages handed to the collector, or to
 * whoever takes them, where they lie in the received chunk. The wire form is that of
 * github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { Buffer } from "node:buffer";
import { ConnectError } from "@connectrpc/connect";
import { parseTimeout, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { StreamHandler } from "../server.ts";
import { connectErrorFrom } from "../status.ts";
import type { Answers, ThinCall, ThinMethod, ThinOptions } from "./call.ts";
import { deadlineExceeded, incompleteMessage, notOneMessage } from "./errors.ts";
import { inflate } from "./inflate.ts";
import { enveloped, Messages } from "./messages.ts";
import { SocketBackpressure, type StreamLease } from "./socket-backpressure.ts";

const contentTypes = new Set(["application/grpc", "application/grpc+proto"]);
/** The longest a timer holds. */
const timeoutMsMax = 2 ** 31 - 1;
const headers: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "gzip,identity",
};

/** Leaves to the handlers behind it what it does not know: other methods, codecs and compressions. */
export function createThinGrpc(options: ThinOptions): StreamHandler {
  const valve = new SocketBackpressure(options.inFlight);
  return (stream, given) => {
    const method = options.methods.get(given[":path"] ?? "");
    if (method === undefined || given[":method"] !== "POST") return false;
    if (!contentTypes.has(given["content-type"] ?? "")) return false;
    const encoding = given["grpc-encoding"] ?? "identity";
    if (encoding !== "identity" && encoding !== "gzip") return false;
    const call = new GrpcCall(stream, method, options.messageBytesMax, valve);
    call.start(given);
    return true;
  };
}

class GrpcCall {
  readonly #stream: ServerHttp2Stream;
  readonly #answers: Answers;
  readonly #call: ThinCall;
  readonly #answer: () => Uint8Array;
  readonly #messages: Messages;
  readonly #valve: SocketBackpressure;
  readonly #passage: StreamLease;
  readonly #messageBytesMax: number;
  #isCompressed = false;
  #count = 0;
  #isOver = false;
  #isAcking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    stream: ServerHttp2Stream,
    method: ThinMethod,
    messageBytesMax: number,
    valve: SocketBackpressure,
  ) {
    this.#valve = valve;
    this.#passage = valve.enter(stream);
    this.#stream = stream;
    this.#answers = method.answers;
    this.#messageBytesMax = messageBytesMax;
    const { call, answer } = method.open();
    this.#call = call;
    this.#answer = () => enveloped(0, answer());
    this.#messages = new Messages(messageBytesMax, (flags, bytes, from, to) =>
      this.#take(flags, bytes, from, to),
    );
  }

  start(given: IncomingHttpHeaders): void {
    this.#isCompressed = given["grpc-encoding"] === "gzip";
    const stream = this.#stream;
    stream.on("end", () => void this.#finish());
    stream.on("close", () => this.#close());
    // Whoever goes on sending is told at once that the log failed, and not at the end.
    this.#call.progress = () => {
      if (this.#call.failure !== undefined) this.#fail(this.#call.failure);
    };
    if (this.#answers === "running") this.#startAcks();
    takeChunks(stream, (chunk) => {
      this.#read(chunk);
      return this.#passage.isOpen();
    });
    this.#startTimer(given["grpc-timeout"]);
  }

  #read(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#messages.push(chunk);
    } catch (error) {
      return this.#fail(error);
    }
    this.#valve.check();
  }

  #take(flags: number, bytes: Buffer, from: number, to: number): void {
    if (this.#answers === "unary" && this.#count > 0) throw notOneMessage;
    this.#count++;
    if (flags === 0) this.#call.take(bytes, from, to);
    else {
      const inflated = inflate(
        flags,
        this.#isCompressed,
        bytes.subarray(from, to),
        this.#messageBytesMax,
      );
      this.#call.take(inflated, 0, inflated.byteLength);
    }
  }

  async #finish(): Promise<void> {
    if (this.#isOver) return;
    let answer: Uint8Array;
    try {
      if (!this.#messages.isWhole) throw incompleteMessage;
      if (this.#answers === "unary" && this.#count === 0) throw notOneMessage;
      await this.#call.settled();
      answer = this.#answer();
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#isOver) return;
    this.#over();
    this.#respond();
    this.#stream.end(answer);
  }

  /** Running answers: each tells all that became durable since the one before. */
  #startAcks(): void {
    this.#respond();
    const call = this.#call;
    let told = 0;
    call.progress = () => {
      if (this.#isAcking || this.#isOver) return;
      this.#isAcking = true;
      // Once for all that one append made durable.
      queueMicrotask(() => {
        this.#isAcking = false;
        if (this.#isOver) return;
        if (call.failure !== undefined) return this.#fail(call.failure);
        if (call.answerable > told && !this.#stream.writableNeedDrain) {
          told = call.answerable;
          this.#stream.write(this.#answer());
        }
        call.expedite();
      });
    };
    this.#stream.on("drain", () => call.progress?.());
  }

  #respond(): void {
    if (this.#stream.headersSent) return;
    this.#stream.respond(headers, { waitForTrailers: true });
    this.#stream.once("wantTrailers", () => this.#stream.sendTrailers({ "grpc-status": "0" }));
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    const trailers = trailersFrom(error);
    const stream = this.#stream;
    if (stream.headersSent) {
      stream.removeAllListeners("wantTrailers");
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end();
    } else stream.respond({ ...headers, ...trailers }, { endStream: true });
    // What the caller still sends has no reader: without this it would wait for one.
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  }

  #startTimer(given: string | string[] | undefined): void {
    if (typeof given !== "string") return;
    const { timeoutMs, error } = parseTimeout(given, timeoutMsMax);
    if (error !== undefined) return this.#fail(error);
    if (timeoutMs === undefined) return;
    this.#timer = setTimeout(() => this.#fail(deadlineExceeded(timeoutMs)), timeoutMs);
  }

  #close(): void {
    if (!this.#isOver) this.#over();
  }

  #over(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#call.progress = undefined;
    this.#call.close();
    this.#passage.leave();
  }
}

/**
 * What arrives, in the turn in which it does. A stream of Node's would keep each message as an
 * object until its next turn; with thousands of streams these outlive collections by the million
 * and the process holds gigabytes. So `push`, which the session hands chunks to, is taken over.
 */
function takeChunks(stream: ServerHttp2Stream, take: (chunk: Uint8Array) => boolean): void {
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (!(chunk instanceof Uint8Array)) return push(chunk, encoding);
    return take(chunk);
  };
  stream.resume();
}

function trailersFrom(error: unknown): OutgoingHttpHeaders {
  const trailers = new Headers();
  setTrailerStatus(trailers, error instanceof ConnectError ? error : connectErrorFrom(error));
  return Object.fromEntries(trailers);
}
