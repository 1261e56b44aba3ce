/**
 * Messages for connect-es, checked before it decodes them. It reads and decodes a message in one piece,
 * so its bytes are counted while they arrive, it is inflated off the event loop, and a message of a
 * million empty fields is refused before there is an object for each of them.
 */

import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Code, ConnectError } from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalHandlerFn,
  UniversalServerRequest,
} from "@connectrpc/connect/protocol";
import { joinInTurns } from "../core/budget/join.ts";
import type { Holding, Share } from "../core/budget/memory.ts";
import type { Turns } from "../core/budget/turn.ts";
import { Failure } from "../core/failure.ts";
import { checkFields } from "./message-fields.ts";
import { connectErrorFrom } from "./status.ts";
import { inflateError } from "./thin/inflate.ts";

export interface MessageBounds {
  /** The largest message taken, after inflating. */
  readonly messageBytesMax: number;
  /** The most fields, or values in JSON, that a message may have. */
  readonly fieldsMax: number;
  readonly receiving: Share;
  readonly turns: Turns;
}

/** How a request carries its messages. */
interface Form {
  readonly isJson: boolean;
  /** Whether each message has a head: flags and its length. */
  readonly hasHeads: boolean;
  /** The header that names the compression. */
  readonly encodingHeader: string;
}

const headBytes = 5;
const compressed = 1;
const inflate = promisify(gunzip);

/** The same handler, which is given no message past the bounds. */
export function withBoundedMessages(
  handler: UniversalHandler,
  bounds: MessageBounds,
): UniversalHandler {
  const serve: UniversalHandlerFn = (request) => handler(boundedRequest(request, handler, bounds));
  return Object.assign(serve, handler);
}

function boundedRequest(
  request: UniversalServerRequest,
  handler: UniversalHandler,
  bounds: MessageBounds,
): UniversalServerRequest {
  const { body } = request;
  const form = formOf(request.header.get("content-type") ?? "");
  // By GET a message is a part of the address, which has its own bound.
  if (form === undefined || request.method !== "POST" || !isIterable(body)) return request;
  const messages = new BoundedMessages(handler, form, request, bounds);
  const header = new Headers(request.header);
  if (!form.hasHeads && messages.isCompressed) {
    header.delete("content-encoding");
    header.delete("content-length");
  }
  return { ...request, header, body: messages.of(body) };
}

class BoundedMessages {
  readonly isCompressed: boolean;
  readonly #handler: UniversalHandler;
  readonly #form: Form;
  readonly #bounds: MessageBounds;
  readonly #signal: AbortSignal;

  constructor(
    handler: UniversalHandler,
    form: Form,
    { header, signal }: UniversalServerRequest,
    bounds: MessageBounds,
  ) {
    this.#handler = handler;
    this.#form = form;
    this.#bounds = bounds;
    this.#signal = signal;
    this.isCompressed = header.get(form.encodingHeader) === "gzip";
  }

  async *of(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const held = this.#bounds.receiving.hold();
    try {
      yield* this.#form.hasHeads ? this.#framed(body, held) : this.#single(body, held);
    } catch (error) {
      throw error instanceof Failure ? connectErrorFrom(error) : error;
    } finally {
      held[Symbol.dispose]();
    }
  }

  /** The body is one message. */
  async *#single(body: AsyncIterable<Uint8Array>, held: Holding): AsyncGenerator<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of body) {
      length += part.byteLength;
      this.#checkLength(length);
      held.take(part.byteLength);
      parts.push(part);
    }
    const bytes = await this.#joined(parts, length);
    const message = this.isCompressed ? await this.#inflated(bytes, held) : bytes;
    await this.#check(message);
    if (message.byteLength > 0) yield message;
  }

  /** Each message has a head. What is no message, or is cut short, is for connect-es to refuse. */
  async *#framed(body: AsyncIterable<Uint8Array>, held: Holding): AsyncGenerator<Uint8Array> {
    let parts: Uint8Array[] = [];
    let length = 0;
    let needed = headBytes;
    for await (const part of body) {
      held.take(part.byteLength);
      parts.push(part);
      length += part.byteLength;
      if (length < needed) continue;
      let rest = await this.#joined(parts, length);
      while (rest.byteLength >= (needed = this.#frameLength(rest))) {
        yield* await this.#frame(rest.subarray(0, needed), held);
        held.release(needed);
        rest = rest.subarray(needed);
      }
      parts = [rest];
      length = rest.byteLength;
    }
    if (length > 0) yield Buffer.concat(parts);
  }

  async #joined(parts: readonly Uint8Array[], length: number): Promise<Buffer> {
    const { buffer, byteOffset } = await joinInTurns(parts, length, this.#bounds.turns.open());
    return Buffer.from(buffer, byteOffset, length);
  }

  /** Bytes of the frame that begins here, as far as they are known. */
  #frameLength(bytes: Buffer): number {
    if (bytes.byteLength < headBytes) return headBytes;
    const length = bytes.readUInt32BE(1);
    this.#checkLength(length);
    return headBytes + length;
  }

  async #frame(frame: Buffer, held: Holding): Promise<readonly Uint8Array[]> {
    const flags = frame[0] ?? 0;
    const bytes = frame.subarray(headBytes);
    const isInflated = flags === compressed && this.isCompressed && bytes.byteLength > 0;
    if (flags !== 0 && !isInflated) return [frame];
    if (!isInflated) {
      await this.#check(bytes);
      return [frame];
    }
    const message = await this.#inflated(bytes, held);
    await this.#check(message);
    held.release(message.byteLength);
    const head = Buffer.alloc(headBytes);
    head.writeUInt32BE(message.byteLength, 1);
    return [head, message];
  }

  async #inflated(bytes: Buffer, held: Holding): Promise<Buffer> {
    if (bytes.byteLength === 0) return bytes;
    const { messageBytesMax } = this.#bounds;
    const message = await inflate(bytes, { maxOutputLength: messageBytesMax }).catch(
      (error: unknown) => {
        throw inflateError(error, () => tooLarge(messageBytesMax));
      },
    );
    held.take(message.byteLength);
    return message;
  }

  #checkLength(bytes: number): void {
    const { messageBytesMax } = this.#bounds;
    if (bytes > messageBytesMax) throw tooLarge(messageBytesMax);
  }

  async #check(message: Uint8Array): Promise<void> {
    const { fieldsMax, turns } = this.#bounds;
    const turn = turns.open(this.#signal);
    const desc = this.#form.isJson ? undefined : this.#handler.method.input;
    await checkFields(message, desc, fieldsMax, turn);
  }
}

const unary = /^application\/(proto|json)$/;
const connectStream = /^application\/connect\+(proto|json)$/;
const grpc = /^application\/grpc(?:-web)?(?:\+(proto|json))?$/;

/** Undefined: connect-es refuses the content type. */
function formOf(contentType: string): Form | undefined {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const isJson = type.endsWith("json");
  if (unary.test(type)) return { isJson, hasHeads: false, encodingHeader: "content-encoding" };
  if (connectStream.test(type)) {
    return { isJson, hasHeads: true, encodingHeader: "connect-content-encoding" };
  }
  return grpc.test(type) ? { isJson, hasHeads: true, encodingHeader: "grpc-encoding" } : undefined;
}

/** Without details, as connect-es reports it: the conformance suite expects none. */
function tooLarge(bytesMax: number): ConnectError {
  return new ConnectError(
    `Cannot take a message of more than ${bytesMax} bytes (SLUICE_BODY_BYTES_MAX)`,
    Code.ResourceExhausted,
  );
}

function isIterable(body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
