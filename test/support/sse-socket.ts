/**
 * Server-sent events over a plain socket: every byte as it arrives, reading that can be paused, and as
 * many concurrent streams as the machine has descriptors.
 */

import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { connect as connectTls } from "node:tls";
import { within } from "./until.ts";

export interface SseEvent {
  /** "message" unless the stream names another. */
  readonly event: string;
  /** The last event id as a browser keeps it. */
  readonly id: string;
  readonly data: string;
}

export interface SseOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM, for an https URL: whom to trust, and what to show. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Called for each event, which is then not kept for `next`; may close the stream. */
  readonly onEvent?: (event: SseEvent, stream: SseStream) => void;
}

/** An open request for a stream; the head of the answer has arrived once `openSse` resolves. */
export class SseStream {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The body as received, without chunk headers. */
  text = "";
  /** Last event id with which a browser would reconnect. */
  lastId = "";
  retryMs: number | undefined;
  comments = 0;
  /** Resolves when the connection is closed by either side. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #onEvent: SseOptions["onEvent"];
  readonly #events: SseEvent[] = [];
  readonly #decoder = new StringDecoder("utf8");
  #wake: () => void = () => {};
  #over = false;
  #chunks: Buffer = Buffer.alloc(0);
  #line = "";
  #data: string[] = [];
  #event = "";
  #id = "";

  constructor(socket: Socket, head: string, rest: Buffer, onEvent: SseOptions["onEvent"]) {
    const [first = "", ...lines] = head.split("\r\n");
    this.status = Number(first.split(" ")[1]);
    this.headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    this.#socket = socket;
    this.#onEvent = onEvent;
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        this.#over = true;
        this.#wake();
        resolve();
      });
    });
    socket.on("data", (data: Buffer) => this.#take(data));
    this.#take(rest);
  }

  /** The next event; undefined once the stream has ended. Throws after `msMax`. */
  async next(msMax = 5000): Promise<SseEvent | undefined> {
    const deadline = performance.now() + msMax;
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined || this.#over) return event;
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await within("an SSE event", Math.max(1, deadline - performance.now()), woken);
    }
  }

  /** The next `count` events. Throws if the stream ends before that, or after `msMax`. */
  async take(count: number, msMax = 5000): Promise<SseEvent[]> {
    const taken: SseEvent[] = [];
    const deadline = performance.now() + msMax;
    while (taken.length < count) {
      const event = await this.next(Math.max(1, deadline - performance.now()));
      if (event === undefined) {
        throw new Error(`The stream ended after ${taken.length} of ${count} events`);
      }
      taken.push(event);
    }
    return taken;
  }

  /** Cuts the connection; what has not been read is lost. */
  close(): void {
    this.#socket.destroy();
  }

  #take(data: Buffer): void {
    if (this.#socket.destroyed) return;
    if (this.headers.get("transfer-encoding") !== "chunked") return this.#body(data);
    this.#chunks = this.#chunks.byteLength === 0 ? data : Buffer.concat([this.#chunks, data]);
    for (;;) {
      const lineEnd = this.#chunks.indexOf("\r\n");
      if (lineEnd < 0) return;
      const size = Number.parseInt(this.#chunks.toString("latin1", 0, lineEnd), 16);
      const end = lineEnd + 2 + size;
      if (this.#chunks.byteLength < end + 2) return;
      this.#body(this.#chunks.subarray(lineEnd + 2, end));
      this.#chunks = this.#chunks.subarray(end + 2);
      if (size === 0) this.#socket.end();
    }
  }

  #body(data: Buffer): void {
    const text = this.#decoder.write(data);
    if (this.#onEvent === undefined) this.text += text;
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      this.#field(line);
      // The test closed the stream: the rest counts as unread.
      if (this.#socket.destroyed) return;
    }
  }

  #field(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) {
      this.comments++;
      return;
    }
    const value = line.slice(colon + 1).replace(/^ /, "");
    const name = colon < 0 ? line : line.slice(0, colon);
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "id") this.#id = value;
    else if (name === "retry") this.retryMs = Number(value);
  }

  #dispatch(): void {
    // As in a browser, only a complete block moves the id; one that is cut does not.
    this.lastId = this.#id;
    if (this.#data.length > 0) {
      const event = {
        event: this.#event || "message",
        id: this.lastId,
        data: this.#data.join("\n"),
      };
      if (this.#onEvent === undefined) this.#events.push(event);
      else this.#onEvent(event, this);
      this.#wake();
    }
    this.#data = [];
    this.#event = "";
  }
}

/** Resolves once the head of the answer has arrived; rejects without an answer. */
export function openSse(
  url: string,
  { headers = {}, onEvent, ...tls }: SseOptions = {},
): Promise<SseStream> {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  const lines = Object.entries({ host, accept: "text/event-stream", ...headers });
  const request = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new Promise((resolve, reject) => {
    const isTls = protocol === "https:";
    const address = { port: Number(port), host: hostname };
    const socket = isTls ? connectTls({ ...address, ...tls }) : connect(address);
    let received: Buffer = Buffer.alloc(0);
    const onData = (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", onData);
      resolve(
        new SseStream(
          socket,
          received.toString("latin1", 0, end),
          received.subarray(end + 4),
          onEvent,
        ),
      );
    };
    socket.on(isTls ? "secureConnect" : "connect", () =>
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${request}\r\n`),
    );
    socket.on("data", onData);
    // After the head it only means that the connection has ended, which `ended` reports.
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`No answer from ${url}`)));
  });
}
