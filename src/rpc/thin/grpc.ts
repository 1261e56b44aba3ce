/**
 * gRPC's side of the thin path: a `node:http2` stream, whose messages a method takes where they lie
 * in the received chunk. By hand, because connect-es makes an object per message and several
 * promises around it: it reaches 7,000 calls a second where HTTP/2 alone reaches 31,000. The tests
 * of the general path and the conformance suite run over this one as well. The wire form is that of
 * github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */

import type { Buffer } from "node:buffer";
import {
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { parseTimeout, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { Allowance } from "../../core/access/allowance.ts";
import type { Caller } from "../../core/access/caller.ts";
import type { Failure } from "../../core/failure.ts";
import type { Logger } from "../../core/logger.ts";
import { requestIdHeader } from "../../core/trace/request-id.ts";
import { reportedStatus } from "../failures.ts";
import { closeUnread } from "../http2-stream.ts";
import type { StreamHandler } from "../server.ts";
import type { AnswerKind, ThinCall, ThinMethod, ThinOptions } from "./call.ts";
import { deadlineExceeded, incompleteMessage, notOneMessage } from "./errors.ts";
import { inflate } from "./inflate.ts";
import { LateChunks } from "./late-chunks.ts";
import { enveloped, Messages } from "./messages.ts";
import { SlowMessages } from "./slow-messages.ts";
import { SocketBackpressure, type StreamLease } from "./socket-backpressure.ts";

const contentTypes = new Set(["application/grpc", "application/grpc+proto"]);
/** The longest delay of a timer. */
const timeoutMsMax = 2 ** 31 - 1;
const headers: OutgoingHttpHeaders = {
  ":status": 200,
  "content-type": "application/grpc+proto",
  "grpc-accept-encoding": "gzip,identity",
};

/** Leaves to the handlers behind it what it does not know: other methods, codecs and compressions. */
export function createThinGrpc(options: ThinOptions): StreamHandler {
  const backpressure = new SocketBackpressure(options.inFlight, options.turns);
  const slow = new SlowMessages(options.rateMin);
  return (stream, given, caller) => {
    const method = options.methods.get(given[":path"] ?? "");
    if (method === undefined || given[":method"] !== "POST") return false;
    if (!contentTypes.has(given["content-type"] ?? "")) return false;
    const encoding = given["grpc-encoding"] ?? "identity";
    if (encoding !== "identity" && encoding !== "gzip") return false;
    const { traceparent } = given;
    const trace = typeof traceparent === "string" ? traceparent : undefined;
    const call = new GrpcCall(stream, method, options, { backpressure, slow }, caller, trace);
    call.start(given, caller);
    return true;
  };
}

/** What the calls of one port share. */
interface Shared {
  readonly backpressure: SocketBackpressure;
  readonly slow: SlowMessages;
}

/** Time to find out up to where the records of a call are durable, once its caller's credential has ended. */
const endingMs = 500;

/** The work of a smaller chunk is not measured: reading the clock would be a part of it. */
const measuredBytes = 1024;

class GrpcCall {
  readonly #stream: ServerHttp2Stream;
  readonly #answers: AnswerKind;
  readonly #call: ThinCall;
  readonly #answer: () => Uint8Array;
  readonly #messages: Messages;
  readonly #shared: Shared;
  readonly #late: LateChunks;
  readonly #lease: StreamLease;
  readonly #messageBytesMax: number;
  readonly #logger: Logger;
  #path = "";
  #requestId: string | undefined;
  #isCompressed = false;
  #count = 0;
  #isOver = false;
  /** All messages have come, or no more are taken: the answer is on its way. */
  #isEnding = false;
  #isAcking = false;
  /** Sends a running answer for what became durable since the last one. */
  #ack: (() => void) | undefined;
  #forgetCaller: (() => void) | undefined;
  readonly #allowance: Allowance | undefined;
  /** The socket is not read until the caller may bring more. */
  #pause: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    stream: ServerHttp2Stream,
    method: ThinMethod,
    { messageBytesMax, logger, receiving, turns }: ThinOptions,
    shared: Shared,
    caller: Caller,
    traceparent: string | undefined,
  ) {
    this.#shared = shared;
    this.#lease = shared.backpressure.enter(stream, caller.portion);
    this.#allowance = caller.allowance;
    this.#stream = stream;
    this.#answers = method.answers;
    this.#messageBytesMax = messageBytesMax;
    this.#logger = logger;
    const { call, answer } = method.open(caller, traceparent);
    this.#call = call;
    this.#answer = () => enveloped(0, answer());
    this.#late = new LateChunks({
      turns,
      receiving,
      lease: this.#lease,
      take: (chunk) => this.#pushMeasured(chunk),
    });
    this.#messages = new Messages(messageBytesMax, receiving, (flags, bytes, from, to) =>
      this.#take(flags, bytes, from, to),
    );
  }

  start(given: IncomingHttpHeaders, caller: Caller): void {
    this.#path = given[":path"] ?? "";
    const requestId = given[requestIdHeader];
    if (typeof requestId === "string") this.#requestId = requestId;
    this.#isCompressed = given["grpc-encoding"] === "gzip";
    const stream = this.#stream;
    stream.on("end", () => this.#late.after(() => void this.#finish()));
    stream.on("close", () => this.#close());
    // A caller that is still sending learns at once that the log failed, and not at the end.
    this.#call.progress = () => {
      if (this.#call.failure !== undefined) this.#fail(this.#call.failure);
    };
    if (this.#answers === "running") this.#startAcks();
    if (this.#answers !== "unary") {
      this.#forgetCaller = caller.onEnd((reason) => void this.#endBy(reason));
    }
    takeChunks(stream, (chunk) => {
      this.#read(chunk);
      return this.#lease.isOpen();
    });
    this.#startTimer(given["grpc-timeout"]);
  }

  #read(chunk: Uint8Array): void {
    if (this.#isOver || this.#isEnding) return;
    if (!this.#late.isEmpty) this.#late.push(chunk);
    else if (chunk.byteLength < measuredBytes && !this.#isCompressed) this.#push(chunk);
    else if (this.#lease.isBehind(this.#isCompressed)) this.#late.push(chunk);
    else this.#pushMeasured(chunk);
  }

  #pushMeasured(chunk: Uint8Array): void {
    const startedMs = performance.now();
    this.#push(chunk);
    this.#lease.spend(performance.now() - startedMs);
  }

  #push(chunk: Uint8Array): void {
    if (this.#isOver || this.#isEnding) return;
    try {
      this.#messages.push(chunk);
    } catch (error) {
      return this.#fail(error);
    }
    if (!this.#messages.isWhole) this.#shared.slow.watch(this, this.#messages.restBytes);
    this.#lease.check();
    if (this.#allowance !== undefined && this.#answers !== "unary") this.#rest(this.#allowance);
  }

  #rest(allowance: Allowance): void {
    const pauseMs = this.#pause === undefined ? allowance.pauseMs : 0;
    if (pauseMs === 0) return;
    this.#lease.pause();
    this.#pause = setTimeout(() => this.#resume(), pauseMs);
  }

  #resume(): void {
    if (this.#pause === undefined) return;
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#lease.resume();
  }

  /** Called by the watch over messages that are not whole: undefined where this one is. */
  get restBytes(): number | undefined {
    return this.#messages.isWhole ? undefined : this.#messages.restBytes;
  }

  giveUp(failure: Failure): void {
    this.#fail(failure);
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
    if (this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
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

  /** The caller's credential has ended: it learns up to where its records are durable. */
  async #endBy(reason: Failure): Promise<void> {
    if (this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    const timer = setTimeout(() => this.#fail(reason), endingMs);
    const failure = await this.#call.endedBy(reason);
    clearTimeout(timer);
    if (this.#isOver) return;
    this.#ack?.();
    this.#fail(failure);
  }

  /** Running answers: each covers all that became durable since the one before. */
  #startAcks(): void {
    this.#respond();
    const call = this.#call;
    let answered = 0;
    this.#ack = () => {
      if (call.answerable === answered) return;
      answered = call.answerable;
      this.#stream.write(this.#answer());
    };
    call.progress = () => {
      if (this.#isAcking || this.#isOver) return;
      this.#isAcking = true;
      // One answer for everything that one append made durable.
      queueMicrotask(() => {
        this.#isAcking = false;
        if (this.#isOver) return;
        if (call.failure !== undefined) return this.#fail(call.failure);
        if (!this.#stream.writableNeedDrain) this.#ack?.();
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
    const status = reportedStatus(error, this.#logger, this.#path, this.#requestId);
    const trailers = trailersFrom(status);
    const stream = this.#stream;
    if (stream.headersSent) {
      stream.removeAllListeners("wantTrailers");
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.end();
    } else if (!stream.destroyed) {
      stream.respond({ ...headers, ...trailers }, { endStream: true });
    }
    closeUnread(stream);
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
    this.#resume();
    this.#forgetCaller?.();
    this.#call.progress = undefined;
    this.#call.close();
    this.#messages.drop();
    this.#late.drop();
    this.#shared.slow.forget(this);
    this.#lease.leave();
  }
}

/**
 * Hands over chunks in the turn in which they arrive. A stream of Node keeps each chunk as an object
 * until its next turn; with thousands of streams, millions of these survive garbage collections, and
 * the process grows by gigabytes. So `push`, to which the session hands chunks, is replaced.
 */
function takeChunks(stream: ServerHttp2Stream, take: (chunk: Uint8Array) => boolean): void {
  // What came while the caller was looked for is in the stream already.
  for (let chunk: unknown = stream.read(); chunk instanceof Uint8Array; chunk = stream.read()) {
    take(chunk);
  }
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (!(chunk instanceof Uint8Array)) return push(chunk, encoding);
    return take(chunk);
  };
  stream.resume();
}

function trailersFrom(status: ConnectError): OutgoingHttpHeaders {
  const trailers = new Headers();
  setTrailerStatus(trailers, status);
  return Object.fromEntries(trailers);
}
