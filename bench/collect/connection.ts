/**
 * One HTTP/2 connection (RFC 9113) that costs its process next to nothing: on two cores the load
 * must not be what is measured. Frames are written as bytes that were encoded once, one write for
 * many; flow control is kept, as every client has to.
 */
import { connect, type Socket } from "node:net";
import { encodeFields, FieldDecoder } from "./hpack.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const headBytes = 9;
const frameBytesMax = 16_384;

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;
const INITIAL_WINDOW_SIZE = 4;

/** What the peer may send before it is told to go on. */
const windowBytes = 2 ** 30;

/** How a call ended; `code` is gRPC's. */
export interface CallEnd {
  readonly code: number;
  readonly message: string;
}

export interface ConnectionEvents {
  /** A part of an answer; the bytes are the socket's own. */
  data(stream: number, bytes: Buffer): void;
  ended(stream: number, end: CallEnd): void;
  /** There may be room again. */
  writable(): void;
  /** Before all calls ended: the peer left, or broke the protocol. */
  failed(why: string): void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #fields = new FieldDecoder();
  readonly #opened = Promise.withResolvers<void>();
  #rest: Buffer = Buffer.alloc(0);
  /** What may be sent on the whole connection, and on its first stream. */
  #window = 65_535;
  #streamWindow = 65_535;
  #initialWindow = 65_535;
  #received = 0;
  #isOver = false;

  constructor(host: string, port: number, events: ConnectionEvents) {
    this.#events = events;
    const socket = connect(port, host);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("connect", () => {
      socket.write(preface);
      const settings = Buffer.alloc(6);
      settings.writeUInt16BE(INITIAL_WINDOW_SIZE);
      settings.writeUInt32BE(windowBytes, 2);
      socket.write(frame(SETTINGS, 0, 0, settings));
      socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(windowBytes)));
    });
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("drain", () => events.writable());
    socket.on("error", (error) => this.#fail(error.message));
    socket.on("close", () => this.#fail("the connection was closed"));
  }

  /** Resolves once the peer has sent its settings. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Bytes of messages that may be sent now: on stream 1, or on streams of one small message each. */
  room(stream?: 1): number {
    if (this.#socket.writableNeedDrain) return 0;
    return stream === undefined ? this.#window : Math.min(this.#window, this.#streamWindow);
  }

  /** Frames as they are; `messageBytes` of them count against the windows. */
  write(frames: Uint8Array, messageBytes: number): void {
    this.#window -= messageBytes;
    this.#streamWindow -= messageBytes;
    this.#socket.write(frames);
  }

  close(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.close();
    this.#opened.reject(new Error(why));
    this.#events.failed(why);
  }

  #read(bytes: Buffer): void {
    const all = this.#rest.byteLength === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + headBytes <= all.byteLength) {
      const length = all.readUIntBE(at, 3);
      const to = at + headBytes + length;
      if (to > all.byteLength) break;
      const stream = all.readUInt32BE(at + 5) & 0x7fff_ffff;
      this.#take(all[at + 3] ?? 0, all[at + 4] ?? 0, stream, all.subarray(at + headBytes, to));
      if (this.#isOver) return;
      at = to;
    }
    this.#rest = all.subarray(at);
  }

  #take(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === DATA) {
      this.#consume(stream, payload.byteLength);
      this.#events.data(stream, payload);
    } else if (type === HEADERS) {
      const fields = this.#fields.decode(payload);
      if ((flags & END_STREAM) !== 0) this.#events.ended(stream, endFrom(fields));
    } else if (type === WINDOW_UPDATE) {
      const more = payload.readUInt32BE(0);
      if (stream === 0) this.#window += more;
      else if (stream === 1) this.#streamWindow += more;
      this.#events.writable();
    } else if (type === SETTINGS) {
      if ((flags & ACK) === 0) this.#settings(payload);
    } else if (type === PING) {
      if ((flags & ACK) === 0) this.#socket.write(frame(PING, ACK, 0, payload));
    } else if (type === RST_STREAM) {
      const code = payload.readUInt32BE(0);
      // A stream that ended is sometimes reset as well: nobody waits for it any more.
      if (code !== 0) this.#events.ended(stream, { code: 13, message: `reset with ${code}` });
    } else if (type === GOAWAY) this.#fail(`the peer went away with ${payload.readUInt32BE(4)}`);
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.byteLength; at += 6) {
      if (payload.readUInt16BE(at) !== INITIAL_WINDOW_SIZE) continue;
      const initial = payload.readUInt32BE(at + 2);
      this.#streamWindow += initial - this.#initialWindow;
      this.#initialWindow = initial;
    }
    this.#socket.write(frame(SETTINGS, ACK, 0));
    this.#opened.resolve();
    this.#events.writable();
  }

  /** What was received is given back by the half window. */
  #consume(stream: number, bytes: number): void {
    this.#received += bytes;
    if (this.#received < windowBytes / 2) return;
    for (const id of [0, stream]) {
      this.#socket.write(frame(WINDOW_UPDATE, 0, id, uint32(this.#received)));
    }
    this.#received = 0;
  }
}

/** The head of a gRPC call. */
export function callHead(path: string, authority: string): Buffer {
  return encodeFields([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", authority],
    ["content-type", "application/grpc+proto"],
    ["te", "trailers"],
  ]);
}

export function headersFrame(stream: number, head: Buffer): Buffer {
  return frame(HEADERS, END_HEADERS, stream, head);
}

/** A message, framed as gRPC does and cut where HTTP/2 wants it; `isLast` ends the stream. */
export function dataFrames(stream: number, message: Uint8Array, isLast: boolean): Buffer {
  const framed = Buffer.concat([Buffer.of(0), uint32(message.byteLength), message]);
  const frames: Buffer[] = [];
  for (let at = 0; at < framed.byteLength; at += frameBytesMax) {
    const part = framed.subarray(at, at + frameBytesMax);
    const ends = isLast && at + frameBytesMax >= framed.byteLength;
    frames.push(frame(DATA, ends ? END_STREAM : 0, stream, part));
  }
  return Buffer.concat(frames);
}

/** Ends a stream without a message. */
export function endFrame(stream: number): Buffer {
  return frame(DATA, END_STREAM, stream);
}

function frame(type: number, flags: number, stream: number, payload?: Uint8Array): Buffer {
  const bytes = Buffer.alloc(headBytes + (payload?.byteLength ?? 0));
  bytes.writeUIntBE(payload?.byteLength ?? 0, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  if (payload !== undefined) bytes.set(payload, headBytes);
  return bytes;
}

function endFrom(fields: ReadonlyMap<string, string>): CallEnd {
  const message = decodeURIComponent(fields.get("grpc-message") ?? "");
  return { code: Number(fields.get("grpc-status") ?? 2), message };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
